"""The whole road: uploads -> images -> tensors -> scores. Predict, batch, jobs and page take this one."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from models.classifier import Classifier
from models.cores import Cores
from models.deadline import Deadline
from models.decode_slots import DecodeSlots
from models.engine import Scores
from models.errors import ModelError
from preprocessing.decode import decode
from preprocessing.errors import ImageError
from preprocessing.sniff import sniff
from preprocessing.spec import InputSpec, Resize
from preprocessing.transform import Tensor, min_decode_side, transform


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What an upload may be: names from `preprocessing.sniff.FORMATS`, and pixels as the header announces them."""

    formats: tuple[str, ...] = ("jpeg", "png")
    max_pixels: int = 64_000_000


@dataclass(slots=True)
class Opinion:
    """What the networks say of one image: by network its scores (classes,), and where the time went (seconds)."""

    format: str
    decode_s: float
    queue_s: float
    scores: dict[str, Scores] = field(default_factory=dict)
    inference_s: dict[str, float] = field(default_factory=dict)


Outcome = Opinion | ImageError | ModelError


class _Decoded:
    """An image as tensors, one for each kind of input, and the opinion that is to be made of it."""

    def __init__(self, opinion: Opinion, tensors: Mapping[InputSpec, Tensor]) -> None:
        self.opinion = opinion
        self.tensors = tensors


class Road:
    """*limits* of what is decoded; *cores* and *slots* (for decoding large pictures) are shared with every process."""

    def __init__(self, limits: UploadLimits, cores: Cores, slots: DecodeSlots) -> None:
        self._limits = limits
        self._cores = cores
        self._slots = slots

    def classify(
        self,
        uploads: Sequence[bytes],
        networks: Mapping[str, Classifier],
        resize: Resize = Resize.CROP,
        deadline: Deadline | None = None,
    ) -> list[Outcome]:
        """Ask every one of *networks* about every one of *uploads*; each image is decoded once.

        Return for each upload, in their order, an Opinion, or the error that is in its place: one bad or late image
        spoils no other. All are decoded first.
        """
        until = deadline or Deadline()
        specs = tuple(dict.fromkeys(network.spec for network in networks.values()))
        decoded = [self._decode(upload, specs, resize, until) for upload in uploads]
        return [self._ask(each, networks, until) if isinstance(each, _Decoded) else each for each in decoded]

    def _decode(
        self, upload: bytes, specs: Sequence[InputSpec], resize: Resize, until: Deadline
    ) -> _Decoded | ImageError | ModelError:
        try:
            until.check()
            with self._cores.lease() as lease:
                until.check()
                start = time.monotonic()
                tensors = self._tensors(upload, specs, resize)
                opinion = Opinion(sniff(upload, self._limits.formats), time.monotonic() - start, lease.waited_s)
        except (ImageError, ModelError) as error:
            return error
        return _Decoded(opinion, tensors)

    def _tensors(self, upload: bytes, specs: Sequence[InputSpec], resize: Resize) -> dict[InputSpec, Tensor]:
        sides = [min_decode_side(spec, resize) for spec in specs]
        side = None if None in sides else max(each for each in sides if each is not None)
        image = decode(
            upload,
            formats=self._limits.formats,
            max_pixels=self._limits.max_pixels,
            min_side=side,
            heavy=self._slots.heavy,
        )
        return {spec: transform(image, spec, resize) for spec in specs}

    def _ask(self, image: _Decoded, networks: Mapping[str, Classifier], until: Deadline) -> Outcome:
        opinion = image.opinion
        try:
            for name, network in networks.items():
                with self._cores.lease() as lease:
                    until.check()
                    start = time.monotonic()
                    opinion.scores[name] = network.scores(image.tensors[network.spec], lease.grow())
                    opinion.inference_s[name] = time.monotonic() - start
                    opinion.queue_s += lease.waited_s
        except ModelError as error:
            return error
        return opinion
