"""The command: what it refuses, and what it does on a machine that only serves."""

import sys
from pathlib import Path

import pytest
from click.testing import Result

from app import create_app
from cli.evaluation.command import write_files
from config import Settings
from models.road import UploadLimits
from tests.pictures import encode, photo_like
from tests.unit.cli.evaluation.reports import report


def evaluate(root: Path, *arguments: str) -> Result:
    settings = Settings(models=("resnet50", "vgg16"), cache_dir=root / "cache")
    return create_app(settings).test_cli_runner().invoke(args=["models", "evaluate", *arguments])


def photo(path: Path) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(encode(photo_like(20, 20), "PNG"))


def test_a_folder_without_photos_and_one_without_labels_are_refused(tmp_path: Path) -> None:
    assert "is no folder" in evaluate(tmp_path, str(tmp_path / "absent")).output
    photo(tmp_path / "photos/1.png")
    result = evaluate(tmp_path, str(tmp_path / "photos"))
    assert result.exit_code == 1
    assert "none of 1 photos tells its label; name the files <wnid>_anything.jpeg" in result.output


def test_a_model_that_is_not_prepared_is_named(tmp_path: Path) -> None:
    photo(tmp_path / "photos/n02099601_1.png")
    result = evaluate(tmp_path, str(tmp_path / "photos"), "--model", "VGG16")
    assert result.exit_code == 1
    assert "vgg16: not prepared; run `flask --app app models prepare`" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model", "mobilenetv2"), "not in MODELS: mobilenetv2; MODELS is resnet50,vgg16"),
        (("--resize", "stretch"), "'stretch' is not one of"),
        (("--limit", "0"), "0 is not in the range"),
        (("--csv", "/absent/e.csv"), "there is no folder /absent"),
        (("--html", "/absent/e.html"), "there is no folder /absent"),
    ],
)
def test_what_can_not_be_done_is_refused_before_anything_is_loaded(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    result = evaluate(tmp_path, str(tmp_path), *arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_without_matplotlib_the_csv_still_comes_and_the_page_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("page", "plots", "marks"):
        monkeypatch.delitem(sys.modules, f"cli.evaluation.{name}", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    said = write_files(report(tmp_path), UploadLimits(), tmp_path / "e.csv", tmp_path / "e.html")
    assert (tmp_path / "e.csv").exists()
    assert not (tmp_path / "e.html").exists()
    assert "needs requirements.txt, not only requirements-serve.txt" in said[1]
