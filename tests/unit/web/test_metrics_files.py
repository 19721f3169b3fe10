"""The files of the dead: added up, bounded, exact."""

import fcntl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest, values

from models.cores import Cores
from models.registry import Entry, ModelState
from tests.fakes import a_core, served
from tests.scraped import value
from tests.unit.web.processes import Processes
from web.metrics import Metrics
from web.metrics_files import bury, reading, reserve
from web.scrape import Scrape

MASTER = 1


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Processes:
    return Processes(tmp_path, monkeypatch)


def scrape(folder: Path, own: CollectorRegistry | None = None) -> str:
    return generate_latest(Scrape(own or CollectorRegistry(), folder, a_core).registry()).decode()


def test_fifty_deaths_lose_no_count_and_leave_no_file(processes: Processes) -> None:
    processes.count(99)
    for pid in range(100, 150):
        processes.count(pid, times=3)
        bury(processes.folder, alive={MASTER, 99})
        text = scrape(processes.folder)
        done = 3 * (pid - 99) + 1
        assert value(text, "asked_total", what="this") == done
        assert value(text, "took_seconds_count") == done
        assert value(text, "took_seconds_bucket", le="0.1") == 0
        assert value(text, "took_seconds_bucket", le="1.0") == done
        assert value(text, "busy") == 1, "only of who lives"
    kinds = ("counter", "histogram")
    assert processes.files() == {f"{k}_{owner}.db" for k in kinds for owner in ("archive", "99")} | {
        "gauge_livesum_99.db",
        "lock",
    }
    assert sum((processes.folder / f"{kind}_archive.db").stat().st_size for kind in kinds) < 4096


def test_a_pid_that_comes_again_counts_on(processes: Processes) -> None:
    processes.count(7, times=2)
    bury(processes.folder, alive={MASTER})
    processes.count(7, times=2)
    assert value(scrape(processes.folder), "asked_total") == 4
    bury(processes.folder, alive={MASTER})
    assert value(scrape(processes.folder), "asked_total") == 4


def test_the_master_does_not_wait_for_a_scrape_and_the_next_fork_or_death_finds_it_all(processes: Processes) -> None:
    processes.count(7)
    processes.count(8)
    with reading(processes.folder) as files:
        bury(processes.folder, alive={MASTER, 8})
        assert all(Path(file).exists() for file in files if "gauge" not in file)
    assert value(scrape(processes.folder), "asked_total") == 2
    bury(processes.folder, alive={MASTER})
    assert processes.files() == {"counter_archive.db", "histogram_archive.db", "lock"}
    assert value(scrape(processes.folder), "asked_total") == 2


def test_a_scrape_waits_for_the_master_not_to_count_twice(processes: Processes) -> None:
    processes.count(7)
    with (processes.folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        assert value(scrape(processes.folder), "asked_total") == 1, "scrapes do not exclude each other"
        fcntl.flock(lock, fcntl.LOCK_EX)
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(scrape, processes.folder)
            with pytest.raises(TimeoutError):
                waiting.result(0.3)
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert value(waiting.result(60), "asked_total") == 1


def test_a_gauge_that_goes_while_a_scrape_begins_is_no_fault(
    processes: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes.count(7)
    processes.count(8)
    found = Path.glob

    def late(folder: Path, pattern: str) -> Iterator[Path]:
        files = list(found(folder, pattern))
        (folder / "gauge_livesum_8.db").unlink(missing_ok=True)
        return iter(files)

    monkeypatch.setattr(Path, "glob", late)
    text = scrape(processes.folder)
    assert (value(text, "asked_total"), value(text, "busy")) == (2, 1)


BROKEN = {
    "zeros after its length": b"\xff\x7f\x00\x00" + bytes(60),
    "a length beyond its end": b"\x00\x10\x00\x00" + bytes(4) + b"\xff\xff\x00\x00" + bytes(30),
    "a negative length": b"\x40\x00\x00\x00" + bytes(4) + b"\xe4\xff\xff\xff" + bytes(60),
    "two bytes": b"\x10\x00",
    "text": b"What is this doing here? " * 9,
    "a key that is no JSON": b"\x30\x00\x00\x00" + bytes(4) + b"\x04\x00\x00\x00{{{{" + bytes(40),
    "a key that is not UTF-8": b"\x30\x00\x00\x00" + bytes(4) + b"\x04\x00\x00\x00\xff\xff\xff\xff" + bytes(40),
    "a key of another shape": b"\x30\x00\x00\x00" + bytes(4) + b"\x0c\x00\x00\x00[1, 2, 3, 4]" + bytes(40),
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_left_out_counted_and_named(
    processes: Processes, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    processes.count(7)
    (processes.folder / "counter_8.db").write_bytes(content)
    (processes.folder / "counter_9.db").write_bytes(b"")  # just being made: no fault
    processes.become(MASTER)
    seen = Scrape(CollectorRegistry(), processes.folder, a_core)
    text = generate_latest(seen.registry()).decode()
    assert value(text, "asked_total") == 1
    assert value(text, "triptych_metrics_unreadable_files_total") == 1
    assert "counter_8.db" in caplog.text
    assert "counter_9.db" not in caplog.text


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_what_can_be_read_of_a_dead_workers_broken_file_is_kept(processes: Processes, content: bytes) -> None:
    processes.count(7)
    (processes.folder / "counter_8.db").write_bytes(content)
    bury(processes.folder, alive={MASTER, 7})
    bury(processes.folder, alive={MASTER})
    assert value(scrape(processes.folder), "asked_total") == 1


def test_without_its_folder_a_scrape_still_tells_the_present(processes: Processes) -> None:
    seen = Scrape(CollectorRegistry(), processes.folder / "gone", a_core)
    assert value(generate_latest(seen.registry()).decode(), "triptych_cores") == 1


def test_a_scrape_tells_how_many_cores_are_held(tmp_path: Path) -> None:
    cores = Cores(tmp_path / "cores", 4)
    seen = Scrape(CollectorRegistry(), None, lambda: cores)
    seen.watch(lambda: 5)
    with cores.lease(), cores.lease() as second:
        second.grow()
        text = generate_latest(seen.registry()).decode()
    assert (value(text, "triptych_cores"), value(text, "triptych_cores_in_use")) == (4, 3)
    assert value(text, "triptych_waiting_connections") == 5
    assert value(generate_latest(seen.registry()).decode(), "triptych_cores_in_use") == 0


def test_a_model_is_loaded_where_every_worker_has_it(processes: Processes) -> None:
    ready, failed = Entry(ModelState.READY, served()), Entry(ModelState.FAILED)
    for pid, second in ((7, ready), (8, failed)):
        processes.become(pid)
        Metrics().models({"a": ready, "b": second})
    text = scrape(processes.folder)
    assert [value(text, "triptych_model_loaded", model=name) for name in "ab"] == [1, 0]
    assert [value(text, "triptych_self_test_ok", model=name) for name in "ab"] == [1, 0]


def test_a_worker_takes_the_memory_of_its_files_first(processes: Processes) -> None:
    reserve(processes.folder, 7)
    reserved = {name: (processes.folder / name).stat().st_blocks for name in processes.files()}
    assert min(reserved.values()) * 512 >= 64 << 10
    processes.count(7)
    assert value(scrape(processes.folder), "asked_total") == 1
    assert processes.files() == set(reserved) | {"lock"}


def test_where_there_is_no_memory_a_worker_serves_and_counts_for_itself(
    processes: Processes, caplog: pytest.LogCaptureFixture
) -> None:
    processes.become(7)
    reserve(processes.folder / "gone", 7)
    assert values.ValueClass is values.MutexValue
    assert "no metrics of process 7" in caplog.text
