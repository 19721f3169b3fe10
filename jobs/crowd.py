"""How many chunks are open, and what share of the cores one of them may take."""


class Crowd:
    """Of one worker process among *processes* on *cores*."""

    def __init__(self, cores: int, processes: int) -> None:
        self._cores = cores
        self._processes = processes
        self._open = 1

    def note(self, open_chunks: int) -> None:
        """Take note of how many chunks of all jobs are open now."""
        self._open = max(1, open_chunks)

    def fair_share(self) -> int:
        """Return how many cores one image may take: all where its chunk is alone, else its share."""
        return max(1, self._cores // min(self._open, self._processes))
