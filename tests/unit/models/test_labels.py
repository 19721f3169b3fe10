from pathlib import Path

import pytest

from models.errors import PrepareError
from models.labels import Label, read_labels


def test_a_class_a_line_with_or_without_an_id(tmp_path: Path) -> None:
    file = tmp_path / "labels.txt"
    file.write_text("\ufeffash\nn01\tdate palm\n", encoding="utf-8")
    assert read_labels(file) == (Label("ash", "ash"), Label("n01", "date palm"))


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"a\n\nb\n", "line 2: no class"), (b"a\t\n", "line 1: no class"), (b"a\nb\na\n", "a is there twice"),
     (b"\xff\xfe\x00", "can't be read")],
)  # fmt: skip
def test_what_is_no_list_of_classes_says_where(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "labels.txt"
    file.write_bytes(content)
    with pytest.raises(PrepareError, match=says):
        read_labels(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PrepareError, match="nowhere"):
        read_labels(tmp_path / "nowhere")
