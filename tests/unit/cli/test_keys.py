"""flask --app app keys ..., as an operator meets it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from access.caller import Scope
from access.key_file import read_keys
from access.key_ring import KeyRing
from cli.keys import keys_cli
from tests.conftest import ROOT


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def keys(path: Path | None, *arguments: str) -> Result:
    return CliRunner().invoke(keys_cli(path), arguments)


def test_create_prints_only_the_key_on_stdout_and_it_is_good(path: Path) -> None:
    done = keys(path, "create", "phone-app", "--scopes", "Metrics, predict")
    assert done.exit_code == 0, done.stderr
    key = done.stdout.removesuffix("\n")
    assert KeyRing(path).caller(key).scopes == {Scope.PREDICT, Scope.METRICS}
    assert key[:12] in done.stderr
    assert key.partition(".")[2] not in done.stderr


def test_a_key_is_for_predictions_and_for_ever_unless_told_otherwise(path: Path) -> None:
    keys(path, "create", "a")
    keys(path, "create", "b", "--expires", "90")
    one, other = read_keys(path).values()
    assert (one.scopes, one.expires) == ((Scope.PREDICT,), None)
    assert other.expires is not None
    assert (other.expires - other.created).days == 90


def test_a_name_has_two_live_keys_at_most_and_the_rotation_goes_on_after_a_revocation(path: Path) -> None:
    first, _ = (keys(path, "create", "phone").stdout for _ in range(2))
    refused = keys(path, "create", "phone")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "two live keys" in refused.stderr
    assert first[:12] in refused.stderr
    assert keys(path, "create", "other").exit_code == 0
    assert keys(path, "revoke", first[:12]).exit_code == 0
    assert keys(path, "create", "phone").exit_code == 0
    assert [key.name for key in read_keys(path).values()].count("phone") == 2
    assert first[:12] not in read_keys(path)


def test_an_expired_key_is_not_counted(path: Path) -> None:
    for _ in range(2):
        keys(path, "create", "phone", "--expires", "1")
    text = json.loads(path.read_text())
    text["keys"][0]["expires"] = text["keys"][0]["created"]
    path.write_text(json.dumps(text))
    assert keys(path, "create", "phone").exit_code == 0


def test_list_shows_everything_but_secrets(path: Path) -> None:
    key = keys(path, "create", "phone", "--scopes", "predict,jobs", "--expires", "1").stdout.strip()
    shown = keys(path, "list").stdout
    for part in (key[:12], "phone", "predict,jobs", "until 20"):
        assert part in shown
    assert key.partition(".")[2] not in shown
    assert next(iter(read_keys(path).values())).sha256 not in shown


BAD = [
    (("create", "bad name"), "a name is 1 to 64"),
    (("create", ""), "a name is 1 to 64"),
    (("create", "x", "--scopes", "predict,admin"), "admin; they are predict, jobs, metrics"),
    (("create", "x", "--scopes", ","), "they are predict, jobs, metrics"),
    (("create", "x", "--expires", "0"), "0 is not in the range"),
    (("revoke", "0" * 12), "no key of that id"),
]


@pytest.mark.parametrize(("arguments", "says"), BAD)
def test_what_makes_no_sense_is_said_and_changes_nothing(path: Path, arguments: tuple[str, ...], says: str) -> None:
    keys(path, "create", "x")
    before = path.read_text()
    done = keys(path, *arguments)
    assert done.exit_code != 0
    assert says in done.stderr
    assert (done.stdout, path.read_text()) == ("", before)


@pytest.mark.parametrize("command", [("create", "x"), ("list",), ("revoke", "0" * 12)])
def test_without_a_good_file_it_says_so(command: tuple[str, ...], path: Path) -> None:
    assert "set API_KEYS_FILE" in keys(None, *command).stderr
    path.write_text("{")
    done = keys(path, *command)
    assert (done.exit_code, path.read_text()) == (1, "{")
    assert f"{path}: " in done.stderr
    nowhere = keys(path / "below-a-file.json", *command)
    assert nowhere.exit_code == 1
    assert "Traceback" not in nowhere.stderr


WRITER = """
import sys
from pathlib import Path
from click.testing import CliRunner
from cli.keys import keys_cli
group = keys_cli(Path(sys.argv[1]))
for i in range(20):
    assert CliRunner().invoke(group, ["create", f"{sys.argv[2]}-{i}"]).exit_code == 0
"""


def test_two_who_edit_at_once_lose_nothing(path: Path) -> None:
    commands = [[sys.executable, "-c", WRITER, str(path), name] for name in ("a", "b")]
    writers = [subprocess.Popen(command, cwd=ROOT) for command in commands]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len(read_keys(path)) == 40
