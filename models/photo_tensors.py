"""One photo as every network wants it: decoded once for each size, transformed once for each input and resize."""

import time
from collections.abc import Iterable

from models.road import UploadLimits
from preprocessing.decode import RgbImage, decode
from preprocessing.spec import InputSpec, Resize
from preprocessing.transform import Tensor, min_decode_side, transform


class PhotoTensors:
    """The tensors of one upload, and the seconds that each took."""

    def __init__(
        self, upload: bytes, limits: UploadLimits, specs: Iterable[InputSpec], resizes: Iterable[Resize]
    ) -> None:
        """Raises: ImageError: the upload is at fault."""
        self._tensors: dict[tuple[InputSpec, Resize], Tensor] = {}
        self._decode_s: dict[int | None, float] = {}
        self._transform_s: dict[tuple[InputSpec, Resize], float] = {}
        wanted = [(spec, resize) for spec in dict.fromkeys(specs) for resize in resizes]
        for side in dict.fromkeys(min_decode_side(*pair) for pair in wanted):  # one image in memory at a time
            start = time.monotonic()
            image = decode(upload, formats=limits.formats, max_pixels=limits.max_pixels, min_side=side)
            self._decode_s[side] = time.monotonic() - start
            for pair in wanted:
                if min_decode_side(*pair) == side:
                    self._transform(image, pair)

    def _transform(self, image: RgbImage, pair: tuple[InputSpec, Resize]) -> None:
        start = time.monotonic()
        self._tensors[pair] = transform(image, *pair)
        self._transform_s[pair] = time.monotonic() - start

    def get(self, spec: InputSpec, resize: Resize) -> Tensor:
        """Return the tensor (spec.height, spec.width, 3) float32."""
        return self._tensors[spec, resize]

    def seconds(self, specs: Iterable[InputSpec], resize: Resize) -> float:
        """Return how long upload -> tensors takes where just these are wanted: nothing is done twice."""
        pairs = [(spec, resize) for spec in dict.fromkeys(specs)]
        sides = {min_decode_side(*pair) for pair in pairs}
        return sum(self._decode_s[side] for side in sides) + sum(self._transform_s[pair] for pair in pairs)
