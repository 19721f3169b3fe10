"""How long an image takes here, by model: from the latest answers of this process."""

from collections.abc import Iterable

from models.road import Opinion

_WEIGHT = 0.2  # of the newest in the running mean
_DECODE = ""  # the name under which decoding is kept


class Pace:
    """Running means, seconds. What was never seen takes no time: nobody is refused for what isn't known."""

    def __init__(self) -> None:
        self._means: dict[str, float] = {}

    def note(self, opinion: Opinion) -> None:
        """Take note of how long an image took, as far as it came."""
        decoded = [(_DECODE, opinion.decode_s)] if opinion.format else []
        for name, seconds in (*opinion.inference_s.items(), *decoded):
            mean = self._means.get(name, seconds)
            self._means[name] = mean + _WEIGHT * (seconds - mean)

    def expected_s(self, models: Iterable[str]) -> float:
        """Return how long one image is expected to take *models*."""
        return sum(self._means.get(name, 0.0) for name in (_DECODE, *models))
