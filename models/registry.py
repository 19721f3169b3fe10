"""The global registry: every configured model, loaded once a process, after the fork and before it accepts."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from models.errors import DeadlineExceeded, ModelError, ModelUnavailable, UnknownModel, WeightsMissing
from models.served import ServedModel

log = logging.getLogger(__name__)

# That an engine in another process is waited for: at a start, before callers are told that it is not there yet; and for
# a newer build, while the older one serves.
_START_S, RELOAD_S = 60.0, 300.0
_LOOK_EVERY_S, _AT_ONCE_S = 2.0, 1.0


class ModelState(Enum):
    """A model's life in this process."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"  # makes the process not ready
    WEIGHTS_MISSING = "weights_missing"  # WEIGHTS=auto decided to serve without it


@dataclass(frozen=True, slots=True)
class Entry:
    """One configured model: *model* is there from when it was loaded, *reason* while *state* says it can't answer."""

    state: ModelState
    model: ServedModel | None = None
    reason: str = ""


Load = Callable[[str], ServedModel]


class Registry:
    """Name -> model. `start` loads; until then every model is LOADING.

    *spare*: those that may be asked for and need not be there: one that can't be loaded is as if it had no name.
    """

    def __init__(self, names: Iterable[str], load: Load, spare: Iterable[str] = ()) -> None:
        self._load = load
        self._entries = {name: Entry(ModelState.LOADING) for name in names}
        self._spare = tuple(spare)
        self._untested: set[str] = set()  # whose engine was not there yet
        self._look_at = 0.0

    def start(self, patience_s: float = _START_S) -> None:
        """Load every model. One that can't be loaded becomes FAILED and says why; the others serve.

        An engine in another process is waited for, for *patience_s* at most.
        """
        give_up = time.monotonic() + patience_s
        for name in self._entries:
            self._entries[name] = self._outcome(name, self._loaded)
        for name in self._spare:
            entry = self._outcome(name, self._loaded)
            if entry.state is ModelState.READY:
                self._entries[name] = entry
        for name, entry in self._entries.items():
            reason = entry.model.classifier.why_not(max(0.0, give_up - time.monotonic())) if entry.model else ""
            if reason:
                log.warning("%s is not there yet: %s", name, reason)
                self._untested.add(name)
            elif entry.model and entry.model.classifier.is_elsewhere:
                self.self_test(name)

    def due(self) -> bool:
        """Say whether there are models to look after."""
        elsewhere = (entry.model and entry.model.classifier.is_elsewhere for entry in self._entries.values())
        return time.monotonic() >= self._look_at and any(elsewhere)

    def look_after(self) -> dict[str, Entry]:
        """See, once that is due, what became of models whose engine is elsewhere. Return what is new of them.

        One that has come gives its known answer. One that was refused is loaded anew: a newer build may have taken the
        place of what its engine, another one by now, was asked for.
        """
        self._look_at = time.monotonic() + _LOOK_EVERY_S
        found = {}
        for name, entry in self._entries.items():
            network = entry.model.classifier if entry.model else None
            if network and name in self._untested and not network.why_not():
                self._untested.discard(name)
                self.self_test(name)
                found[name] = self._entries[name]
            elif network and network.is_refused() and not self.reload(name, _AT_ONCE_S):
                self._untested.discard(name)
                found[name] = self._entries[name]
        return found

    def self_test(self, name: str) -> bool:
        """Let a loaded model give its known answer again. One that can't becomes FAILED, and READY when it can.

        Return whether it could.
        """
        before = self._entries[name].state
        model = self._entries[name].model
        if model and model.classifier.why_not():
            return before is ModelState.READY  # `entries` tells that its engine is away
        self._entries[name] = entry = self._outcome(name, self._tested)
        if before is not ModelState.READY and entry.state is ModelState.READY:
            log.info("%s passed its self-test: it is ready again", name)
        return entry.state is ModelState.READY

    def reload(self, name: str, patience_s: float = RELOAD_S) -> str:
        """Load a model anew and put it in the place of the one that there is; return why not, if so: that one stays.

        An engine elsewhere is waited for, for *patience_s* at most.
        """
        before, entry = self._entries[name], self._outcome(name, self._loaded)
        reason = entry.reason or (_objection(entry.model, patience_s) if entry.model else "")
        is_taken = entry.state is ModelState.READY and not reason
        stays, leaves = (entry, before) if is_taken else (before, entry)
        self._entries[name] = stays
        if leaves.model and leaves.model is not stays.model:
            leaves.model.classifier.close()
        return reason

    def _outcome(self, name: str, attempt: Callable[[str], ServedModel]) -> Entry:
        """Return the entry that says how *attempt* went; it keeps the model that there was."""
        before = self._entries.get(name, Entry(ModelState.LOADING)).model
        is_test = attempt == self._tested
        happened, when = (
            ("failed its self-test", "in its self-test") if is_test else ("could not be loaded", "while loading")
        )
        try:
            return Entry(ModelState.READY, attempt(name))
        except WeightsMissing as error:
            log.warning("%s is not served: %s", name, error)
            return Entry(ModelState.WEIGHTS_MISSING, reason=str(error))
        except ModelError as error:
            log.error("%s %s: %s", name, happened, error, exc_info=error.__cause__)
            return Entry(ModelState.FAILED, before, str(error))
        except Exception as error:  # whatever else a damaged artifact provokes must not restart the worker for ever
            log.exception("%s %s", name, happened)
            return Entry(ModelState.FAILED, before, f"{type(error).__name__} {when}")

    def _loaded(self, name: str) -> ServedModel:
        start = time.monotonic()
        model = self._load(name)
        log.info(
            "%s ready in %.2f s: %s, %s weights, version %s",
            name, time.monotonic() - start, model.precision, model.weights, model.version,
        )  # fmt: skip
        return model

    def _tested(self, name: str) -> ServedModel:
        model = self._entries[name].model
        if model is None:
            raise ModelUnavailable(f"{name} is not loaded")
        try:
            model.self_test()
        except (ModelUnavailable, DeadlineExceeded) as error:  # its engine has just gone, or has no time for a test
            if self._entries[name].state is not ModelState.READY:
                raise
            log.warning("%s was not asked for its known answer: %s", name, error)
        return model

    @property
    def entries(self) -> dict[str, Entry]:
        """Every configured model as it is now, in the configured order."""
        return {name: _now(entry) for name, entry in self._entries.items()}

    def failures(self) -> dict[str, Entry]:
        """Return what keeps this process from being ready: models that are still loading or FAILED."""
        return {name: e for name, e in self.entries.items() if e.state in (ModelState.LOADING, ModelState.FAILED)}

    def with_weights(self) -> tuple[str, ...]:
        """Return the names of those that `all` means: every configured model that WEIGHTS=auto did not leave out."""
        return tuple(name for name, e in self._entries.items() if e.state is not ModelState.WEIGHTS_MISSING)

    def get(self, name: str) -> ServedModel:
        """Return a model that can answer.

        Raises: UnknownModel: not configured.  WeightsMissing, ModelUnavailable: configured, and can't answer now.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise UnknownModel(f"Known models: {', '.join(self._entries)}.")
        if entry.model is None or entry.state is not ModelState.READY:
            if entry.state is ModelState.WEIGHTS_MISSING:
                raise WeightsMissing(entry.reason)
            raise ModelUnavailable(f"{name} is {entry.state.value}.")
        return entry.model


def _now(entry: Entry) -> Entry:
    """Return what a model that was loaded is now: its engine may be away."""
    reason = entry.model.classifier.why_not() if entry.model and entry.state is ModelState.READY else ""
    return Entry(ModelState.LOADING, entry.model, reason) if reason else entry


def _objection(model: ServedModel, patience_s: float) -> str:
    """Return why a model whose engine is elsewhere can't be served; empty where it can."""
    if not model.classifier.is_elsewhere:
        return ""  # tested when it was loaded
    try:
        if not (reason := model.classifier.why_not(patience_s)):
            model.self_test()
    except ModelError as error:
        return str(error)
    return reason
