"""Tries candidates: starts the service in each configuration, loads it, and stops it."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from cli.load.exchange import Request
from cli.load.loops import closed_loop, open_loop
from cli.load.tally import Tally
from cli.service_process import ServiceFailed
from cli.tuning.candidate import Candidate
from cli.tuning.trial import Point, Trial, goes_on, levels

_WARM_S = 1.0
_RAMP = 1 / 3  # of a run's seconds, a second at most: until what is under way is steady

Start = Callable[[Candidate], AbstractContextManager[str]]
Load = Callable[[Sequence[Request], int, float, float], Tally]  # requests, connections, seconds, ramp: `closed_loop`


@dataclass(frozen=True, slots=True)
class Tuning:
    """*start* lends the address of a service in a configuration; each figure takes *seconds*.

    *say* is told what happens; *load* is replaced in tests.
    """

    start: Start
    seconds: float
    say: Callable[[str], None]
    load: Load = closed_loop

    def accepted(self, url: str, photos: Sequence[Path]) -> list[Path]:
        """Return those of *photos* that the service at *url* answers."""
        requests = zip(photos, _requests(url, photos), strict=True)
        return [photo for photo, request in requests if open_loop(request, [0.0], seconds=1).ok]

    def lone_ms(self, url: str, photos: Sequence[Path]) -> float:
        """Return the median of a lone request, milliseconds.  Raises: ServiceFailed: none is answered."""
        requests = _requests(url, photos)
        self.load(requests, 2, _WARM_S, 0)
        tally = self.load(requests, 1, self.seconds, self._ramp_s)
        if not tally.ok:
            raise ServiceFailed("the default configuration answers nothing")
        return median(tally.ok) * 1e3

    def trial(self, candidate: Candidate, photos: Sequence[Path], p99_ms: float) -> Trial:
        """Load a candidate with more and more connections while that can show a better rate under the target."""
        points: list[Point] = []
        try:
            with self.start(candidate) as url:
                requests = _requests(url, photos)
                self.load(requests, 2 * candidate.workers, _WARM_S, 0)
                for connections in levels(candidate.workers):
                    self.say(f"{candidate}: {connections} connections")
                    points.append(self._point(requests, connections, p99_ms))
                    if not goes_on(points, p99_ms):
                        break
        except ServiceFailed as error:
            return Trial(candidate, (), str(error))
        return Trial(candidate, tuple(points))

    def _point(self, requests: Sequence[Request], connections: int, p99_ms: float) -> Point:
        """Measure; once more where only the target is missed: of a hundred answers one hiccup is the percentile."""
        point = Point.of(connections, self.load(requests, connections, self.seconds, self._ramp_s))
        if point.failed or point.meets(p99_ms):
            return point
        again = Point.of(connections, self.load(requests, connections, self.seconds, self._ramp_s))
        return again if again.meets(p99_ms) else point

    @property
    def _ramp_s(self) -> float:
        return min(1.0, _RAMP * self.seconds)


def _requests(url: str, photos: Sequence[Path]) -> list[Request]:
    return [Request.upload(f"{url}/predict", photo.read_bytes()) for photo in photos]
