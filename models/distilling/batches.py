"""Lessons -> what Keras trains on: batches of normalised crops and targets. Imports Keras: a child runs it."""

import math

import keras
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.distilling.lessons import Lessons
from preprocessing.spec import Normalisation
from preprocessing.transform import Tensor, normalise

_RATIO = math.log(4 / 3)  # of the crop's sides, either way
_LIGHT = 0.2  # brightness and contrast, either way

Learnt = tuple[Tensor, NDArray[np.float32]]


class Batches(keras.utils.PyDataset):  # type: ignore[misc]  # Keras is not typed
    """Batches (N, size, size, 3) and targets (N, 1 + classes): the label's column, then the teacher's logarithms.

    *chosen*: rows of the lessons. Drawn anew each epoch, cropped, mirrored and lit at random where *smallest_crop* (the
    least share of the area) is given; without it in their order, the centre of each.
    """

    def __init__(
        self,
        lessons: Lessons,
        chosen: NDArray[np.intp],
        size: int,
        normalisation: Normalisation,
        batch: int,
        *,
        smallest_crop: float | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(workers=1)
        self._lessons, self._chosen, self._order = lessons, chosen, chosen
        self._size, self._normalisation, self._batch = size, normalisation, batch
        self._smallest, self._seed = smallest_crop, seed
        self._epoch = -1
        self.begin(0)

    @property
    def classes(self) -> int:
        """How many of them there are to tell apart."""
        return len(self._lessons.record.labels)

    def begin(self, epoch: int) -> None:
        """Draw the order of an epoch: always the same of the same one, so that a course that resumes goes on alike."""
        if self._smallest is not None and epoch != self._epoch:
            self._epoch = epoch
            self._order = np.random.default_rng((self._seed, epoch)).permutation(self._chosen)

    def __len__(self) -> int:
        return math.ceil(len(self._order) / self._batch)

    def __getitem__(self, index: int) -> Learnt:
        rows = self._order[index * self._batch : (index + 1) * self._batch]
        lessons, size = self._lessons, self._size
        images = np.empty((len(rows), size, size, 3), np.uint8)
        rng = np.random.default_rng((self._seed, self._epoch + 1, index))
        for image, row in zip(images, rows, strict=True):
            image[:] = self._view(lessons.images[row], rng)
        targets = np.concatenate([lessons.truths[rows, None], lessons.teacher[rows]], axis=1, dtype=np.float32)
        return normalise(images, self._normalisation), targets

    def _view(self, square: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
        side, size = len(square), self._size
        if self._smallest is None:
            start = (side - size) // 2
            return square[start : start + size, start : start + size]
        area, ratio = rng.uniform(self._smallest, 1), math.exp(rng.uniform(-_RATIO, _RATIO))
        width, height = (min(side, side * math.sqrt(area * r)) for r in (ratio, 1 / ratio))
        left, top = rng.uniform(0, side - width), rng.uniform(0, side - height)
        seen = Image.fromarray(square).resize(
            (size, size), Image.Resampling.BILINEAR, box=(left, top, left + width, top + height)
        )
        view = np.asarray(seen)[:, :: rng.choice((-1, 1))]
        contrast, brightness = 1 + rng.uniform(-_LIGHT, _LIGHT), 255 * rng.uniform(-_LIGHT, _LIGHT) / 2
        lit: NDArray[np.uint8] = np.clip((view - np.float32(127.5)) * contrast + 127.5 + brightness, 0, 255).astype(
            np.uint8
        )
        return lit
