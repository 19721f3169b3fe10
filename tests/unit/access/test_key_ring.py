"""API keys: from the file to the caller."""

import fcntl
import hmac
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from access import key_ring
from access.api_key import digest, new_key
from access.caller import Caller, Kind, Scope
from access.errors import BadFile, NoKeys, Unauthorized
from access.key_file import edited, read_keys
from access.key_ring import KeyRing

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def add(path: Path, name: str = "phone", expires: datetime | None = None) -> str:
    key, kept = new_key(name, (Scope.PREDICT, Scope.METRICS), NOW, expires)
    with edited(path) as keys:
        keys[kept.id] = kept
    return key


def test_a_key_tells_its_holder_s_id_and_scopes(path: Path) -> None:
    key = add(path)
    caller = KeyRing(path).caller(key)
    assert caller == Caller(key[:12], Kind.KEY, frozenset({Scope.PREDICT, Scope.METRICS}))
    assert caller.principal == f"key:{key[:12]}"


def test_the_file_keeps_no_secret_and_is_its_owner_s_only(path: Path) -> None:
    key = add(path)
    assert key.partition(".")[2] not in path.read_text()
    assert digest(key) in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_not_exactly_a_key_is_nobody_s(path: Path) -> None:
    key, other = add(path), add(path)
    key_id, _, secret = key.partition(".")
    bad = ["", ".", key_id, f"{key_id}.", secret, f".{secret}", f"{key} ", key[:-1], key.upper(), f"{key}, {other}"]
    bad += [f"{other[:12]}.{secret}", f"{'0' * 12}.{secret}", digest(key), "0" * 64, "\xff\x00" * 4000]
    for given in bad:
        with pytest.raises(Unauthorized):
            KeyRing(path).caller(given)


def test_a_key_ends_when_it_expires_without_the_file_being_touched(path: Path) -> None:
    key = add(path, expires=NOW + timedelta(days=1))
    now = NOW
    ring = KeyRing(path, lambda: now)
    assert ring.caller(key)
    now = NOW + timedelta(days=1)
    with pytest.raises(Unauthorized):
        ring.caller(key)


def test_an_unknown_id_is_compared_like_a_wrong_secret(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    class Watched:
        @staticmethod
        def compare_digest(one: str, other: str) -> bool:
            compared.append((len(one), len(other)))
            return hmac.compare_digest(one, other)

    monkeypatch.setattr(key_ring, "hmac", Watched)
    for given in (add(path)[:12] + ".wrong", "unknown.wrong"):
        with pytest.raises(Unauthorized):
            KeyRing(path).caller(given)
    assert compared == [(64, 64), (64, 64)]


GOOD = {"id": "0" * 12, "name": "x", "scopes": ["predict"], "sha256": "0" * 64, "created": "2026-11-24T00:00:00Z"}
BAD = [
    ("", "Invalid JSON"),
    ("[]", "Input should be an object"),
    ("{}", "keys: Field required"),
    (json.dumps({"keys": [GOOD | {"scopes": ["admin"]}]}), "keys.0.scopes.0: "),
    (json.dumps({"keys": [GOOD | {"scopes": []}]}), "keys.0.scopes: "),
    (json.dumps({"keys": [GOOD | {"sha256": "abc"}]}), "keys.0.sha256: "),
    (json.dumps({"keys": [GOOD | {"created": "2026-11-24T00:00:00"}]}), "keys.0.created: "),
    (json.dumps({"keys": [GOOD | {"secret": "geheim"}]}), "keys.0.secret: Extra"),
    (json.dumps({"keys": [GOOD, GOOD]}), "the id 000000000000 stands there twice"),
    (json.dumps({"keys": [GOOD]})[:-2], "Invalid JSON"),
]


@pytest.mark.parametrize(("text", "says"), BAD)
def test_a_file_that_makes_no_sense_is_named_with_the_place_and_without_the_value(
    path: Path, text: str, says: str
) -> None:
    path.write_text(text)
    with pytest.raises(BadFile) as error:
        KeyRing(path).file.load()
    assert f"{path}: " in str(error.value)
    assert says in str(error.value)
    assert "geheim" not in str(error.value)
    with pytest.raises(BadFile), edited(path):
        pass
    assert path.read_text() == text, "an edit leaves it alone"


def test_keys_are_not_judged_by_a_file_that_never_made_sense(path: Path) -> None:
    path.write_text("{half")
    with pytest.raises(NoKeys):
        KeyRing(path).caller("000000000000.x")
    path.write_text('{"keys": []}')
    with pytest.raises(Unauthorized):
        KeyRing(path).caller("000000000000.x")


def test_an_edit_that_fails_changes_nothing_and_leaves_nothing(path: Path) -> None:
    add(path)
    before = path.read_text()
    with pytest.raises(ZeroDivisionError), edited(path) as keys:
        keys.popitem()[1].scopes[1 // 0]
    assert path.read_text() == before
    assert {each.name for each in path.parent.iterdir()} == {path.name, f".{path.name}.lock"}


def test_who_may_only_read_the_lock_may_edit(path: Path) -> None:
    """Root may have made it, and the file's owner edits next; as root, any mode would let a test write to it."""
    usual = os.umask(0o077)
    add(path)
    os.umask(usual)
    lock = path.resolve().with_name(f".{path.name}.lock")
    with edited(path):
        (held,) = [each for each in Path("/proc/self/fd").iterdir() if each.exists() and each.readlink() == lock]
        assert fcntl.fcntl(int(held.name), fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
    assert lock.stat().st_mode & 0o044 == 0o044


def test_a_link_to_the_file_stays_a_link(path: Path, tmp_path: Path) -> None:
    add(path)
    link = tmp_path / "link.json"
    link.symlink_to(path)
    add(link, "other")
    assert link.is_symlink()
    assert len(read_keys(path)) == 2


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
def test_an_edit_leaves_owner_group_and_mode_as_they_are(path: Path, mode: int) -> None:
    add(path)
    path.chmod(mode)
    if os.getuid() == 0:  # root edits what another user's service reads
        os.chown(path, 12345, 23456)
    was = path.stat()
    add(path, "other")
    now = path.stat()
    assert len(read_keys(path)) == 2
    assert (now.st_mode, now.st_uid, now.st_gid) == (was.st_mode, was.st_uid, was.st_gid)


def test_who_can_not_leave_the_owner_as_it_is_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(path)
    before = path.read_text()

    def refused(*_: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "fchown", refused)
    with pytest.raises(BadFile, match="only root or its owner"):
        add(path, "other")
    assert path.read_text() == before
    assert {each.name for each in path.parent.iterdir()} == {path.name, f".{path.name}.lock"}
