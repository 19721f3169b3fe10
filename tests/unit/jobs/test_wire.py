"""Questions and results as the ledger keeps them."""

import pytest

from jobs.job import Asked, Chunk, Result
from jobs.wire import pack_asked, pack_result, unpack_asked, unpack_result
from preprocessing.spec import Resize

QUESTIONS = [
    Asked(("resnet50",), is_compared=False, top=3, resize=Resize.CROP),
    Asked(("vgg16", "resnet50"), is_compared=True, top=10, resize=Resize.KERAS),
    Asked((), is_compared=True, top=1, resize=Resize.SQUASH),
]
RESULTS = [
    Result({"results": [{"class": "tench", "prob": 0.1 + 0.2, "id": "n01440764"}], "model": "resnet50"}),
    Result({}),
    Result(code="corrupt_image", detail='It is "broken": Größe 0\n'),
]


@pytest.mark.parametrize("asked", QUESTIONS)
def test_a_question_is_read_as_it_was_written(asked: Asked) -> None:
    assert unpack_asked(pack_asked(asked).encode()) == asked


@pytest.mark.parametrize("result", RESULTS)
def test_a_result_is_read_as_it_was_written(result: Result) -> None:
    assert unpack_result(pack_result(result).encode()) == result


def test_the_ledgers_name_of_a_chunk_is_read() -> None:
    assert Chunk.of(b"0123abcd:12") == Chunk("0123abcd", 12)
