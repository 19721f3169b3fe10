"""One network as the road meets it: tensor -> scores."""

import threading
from collections.abc import Sequence

import numpy as np

from models.deadline import Deadline
from models.engine import Answered, Elsewhere, Engine, Scores
from models.errors import EngineError
from models.labels import Label
from preprocessing.transform import Tensor


class Classifier:
    """An engine with what its scores are of. Thread-safe: the engine runs one image at a time.

    Where the engine is in another process, an image is begun, and its answer taken later: by one thread.
    """

    def __init__(self, engine: Engine, labels: Sequence[Label]) -> None:
        self.spec = engine.spec
        self.labels = labels
        self._engine = engine
        self._elsewhere = engine if isinstance(engine, Elsewhere) else None
        self._running = threading.Lock()

    def scores(self, tensor: Tensor, threads: int = 1) -> Scores:
        """Return softmax probabilities (classes,) float32 for a tensor (height, width, 3) float32, normalised.

        Raises: EngineError: the runtime failed, or gave what is no answer: that is never passed on.
        """
        with self._running:
            scores = self._engine.run(tensor[np.newaxis], threads=threads)
        return self._checked(scores[0] if len(scores) == 1 else scores)

    def begin(self, tensor: Tensor, until: Deadline) -> "Begun | None":
        """Hand the image to an engine elsewhere; None: it is here, and `scores` asks it.

        Raises: ModelUnavailable: it is away.  DeadlineExceeded: it had no room in time.  CallerGone: nobody waits.
        """
        if self._elsewhere is None:
            return None
        until.check()
        return Begun(self, self._elsewhere, self._elsewhere.begin(tensor, until))

    @property
    def is_elsewhere(self) -> bool:
        """Say whether the engine is in another process, which may not have the model yet."""
        return self._elsewhere is not None

    def is_refused(self) -> bool:
        """Say whether an engine elsewhere could not load the model."""
        return self._elsewhere is not None and self._elsewhere.is_refused()

    def why_not(self, patience_s: float = 0.0) -> str:
        """Return why nothing can be asked; empty where it can. Waits for *patience_s* at most until it can."""
        return self._elsewhere.why_not(patience_s) if self._elsewhere else ""

    def close(self) -> None:
        """Let go of the engine, when another has come in its place."""
        if self._elsewhere:
            self._elsewhere.close()

    def _checked(self, scores: Scores) -> Scores:
        if scores.shape != (len(self.labels),) or not np.isfinite(scores).all():
            raise EngineError(f"The engine gave scores of shape {scores.shape}, or not finite ones.")
        return scores


class Begun:
    """One image that an engine elsewhere has. To be taken, or dropped."""

    def __init__(self, classifier: Classifier, engine: Elsewhere, serial: int) -> None:
        self._classifier, self._engine, self._serial = classifier, engine, serial

    def take(self, until: Deadline) -> Answered:
        """Wait for its answer.  Raises: ModelError, as `Elsewhere.take` and `Classifier.scores`."""
        answered = self._engine.take(self._serial, until)
        self._classifier._checked(answered.scores)
        return answered

    def drop(self) -> None:
        """Say that nobody will take it."""
        self._engine.drop(self._serial)
