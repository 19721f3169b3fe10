from pathlib import Path

import pytest

from models.store import Store


def publish(store: Store, content: str) -> Path:
    with store.lock(), store.building("m", random=False) as folder:
        (folder / "file").write_text(content)
    return store.folder("m", random=False)


def fail_to_publish(store: Store) -> None:
    with store.lock(), store.building("m", random=False) as folder:
        (folder / "file").write_text("half")
        raise ZeroDivisionError


def test_a_build_is_published_whole_and_replaces_the_one_before(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert not store.has("m", random=False)
    first = publish(store, "one")
    second = publish(store, "two")
    assert (second / "file").read_text() == "two"
    assert not first.exists()
    assert not store.has("m", random=True)


def test_a_build_that_fails_leaves_the_old_one_and_no_rubbish(tmp_path: Path) -> None:
    store = Store(tmp_path)
    publish(store, "one")
    with pytest.raises(ZeroDivisionError):
        fail_to_publish(store)
    assert (store.folder("m", random=False) / "file").read_text() == "one"
    assert [p.name for p in (store.root / "m").iterdir() if p.name.startswith(".tmp")] == []


def test_what_a_killed_process_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    store = Store(tmp_path)
    (store.root / "m" / ".tmp-killed").mkdir(parents=True)
    publish(store, "one")
    assert not (store.root / "m" / ".tmp-killed").exists()
