"""What one contestant answered with one resize: of each photo only what the figures need, some 30 bytes."""

from array import array
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.contestants import Contestant
from models.engine import Scores
from models.top_k import rank
from preprocessing.spec import Resize

KEPT = 5  # classes a photo


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Row i belongs to photo i of the evaluation."""

    contestant: Contestant
    resize: Resize
    _ids: "array[int]" = field(default_factory=lambda: array("i"))
    _probs: "array[float]" = field(default_factory=lambda: array("f"))
    _decode_s: "array[float]" = field(default_factory=lambda: array("f"))
    _inference_s: "array[float]" = field(default_factory=lambda: array("f"))

    def add(self, scores: Scores, decode_s: float, inference_s: float) -> None:
        """Note the answer to the next photo: its scores (classes,) and what they took."""
        best = rank(scores, KEPT)
        self._ids.extend([*best.tolist(), *[-1] * (KEPT - len(best))])  # -1: a network with fewer classes than we keep
        self._probs.append(float(scores[best[0]]))
        self._decode_s.append(decode_s)
        self._inference_s.append(inference_s)

    @property
    def top(self) -> NDArray[np.int32]:
        """The likeliest classes (photos, KEPT), best first."""
        return np.array(self._ids, np.int32).reshape(-1, KEPT)

    @property
    def probs(self) -> NDArray[np.float32]:
        """The probability of the likeliest (photos,)."""
        return np.array(self._probs, np.float32)

    @property
    def decode_ms(self) -> NDArray[np.float32]:
        """Milliseconds of upload -> tensor (photos,)."""
        return np.array(self._decode_s, np.float32) * 1000

    @property
    def inference_ms(self) -> NDArray[np.float32]:
        """Milliseconds of tensor -> scores (photos,); for an ensemble the sum of its members'."""
        return np.array(self._inference_s, np.float32) * 1000
