"""The global registry: every configured model, loaded once a process, after the fork and before it accepts."""

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from functools import partial

from models.attempt import attempt
from models.errors import DeadlineExceeded, ModelError, ModelUnavailable, UnknownModel, WeightsMissing
from models.served import ServedModel

log = logging.getLogger(__name__)

# That an engine in another process is waited for: at a start, before callers are told that it is not there yet; and for
# a newer build, while the older one serves.
_START_S, RELOAD_S = 60.0, 300.0
_NO_TIME = (ModelUnavailable, DeadlineExceeded)  # an engine elsewhere that has just gone, or has none for a test


class ModelState(Enum):
    """A model's life in this process."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"  # makes the process not ready
    WEIGHTS_MISSING = "weights_missing"  # WEIGHTS=auto decided to serve without it


_UNTESTED = "it has still to give its known answer"


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
        self._untested: set[str] = set()

    def start(self, patience_s: float = _START_S) -> None:
        """Load every model. One that can't be loaded becomes FAILED and says why; the others serve.

        An engine in another process is waited for, for *patience_s* at most.
        """
        give_up = time.monotonic() + patience_s
        for name in self._entries:
            self._entries[name] = self._loaded(name)
        for name in self._spare:
            entry = self._loaded(name)
            if entry.state is ModelState.READY:
                self._entries[name] = entry
        for name, entry in self._entries.items():
            if entry.model and entry.model.classifier.is_elsewhere:
                self._untested.add(name)
                if reason := entry.model.classifier.why_not(max(0.0, give_up - time.monotonic())):
                    log.warning("%s is not there yet: %s", name, reason)
                else:
                    self.self_test(name)

    def model(self, name: str) -> ServedModel | None:
        """Return a model that was loaded, whether or not it can answer now."""
        return self._entries[name].model

    def loaded(self) -> list[str]:
        """Return the names of the models that were loaded, as `model`."""
        return [name for name, each in self._entries.items() if each.model]

    def elsewhere(self) -> list[str]:
        """Return the names of the models whose engine is in another process."""
        return [name for name, each in self._entries.items() if each.model and each.model.classifier.is_elsewhere]

    def is_untested(self, name: str) -> bool:
        """Say whether the engine of a loaded model has still to give its known answer: it is elsewhere."""
        return name in self._untested

    def self_test(self, name: str) -> bool | None:
        """Let a loaded model give its known answer again. One that can't becomes FAILED, and READY when it can.

        Return whether it could; None: its engine, elsewhere, is away or too busy, and was not asked.
        """
        before = self._entries[name]
        if before.model is None:
            return False
        if before.model.classifier.why_not():
            return None  # as `entries` tells
        try:
            reason = _fault(name, before.model, _NO_TIME)
        except _NO_TIME as error:
            log.warning("%s was not asked for its known answer: %s", name, error)
            return None
        self._untested.discard(name)
        self._entries[name] = Entry(ModelState.FAILED if reason else ModelState.READY, before.model, reason)
        if before.state is not ModelState.READY and not reason:
            log.info("%s passed its self-test: it is ready again", name)
        return not reason

    def reload(self, name: str, patience_s: float = RELOAD_S) -> str:
        """Load a model anew and put it in the place of the one that there is; return why not, if so: that one stays.

        An engine elsewhere is waited for, for *patience_s* at most.
        """
        before, entry = self._entries[name], self._loaded(name)
        reason = entry.reason or (_objection(name, entry.model, patience_s) if entry.model else "")
        is_taken = entry.state is ModelState.READY and not reason
        stays, leaves = (entry, before) if is_taken else (before, entry)
        self._entries[name] = stays
        if is_taken:
            self._untested.discard(name)
        if leaves.model and leaves.model is not stays.model:
            leaves.model.classifier.close()
        return reason

    def renew(self, name: str) -> None:
        """Load a model anew, whatever that takes, in the place of one that its engine, elsewhere, refuses."""
        before, entry = self._entries[name].model, self._loaded(name)
        if before and entry.state is ModelState.READY:
            self._entries[name] = entry
            before.classifier.close()
            if entry.model and entry.model.classifier.is_elsewhere:
                self._untested.add(name)

    def _loaded(self, name: str) -> Entry:
        """Return the entry that says how loading went; it keeps the model that there was."""
        start, before = time.monotonic(), self._entries.get(name, Entry(ModelState.LOADING)).model
        try:
            model, reason = attempt(
                partial(self._load, name), log, f"{name} could not be loaded", "while loading", (WeightsMissing,)
            )
        except WeightsMissing as error:
            log.warning("%s is not served: %s", name, error)
            return Entry(ModelState.WEIGHTS_MISSING, reason=str(error))
        if model is None:
            return Entry(ModelState.FAILED, before, reason)
        log.info(
            "%s %s in %.2f s: %s, %s weights, version %s",
            name, "asked for" if model.classifier.is_elsewhere else "ready", time.monotonic() - start,
            model.precision, model.weights, model.version,
        )  # fmt: skip
        return Entry(ModelState.READY, model)

    def _now(self, name: str, entry: Entry) -> Entry:
        """Return what a model that was loaded is now: its engine may be away, or has not given its known answer yet."""
        if entry.model is None or entry.state is not ModelState.READY:
            return entry
        reason = entry.model.classifier.why_not() or ("" if name not in self._untested else _UNTESTED)
        return Entry(ModelState.LOADING, entry.model, reason) if reason else entry

    @property
    def entries(self) -> dict[str, Entry]:
        """Every configured model as it is now, in the configured order."""
        return {name: self._now(name, entry) for name, entry in self._entries.items()}

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


def _objection(name: str, model: ServedModel, patience_s: float) -> str:
    """Return why a model whose engine is elsewhere can't be served; empty where it can."""
    if not model.classifier.is_elsewhere:
        return ""  # tested when it was loaded
    return model.classifier.why_not(patience_s) or _fault(name, model)


def _fault(name: str, model: ServedModel, but: tuple[type[ModelError], ...] = ()) -> str:
    """Return why a model does not give its known answer; empty where it does.  Raises: those of *but*."""
    return attempt(model.self_test, log, f"{name} failed its self-test", "in its self-test", but)[1]
