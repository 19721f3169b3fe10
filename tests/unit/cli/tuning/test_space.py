"""The settings of the services that are tried."""

from pathlib import Path

import pytest

from cli.tuning.space import environment
from config import Settings, load_settings
from models.plan import WeightsMode
from models.prepared import PreparedModels
from models.store import Store


def shared(tmp_path: Path, **settings: str) -> dict[str, str]:
    given = load_settings({f"TRIPTYCH_{name}": value for name, value in settings.items()})
    prepared = PreparedModels(Store(tmp_path), given.models, given.weights)
    return environment(given, prepared, "resnet50")


def test_one_model_is_served_and_nothing_is_prepared(tmp_path: Path) -> None:
    found = shared(tmp_path, CACHE_DIR=str(tmp_path))
    assert found["MODELS"] == found["DEFAULT_MODEL"] == "resnet50"
    assert (found["PREPARE"], found["CACHE_DIR"]) == ("never", str(tmp_path))


@pytest.mark.parametrize(("mode", "served"), [("imagenet", "imagenet"), ("random", "random"), ("auto", "random")])
def test_the_weights_are_those_that_all_models_together_get(tmp_path: Path, mode: str, served: str) -> None:
    assert shared(tmp_path, WEIGHTS=mode)["WEIGHTS"] == WeightsMode(served)


def test_folders_are_named_so_that_they_hold_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.env").touch()
    found = shared(tmp_path, SETTINGS_FILE="my.env", CACHE_DIR="models")
    assert (found["SETTINGS_FILE"], found["CACHE_DIR"]) == (str(tmp_path / "my.env"), str(tmp_path / "models"))


def test_only_settings_that_exist_are_set_and_admission_is_out_of_the_way(tmp_path: Path) -> None:
    found = shared(tmp_path)
    assert {name.lower() for name in found} <= set(Settings.model_fields)
    assert found.get("MAX_WAITING") == ("1000" if "max_waiting" in Settings.model_fields else None)
