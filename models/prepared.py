"""The prepared models that a process serves: which build of each, under the settings MODELS and WEIGHTS."""

from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from models.bundled import POCKET
from models.catalog import CATALOG
from models.errors import ModelError, WeightsMissing
from models.manifest import Manifest, Precision
from models.plan import WeightsMode
from models.served import MakeEngine, ServedModel, load, verify
from models.store import Store


@dataclass(frozen=True, slots=True)
class PreparedModels:
    """*configured* are served from *store* as *mode* says, and the model in the box where none of them has weights."""

    store: Store
    configured: tuple[str, ...]
    mode: WeightsMode

    @property
    def names(self) -> tuple[str, ...]:
        """What is served, as it is prepared now."""
        return tuple(dict.fromkeys((*self.configured, *[POCKET] * self.is_pocket_needed())))

    def is_pocket_needed(self) -> bool:
        """Say whether the model in the box steps in: under `auto`, where nothing else in MODELS has weights."""
        if self.mode is not WeightsMode.AUTO:
            return False
        return not any(self._has(name) for name in self.configured if name != POCKET)

    def default(self, wanted: str) -> str:
        """Return the model for a request that names none: *wanted*, unless only the one in the box has weights."""
        return POCKET if self.is_pocket_needed() else wanted

    def spare(self) -> tuple[str, ...]:
        """Return the names that jobs of earlier may bear besides: the model in the box, where it ever stepped in."""
        stood_in = self.mode is WeightsMode.AUTO and self._has(POCKET)
        return (POCKET,) if stood_in and POCKET not in self.names else ()

    def available(self) -> tuple[str, ...]:
        """Return the names of those that can be loaded: what is served and has been prepared."""
        return tuple(name for name in self.names if self._has(name))

    def incomplete(self) -> bool:
        """Say whether a model that would be served has never been prepared."""
        if self.mode is WeightsMode.AUTO:  # decided: what has weights is served, the others answer weights_missing
            return not self.available() or (POCKET in self.names and not self._has(POCKET))
        return not all(self._has(name) for name in self.names)

    def _has(self, name: str) -> bool:
        return self.store.has(name, random=self._is_random(name))

    def _is_random(self, name: str) -> bool:
        return self.mode is WeightsMode.RANDOM and name in CATALOG  # others have their own whatever WEIGHTS says

    def load(self, name: str, precision: Precision | None, make_engine: MakeEngine, cores: int) -> ServedModel:
        """Load, warm and check one model.  Raises: ModelError."""
        read = partial(load, precision=precision, make_engine=make_engine, cores=cores)
        folder = self.folder(name)
        try:
            return read(folder)
        except ModelError:
            if self.folder(name) == folder:
                raise
            return read(self.folder(name))  # a new build was published under our feet

    def verify(self, name: str, make_engine: MakeEngine) -> Manifest:
        """Hash every file of a model and run all its known answers.  Raises: ModelError: something differs."""
        return verify(self.folder(name), make_engine=make_engine)

    def folders(self) -> dict[str, Path]:
        """Return where the builds of all models lie that are served; those without weights are left out."""
        found = {}
        for name in self.names:
            with suppress(WeightsMissing):
                found[name] = self.folder(name)
        return found

    def folder(self, name: str) -> Path:
        """Return where the build of a model lies that is served.  Raises: WeightsMissing."""
        random = self._is_random(name)
        if self.mode is WeightsMode.AUTO and name in CATALOG and not self.store.has(name, random=random):
            published = CATALOG[name].keras
            raise WeightsMissing(
                f"{name} has no weights. Get {published.url}, put it as {published.file_name} into WEIGHTS_DIR "
                "(or Keras's cache) and run `flask --app app models prepare`."
            )
        return self.store.folder(name, random=random)
