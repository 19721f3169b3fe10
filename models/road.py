"""The whole road: uploads -> images -> tensors -> scores. Predict, batch, jobs and page take this one."""

import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from models.classifier import Begun, Classifier
from models.cores import Cores
from models.deadline import Deadline
from models.decode_slots import DecodeSlots, NoSlotFree
from models.engine import Scores
from models.errors import ModelError
from preprocessing.decode import decode
from preprocessing.errors import ImageError, TooManyPixels
from preprocessing.sniff import sniff
from preprocessing.spec import InputSpec, Resize
from preprocessing.transform import Tensor, min_decode_side, transform

Heavy = Callable[[], AbstractContextManager[object]]
_JUST_NOW_S = 0.001  # what was asked so lately, of the clock and the caller, is not asked again


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What an upload may be: names from `preprocessing.sniff.FORMATS`, and pixels as the header announces them."""

    formats: tuple[str, ...] = ("jpeg", "png")
    max_pixels: int = 64_000_000


@dataclass(slots=True)
class Opinion:
    """What became of one image: by network its scores (classes,), or the *error* in their place.

    *format*: of what was decoded. Where the time went, seconds, is told of those that failed too.
    """

    format: str = ""
    decode_s: float = 0.0
    queue_s: float = 0.0
    scores: dict[str, Scores] = field(default_factory=dict)
    inference_s: dict[str, float] = field(default_factory=dict)
    error: ImageError | ModelError | None = None


class _Wanted(NamedTuple):
    """What `classify` was asked for: tensors for *specs*, one for each kind of input."""

    specs: tuple[InputSpec, ...]
    resize: Resize
    until: Deadline


Tensors = Mapping[InputSpec, Tensor]


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
    ) -> list[Opinion]:
        """Ask every one of *networks* about every one of *uploads*; each image is decoded once.

        Return an Opinion for each upload, in their order: one bad or late image spoils no other. All are decoded first;
        an engine in another process has those that are, meanwhile.
        """
        specs = tuple(dict.fromkeys(network.spec for network in networks.values()))
        wanted = _Wanted(specs, resize, deadline or Deadline())
        opinions = [Opinion() for _ in uploads]
        asked = [self._begin(*each, networks, wanted) for each in zip(uploads, opinions, strict=True)]
        for opinion, each in zip(opinions, asked, strict=True):
            if each is not None:
                self._ask(opinion, each, networks, wanted.until)
        return opinions

    def _begin(
        self, upload: bytes, opinion: Opinion, networks: Mapping[str, Classifier], wanted: _Wanted
    ) -> "_Asked | None":
        """Decode one upload, and hand it to the networks that run elsewhere; None: *opinion* has the error."""
        tensors = self._decode(upload, opinion, wanted)
        if tensors is None:
            return None
        asked = _Asked(tensors, {})
        try:
            for name, network in networks.items():
                if begun := network.begin(tensors[network.spec], wanted.until):
                    asked.begun[name] = begun
        except ModelError as error:
            opinion.error = error
            asked.drop()
            return None
        return asked

    def _decode(self, upload: bytes, opinion: Opinion, wanted: _Wanted) -> Tensors | None:
        """Return the tensors of one upload; None: *opinion* has the error."""
        try:
            wanted.until.check()
            kind = sniff(upload, self._limits.formats)
            tensors = self._tensors(upload, opinion, wanted)
        except (ImageError, ModelError) as error:
            opinion.error = _without_frames(error)
            return None
        opinion.format = kind
        return tensors

    def _tensors(self, upload: bytes, opinion: Opinion, wanted: _Wanted) -> Tensors:
        # A slot is held until the tensors are made: a whole image takes memory after its decode too.
        with suppress(NoSlotFree), ExitStack() as slot:
            return self._in_a_core(upload, opinion, wanted, lambda: _kept(slot, self._slots.heavy()))
        with ExitStack() as slot:  # no core is held meanwhile; the header is read once more
            start = time.monotonic()
            try:
                slot.enter_context(self._slots.waited_for(wanted.until))
            finally:
                opinion.queue_s += time.monotonic() - start
            return self._in_a_core(upload, opinion, wanted, nullcontext)

    def _in_a_core(self, upload: bytes, opinion: Opinion, wanted: _Wanted, heavy: Heavy) -> Tensors:
        sides = [min_decode_side(spec, wanted.resize) for spec in wanted.specs]
        side = None if None in sides else max(each for each in sides if each is not None)
        with self._cores.lease() as lease:
            opinion.queue_s += lease.waited_s
            if lease.waited_s > _JUST_NOW_S:
                wanted.until.check()
            start = time.monotonic()
            try:
                image = decode(
                    upload,
                    formats=self._limits.formats,
                    max_pixels=self._limits.max_pixels,
                    min_side=side,
                    heavy=heavy,
                )
                return {spec: transform(image, spec, wanted.resize) for spec in wanted.specs}
            except MemoryError:
                raise TooManyPixels("The image is too large for the memory at hand.") from None
            except (OSError, ValueError) as error:  # of an image that was decoded: ours, and no other image's
                raise ModelError("a decoded image could not be made a tensor") from error
            finally:
                opinion.decode_s += time.monotonic() - start

    def _ask(self, opinion: Opinion, asked: "_Asked", networks: Mapping[str, Classifier], until: Deadline) -> None:
        try:
            for name, network in networks.items():
                if begun := asked.begun.pop(name, None):
                    opinion.scores[name], waited_s, opinion.inference_s[name] = begun.take(until)
                    opinion.queue_s += waited_s
                    continue
                with self._cores.lease() as lease:
                    opinion.queue_s += lease.waited_s
                    until.check()
                    start = time.monotonic()
                    opinion.scores[name] = network.scores(asked.tensors[network.spec], lease.grow())
                    opinion.inference_s[name] = time.monotonic() - start
        except ModelError as error:
            opinion.error = error
            asked.drop()


class _Asked(NamedTuple):
    """The tensors of one image, and what was *begun* elsewhere, by network."""

    tensors: Tensors
    begun: dict[str, Begun]

    def drop(self) -> None:
        """Let go of what nobody will take any more."""
        for begun in self.begun.values():
            begun.drop()


def _without_frames(error: ImageError | ModelError) -> ImageError | ModelError:
    """Return it without the frames that would keep a decoded picture in memory until the answer is sent.

    What we are at fault for keeps their lines as a note.
    """
    if isinstance(error, ModelError) and error.__cause__:
        error.add_note("".join(traceback.format_exception(error.__cause__)))
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error


def _kept(stack: ExitStack, entered: AbstractContextManager[object]) -> AbstractContextManager[object]:
    """Enter a context until the end of *stack*; return one that does nothing more."""
    stack.enter_context(entered)
    return nullcontext()
