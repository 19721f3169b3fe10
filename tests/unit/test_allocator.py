"""Freed memory is kept for the next picture."""

import subprocess
import sys

from tests.conftest import ROOT

_COUNT = """
import resource, sys
if sys.argv[1] == "kept":
    from allocator import keep_freed_memory
    keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def pictures():
    [bytearray(3 << 20) for _ in range(3)]
pictures()
before = faults()
for _ in range(5):
    pictures()
print(faults() - before)
"""


def faults(how: str) -> int:
    return int(subprocess.check_output([sys.executable, "-c", _COUNT, how], cwd=ROOT, text=True))


def test_memory_that_was_freed_is_not_fetched_from_the_kernel_again() -> None:
    assert faults("kept") < 1000 < faults("as it is")  # 5 x 9 MB are 11,520 pages
