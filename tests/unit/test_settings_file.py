"""A settings file lies under the environment; whatever is wrong in it stops the start and names file and line."""

import re
from pathlib import Path

import pytest

from config import Settings, SettingsError, load_settings, read_once
from preprocessing.spec import Resize


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "triptych.env"


def load(file: Path, **environment: str) -> Settings:
    names = {f"TRIPTYCH_{name}": value for name, value in environment.items()}
    return load_settings(names | {"TRIPTYCH_SETTINGS_FILE": str(file)})


def test_names_are_read_with_and_without_the_prefix_and_comments_are_not(file: Path) -> None:
    file.write_text("# WORKERS=9\n\n  WORKERS = 3 \nTRIPTYCH_THREADS=2\n#\nCORS_ORIGINS=https://a.example\r\n")
    settings = load(file)
    assert (settings.workers, settings.threads, settings.cors_origins) == (3, 2, ("https://a.example",))
    assert settings.settings_file == file


def test_the_environment_wins_unless_it_is_empty(file: Path) -> None:
    file.write_text("WORKERS=3\nTHREADS=2\nPORT=\n")
    settings = load(file, WORKERS="1", THREADS="")
    assert (settings.workers, settings.threads, settings.port) == (1, 2, 5000)


def test_without_its_name_no_file_is_read(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text("WORKERS=3")
    monkeypatch.chdir(file.parent)
    assert load_settings({}).workers is None
    assert load_settings({"TRIPTYCH_SETTINGS_FILE": ""}).workers is None
    assert load_settings({"TRIPTYCH_SETTINGS_FILE": "triptych.env"}).settings_file == file


@pytest.mark.parametrize(("text", "workers"), [("", None), ("WORKERS=2", 2), ("\ufeffWORKERS=2\n", 2)])
def test_a_file_may_be_empty_or_lack_its_last_line_end_or_begin_with_a_mark(
    file: Path, text: str, workers: int | None
) -> None:
    file.write_text(text, encoding="utf-8")
    assert load(file).workers == workers


BAD = [
    ("WORKRES=3", "line 1: WORKRES is no setting"),
    ("\n# x\nworkers=3", "line 3: workers is no setting"),
    ("WORKERS 3", "line 1: this is not NAME=value"),
    ("export WORKERS=3", "line 1: export WORKERS is no setting"),
    ("=3", "line 1: this is not NAME=value"),
    ("PORT=5000\nWORKERS=many", "line 2: WORKERS='many'"),
    ("WORKERS=3 # all", "line 1: WORKERS='3 # all'"),
    ("THREADS=3", "line 1: THREADS='3': not a power of two"),
    ("WORKERS=1\nTRIPTYCH_WORKERS=2", "line 2: WORKERS was set before, in "),
    ("SETTINGS_FILE=other.env", "line 1: SETTINGS_FILE can't be set here"),
    ("PORT=5000\nDEFAULT_MODEL=mobilenetv2", "line 2: DEFAULT_MODEL"),
]


@pytest.mark.parametrize(("text", "says"), BAD)
def test_a_bad_line_stops_the_start_and_names_file_and_line(file: Path, text: str, says: str) -> None:
    file.write_text(text)
    with pytest.raises(SettingsError, match=re.escape(f"{file}, {says}") if "DEFAULT" not in says else says):
        load(file)


def test_all_bad_lines_are_named_at_once_with_those_of_the_environment(file: Path) -> None:
    file.write_text("PORT=x\nNONSENSE=1\nrubbish\n")
    with pytest.raises(SettingsError) as error:
        load(file, WORKERS="many")
    assert len(str(error.value).splitlines()) == 4


def test_a_bad_line_that_the_environment_overrides_is_not_asked(file: Path) -> None:
    file.write_text("WORKERS=many")
    assert load(file, WORKERS="2").workers == 2


def test_a_file_that_can_t_be_read_stops_the_start_and_is_named(file: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"SETTINGS_FILE=.*triptych\.env.*No such file"):
        load(file)
    with pytest.raises(SettingsError, match="Is a directory"):
        load(tmp_path)
    file.write_bytes(b"WORKERS=\xff")
    with pytest.raises(SettingsError, match="not UTF-8"):
        load(file)


def test_workers_get_what_the_master_read_whatever_becomes_of_the_file(file: Path) -> None:
    file.write_text("WORKERS=3\nRESIZE=squash\n")
    environ = {"TRIPTYCH_SETTINGS_FILE": str(file), "TRIPTYCH_RESIZE": "keras"}
    of_the_master, same = read_once(environ)
    file.write_text("WORKERS=9\nno setting\n")
    of_a_worker = load_settings(environ | same)
    assert (
        (of_a_worker.workers, of_a_worker.resize) == (of_the_master.workers, of_the_master.resize) == (3, Resize.KERAS)
    )
