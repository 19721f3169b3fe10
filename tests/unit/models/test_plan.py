"""Which models are built, from which weights, under WEIGHTS=imagenet, auto and random."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from models.architecture import Architecture
from models.bundled import POCKET, POCKET_FILE, pocket
from models.catalog import CATALOG
from models.errors import WeightsMissing
from models.labels import Label
from models.plan import Job, Plan, Planner, WeightsMode
from models.store import Store
from tests.unit.models.builds import MOBILENET, fake_build

BOTH = ("resnet50", "mobilenetv2")


class Place:
    """A store, a WEIGHTS_DIR, a Keras cache, and an internet that holds what `online` names."""

    def __init__(self, root: Path) -> None:
        self.store = Store(root / "cache")
        self.weights_dir, self.keras = root / "weights", root / "keras"
        for folder in (self.weights_dir, self.keras / "models"):
            folder.mkdir(parents=True)
        self.online: set[str] = set()
        self.downloads: list[str] = []

    def fetch(self, architecture: Architecture, progress: Callable[[int, int], None]) -> Path:
        self.downloads.append(architecture.name)
        if architecture.name not in self.online:
            raise OSError("no internet")
        progress(7, 7)
        return self.put(self.keras / "models" / architecture.keras.file_name)

    def put(self, path: Path, content: bytes = b"weights") -> Path:
        path.write_bytes(content)
        return path

    def plan(self, mode: WeightsMode, names: tuple[str, ...] = BOTH) -> Plan:
        return Planner(self.store, self.weights_dir, lambda *_: None, fetch=self.fetch).plan(names, mode)

    def carry_out(self, plan: Plan) -> Plan:
        for job in plan.jobs:
            fake_build(self.store, job)
        return plan


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(made.keras))
    return made


def test_weights_are_looked_for_in_the_contract_s_order(place: Place) -> None:
    place.online = {"mobilenetv2"}
    steps = [
        place.keras / "models" / MOBILENET.keras.file_name,
        place.weights_dir / MOBILENET.keras.file_name,
        place.weights_dir / "mobilenetv2.weights.h5",
    ]
    for better in steps:
        place.put(better)
        assert place.plan(WeightsMode.IMAGENET, ("mobilenetv2",)).jobs == (Job(MOBILENET, better),)
    assert place.downloads == []


def test_what_is_nowhere_at_hand_is_downloaded(place: Place) -> None:
    place.online = {"mobilenetv2"}
    (job,) = place.plan(WeightsMode.IMAGENET, ("mobilenetv2",)).jobs
    assert job.weights == place.keras / "models" / MOBILENET.keras.file_name


def test_imagenet_names_every_missing_file_its_source_and_its_place(place: Place) -> None:
    with pytest.raises(WeightsMissing) as error:
        place.plan(WeightsMode.IMAGENET)
    for name in BOTH:
        published = CATALOG[name].keras
        assert published.url in str(error.value)
        assert str(place.weights_dir / published.file_name) in str(error.value)


def test_auto_serves_what_has_weights_and_reports_the_rest(place: Place) -> None:
    place.put(place.weights_dir / "mobilenetv2.weights.h5")
    plan = place.plan(WeightsMode.AUTO)
    assert [job.architecture.name for job in plan.jobs] == ["mobilenetv2"]
    assert not plan.pocket
    (missing,) = plan.missing
    assert missing.startswith("resnet50")


def test_auto_with_no_weights_at_all_is_the_model_in_the_box(place: Place) -> None:
    plan = place.plan(WeightsMode.AUTO)
    assert plan.pocket
    assert plan.jobs == (Job(pocket(), POCKET_FILE),)
    assert [line.split(":")[0] for line in plan.missing] == list(BOTH)


@pytest.mark.parametrize("mode", list(WeightsMode))
def test_the_model_in_the_box_is_served_by_name_whatever_weights_says(place: Place, mode: WeightsMode) -> None:
    plan = place.carry_out(place.plan(mode, (POCKET,)))
    assert plan.jobs == (Job(pocket(), POCKET_FILE),)
    assert plan.missing == ()
    assert place.plan(mode, (POCKET,)).jobs == ()


def test_another_model_in_the_box_is_built_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.carry_out(place.plan(WeightsMode.AUTO, (POCKET,)))
    other = place.put(place.weights_dir / POCKET_FILE.name, b"taught longer")
    with monkeypatch.context() as newer:
        newer.setattr("models.plan.POCKET_FILE", other)
        assert place.plan(WeightsMode.AUTO, (POCKET,)).jobs == (Job(pocket(), other),)
    monkeypatch.setattr("models.plan.pocket", lambda: replace(pocket(), title="Pocket 2"))
    assert [job.architecture.title for job in place.plan(WeightsMode.AUTO, (POCKET,)).jobs] == ["Pocket 2"]


def test_auto_decides_once_and_does_not_try_the_download_again(place: Place) -> None:
    place.carry_out(place.plan(WeightsMode.AUTO))
    place.downloads.clear()
    assert place.plan(WeightsMode.AUTO).jobs == ()
    assert place.downloads == []


def test_auto_takes_weights_that_came_later(place: Place) -> None:
    place.carry_out(place.plan(WeightsMode.AUTO))
    place.put(place.weights_dir / "mobilenetv2.weights.h5")
    plan = place.plan(WeightsMode.AUTO)
    assert [job.architecture.name for job in plan.jobs] == ["mobilenetv2"]
    assert not plan.pocket


def test_a_missing_model_says_why_its_download_failed_now_and_later(place: Place) -> None:
    for _ in range(2):
        assert "(download: no internet)" in place.plan(WeightsMode.AUTO).missing[0]
    assert place.downloads == list(BOTH)


def test_asking_for_one_model_fetches_no_other(place: Place) -> None:
    place.online = {"resnet50"}
    planner = Planner(place.store, place.weights_dir, lambda *_: None, fetch=place.fetch)
    for mode in (WeightsMode.IMAGENET, WeightsMode.AUTO):
        plan = planner.plan(("resnet50",), mode, BOTH)
        assert [job.architecture.name for job in plan.jobs] == ["resnet50"]
    assert set(place.downloads) == {"resnet50"}


def test_auto_decides_over_everything_that_is_served(place: Place) -> None:
    prepared_mobilenet(place)
    planner = Planner(place.store, place.weights_dir, lambda *_: None, fetch=place.fetch)
    plan = planner.plan(("resnet50",), WeightsMode.AUTO, BOTH)
    assert not plan.pocket
    assert plan.jobs == ()


def test_a_download_that_broke_off_is_gone_on_with_next_time(place: Place) -> None:
    def broken(architecture: Architecture, progress: Callable[[int, int], None]) -> Path:
        raise ConnectionAbortedError("broke off after 5 of 7 bytes")

    planner = Planner(place.store, place.weights_dir, lambda *_: None, fetch=broken)
    assert "broke off" in planner.plan(("mobilenetv2",), WeightsMode.AUTO).missing[0]
    place.online = {"mobilenetv2"}
    assert not place.plan(WeightsMode.AUTO, ("mobilenetv2",)).pocket


def test_a_damaged_build_whose_weights_are_gone_is_withdrawn(place: Place) -> None:
    folder = prepared_mobilenet(place)
    (place.weights_dir / "mobilenetv2.weights.h5").unlink()
    (folder / "int8.tflite").write_bytes(b"")
    plan = place.plan(WeightsMode.AUTO, ("mobilenetv2",))
    assert plan.withdraw == ("mobilenetv2",)
    assert plan.pocket


def test_one_s_own_model_is_not_withdrawn(place: Place) -> None:
    """Nobody could make it again, and a start that does not find its name is refused."""
    labels = (Label("a", "a"), Label("b", "b"))
    own = Architecture("trees", "Trees", MOBILENET.input, 7, own_labels=labels)
    place.carry_out(Plan((Job(own, place.put(place.weights_dir / "trees.keras")),)))
    folder = place.store.folder("trees", random=False)
    (folder / "int8.tflite").write_bytes(b"")
    plan = place.plan(WeightsMode.AUTO, ("trees",))
    assert "add it again" in plan.missing[0]
    assert plan.withdraw == ()
    assert not plan.pocket, "it is served as failed, and nothing in its place"
    assert plan.jobs == ()


def test_random_does_not_look_for_weights(place: Place) -> None:
    place.put(place.weights_dir / "mobilenetv2.weights.h5")
    plan = place.plan(WeightsMode.RANDOM)
    assert [job.weights for job in plan.jobs] == [None, None]
    assert plan.missing == ()


def prepared_mobilenet(place: Place) -> Path:
    place.put(place.weights_dir / "mobilenetv2.weights.h5")
    place.carry_out(place.plan(WeightsMode.IMAGENET, ("mobilenetv2",)))
    assert place.plan(WeightsMode.IMAGENET, ("mobilenetv2",)).jobs == ()
    return place.store.folder("mobilenetv2", random=False)


def rebuilds(place: Place) -> bool:
    return bool(place.plan(WeightsMode.IMAGENET, ("mobilenetv2",)).jobs)


def test_what_is_prepared_stays_when_its_weights_are_taken_away(place: Place) -> None:
    prepared_mobilenet(place)
    (place.weights_dir / "mobilenetv2.weights.h5").unlink()
    assert not rebuilds(place)
    assert place.downloads == []


def test_other_weights_are_built_anew(place: Place) -> None:
    prepared_mobilenet(place)
    place.put(place.weights_dir / "mobilenetv2.weights.h5", b"others!")
    assert rebuilds(place)


def test_a_copy_that_lost_its_mtime_is_still_good(place: Place) -> None:
    folder = prepared_mobilenet(place)
    for file in folder.iterdir():
        file.write_bytes(file.read_bytes())
    assert not rebuilds(place)


@pytest.mark.parametrize("file", ["float32.tflite", "int8.tflite", "known_answers.npz", "manifest.json"])
def test_a_damaged_or_lost_file_is_built_anew(place: Place, file: str) -> None:
    path = prepared_mobilenet(place) / file
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    assert rebuilds(place)
    path.unlink()
    assert rebuilds(place)


def a_photo(place: Place) -> tuple[Path, ...]:
    return (place.put(place.weights_dir / "photo.jpg"),)


@pytest.mark.parametrize("mode", [WeightsMode.IMAGENET, WeightsMode.RANDOM])
def test_photos_that_a_model_was_not_judged_by_judge_it_anew_from_the_same_artifact(
    place: Place, mode: WeightsMode
) -> None:
    prepared_mobilenet(place) if mode is WeightsMode.IMAGENET else place.carry_out(place.plan(mode, ("mobilenetv2",)))
    planner = Planner(place.store, place.weights_dir, lambda *_: None, a_photo(place), fetch=place.fetch)
    plan = planner.plan(("mobilenetv2",), mode)
    assert [job.base for job in plan.jobs] == [place.store.folder("mobilenetv2", random=mode is WeightsMode.RANDOM)]
    place.carry_out(plan)
    assert planner.plan(("mobilenetv2",), mode).jobs == ()
    assert place.plan(mode, ("mobilenetv2",)).jobs == (), "no photos named: those it was judged by stand"
