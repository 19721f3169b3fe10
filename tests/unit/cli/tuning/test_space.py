"""The settings of the services that are tried."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cli.tuning.command import tune_command
from cli.tuning.space import Restriction, environment, space
from config import Settings, load_settings
from models.catalog import CATALOG
from models.manifest import Precision
from models.plan import Job, WeightsMode
from models.prepared import PreparedModels
from models.store import Store
from tests.unit.models.builds import GOOD, REFUSED, fake_build


def shared(tmp_path: Path, **settings: str) -> dict[str, str]:
    given = load_settings({f"TRIPTYCH_{name}": value for name, value in settings.items()})
    prepared = PreparedModels(Store(tmp_path), given.models, given.weights)
    return environment(given, prepared, "resnet50")


def test_one_model_is_asked_and_nothing_is_prepared(tmp_path: Path) -> None:
    found = shared(tmp_path, CACHE_DIR=str(tmp_path))
    assert found["DEFAULT_MODEL"] == "resnet50"
    assert (found["PREPARE"], found["CACHE_DIR"]) == ("never", str(tmp_path))


@pytest.mark.parametrize(("mode", "served"), [("imagenet", "imagenet"), ("random", "random"), ("auto", "imagenet")])
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
    assert (found["MAX_WAITING"], found["REDIS_URL"]) == ("1000", "")


def test_a_rate_is_counted_where_it_will_be_and_never_reached(tmp_path: Path) -> None:
    assert "RATE_LIMIT" not in shared(tmp_path)
    assert shared(tmp_path, RATE_LIMIT="5/minute")["RATE_LIMIT"] == "1000000/second"


def test_a_service_that_asks_for_a_credential_is_not_tuned(tmp_path: Path) -> None:
    settings = load_settings({"TRIPTYCH_API_KEYS_FILE": str(tmp_path / "keys.json")})
    prepared = PreparedModels(Store(tmp_path), settings.models, settings.weights)
    done = CliRunner().invoke(tune_command(prepared, settings, 2), [str(tmp_path)])
    assert done.exit_code == 2
    assert "with API_KEYS_FILE and JWT_... unset" in done.stderr


def two_models(tmp_path: Path, *names: str) -> PreparedModels:
    """MobileNetV2, whose int8 passed the gate, and VGG16, whose did not."""
    store, weights = Store(tmp_path), tmp_path / "w.h5"
    weights.write_bytes(b"w")
    for name, int8 in (("mobilenetv2", GOOD), ("vgg16", REFUSED)):
        judged = {Precision.FLOAT16: GOOD, Precision.INT8: int8, Precision.INT8_STATIC: REFUSED}
        fake_build(store, Job(CATALOG[name], weights), judged)
    return PreparedModels(store, names, WeightsMode.IMAGENET)


def test_all_models_are_loaded_that_will_be_served(tmp_path: Path) -> None:
    prepared = two_models(tmp_path, "mobilenetv2", "resnet50", "vgg16")
    assert environment(load_settings({}), prepared, "vgg16")["MODELS"] == "mobilenetv2,vgg16", (
        "resnet50 is not prepared"
    )


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cli.tuning.space.measure_models", lambda *_: None)


@pytest.mark.usefixtures("unmeasured")
def test_where_several_models_are_served_each_keeps_its_own_precision(tmp_path: Path) -> None:
    found = space(two_models(tmp_path, "mobilenetv2", "vgg16"), "mobilenetv2", 2, Restriction())
    assert {each.precision for each in found.candidates} == {found.default.precision}
    assert found.settings(found.candidates[0])["PRECISION"] == "auto"


@pytest.mark.usefixtures("unmeasured")
def test_a_precision_that_one_of_the_models_can_t_serve_is_refused(tmp_path: Path) -> None:
    both = two_models(tmp_path, "mobilenetv2", "vgg16")
    with pytest.raises(click.UsageError, match="int8 can't be served"):
        space(both, "mobilenetv2", 2, Restriction(precisions="int8"))
    asked = space(both, "mobilenetv2", 2, Restriction(precisions="float16"))
    assert asked.settings(asked.candidates[0])["PRECISION"] == "float16"
    alone = space(two_models(tmp_path, "mobilenetv2"), "mobilenetv2", 2, Restriction(precisions="int8"))
    assert alone.settings(alone.candidates[0])["PRECISION"] == "int8"


@pytest.mark.usefixtures("unmeasured")
def test_a_model_is_tuned_where_another_that_is_served_is_not_prepared(tmp_path: Path) -> None:
    served = PreparedModels(Store(tmp_path), ("mobilenetv2", "resnet50"), WeightsMode.IMAGENET)
    two_models(tmp_path)
    assert space(served, "mobilenetv2", 2, Restriction()).candidates
