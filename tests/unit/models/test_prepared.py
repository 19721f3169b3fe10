"""Which build is served under WEIGHTS."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.bundled import POCKET, POCKET_FILE, pocket
from models.catalog import CATALOG
from models.engine import Engine
from models.errors import ArtifactError, WeightsMissing
from models.manifest import Manifest, Precision
from models.plan import Job, WeightsMode
from models.prepared import PreparedModels
from models.served import ServedModel
from models.store import Store
from tests.fakes import BrightnessEngine
from tests.unit.models.builds import MOBILENET, fake_build

NAMES = ("mobilenetv2", "resnet50")


def prepared(
    root: Path, mode: WeightsMode, *, real: tuple[str, ...] = (), random: tuple[str, ...] = ()
) -> PreparedModels:
    store = Store(root)
    (root / "weights").write_bytes(b"weights")
    for name in real:
        fake_build(store, Job(CATALOG[name], root / "weights"))
    for name in random:
        fake_build(store, Job(CATALOG[name], None))
    return PreparedModels(store, NAMES, mode)


def make_engine(manifest: Manifest, folder: Path, precision: Precision) -> Engine:
    engine = BrightnessEngine()
    engine.classes = manifest.classes
    return engine


def load(models: PreparedModels, name: str = "mobilenetv2") -> ServedModel:
    return models.load(name, Precision.FLOAT32, make_engine, 1)


def test_random_builds_are_never_served_as_real_ones(tmp_path: Path) -> None:
    models = prepared(tmp_path, WeightsMode.IMAGENET, random=NAMES)
    assert models.incomplete()
    with pytest.raises(ArtifactError, match="not prepared"):
        load(models)


def test_auto_serves_the_model_in_the_box_where_nothing_is_real(tmp_path: Path) -> None:
    models = prepared(tmp_path, WeightsMode.AUTO, random=NAMES)
    assert models.names == (*NAMES, POCKET)
    assert models.default("resnet50") == POCKET
    assert models.incomplete()
    fake_build(models.store, Job(pocket(), POCKET_FILE))
    assert not models.incomplete()
    assert models.available() == (POCKET,)
    assert load(models, POCKET).weights == "pocket"
    with pytest.raises(WeightsMissing, match="resnet50 has no weights"):
        load(models, "resnet50")


def test_the_model_in_the_box_is_the_default_where_it_is_configured_and_alone_has_weights(tmp_path: Path) -> None:
    models = replace(prepared(tmp_path, WeightsMode.AUTO), configured=(POCKET, "resnet50"))
    assert models.names == (POCKET, "resnet50")
    assert models.default("resnet50") == POCKET


def test_the_model_in_the_box_is_prepared_where_it_is_configured_beside_another(tmp_path: Path) -> None:
    models = replace(prepared(tmp_path, WeightsMode.AUTO, real=("mobilenetv2",)), configured=("mobilenetv2", POCKET))
    assert models.default("mobilenetv2") == "mobilenetv2"
    assert models.incomplete()
    fake_build(models.store, Job(pocket(), POCKET_FILE))
    assert not models.incomplete()


def test_jobs_may_still_bear_the_name_of_the_model_that_stepped_in(tmp_path: Path) -> None:
    models = prepared(tmp_path, WeightsMode.AUTO)
    fake_build(models.store, Job(pocket(), POCKET_FILE))
    assert models.spare() == (), "it is served"
    real = prepared(tmp_path, WeightsMode.AUTO, real=NAMES)
    assert POCKET not in real.names
    assert real.spare() == (POCKET,)
    assert replace(real, mode=WeightsMode.IMAGENET).spare() == ()


@pytest.mark.parametrize("mode", [WeightsMode.IMAGENET, WeightsMode.RANDOM])
def test_nothing_steps_in_unless_it_may(tmp_path: Path, mode: WeightsMode) -> None:
    models = prepared(tmp_path, mode)
    assert models.names == NAMES
    assert models.default("resnet50") == "resnet50"


def test_auto_never_mixes_real_and_random(tmp_path: Path) -> None:
    models = prepared(tmp_path, WeightsMode.AUTO, real=("mobilenetv2",), random=NAMES)
    assert not models.incomplete()
    assert models.names == NAMES
    assert models.default("resnet50") == "resnet50"
    assert load(models).weights == "file"
    with pytest.raises(WeightsMissing, match=CATALOG["resnet50"].keras.file_name) as error:
        load(models, "resnet50")
    assert str(tmp_path) not in str(error.value)


def test_a_build_that_was_withdrawn_is_not_served(tmp_path: Path) -> None:
    models = prepared(tmp_path, WeightsMode.AUTO, real=("mobilenetv2",), random=NAMES)
    models.store.withdraw("mobilenetv2")
    with pytest.raises(WeightsMissing):
        load(models)
    assert POCKET in models.names


def test_a_build_published_while_a_worker_loads_is_taken(tmp_path: Path) -> None:
    models = prepared(tmp_path, WeightsMode.RANDOM, random=NAMES)

    class Republishing(BrightnessEngine):
        def __init__(self, folder: Path) -> None:
            if not list(tmp_path.glob("done")):
                (tmp_path / "done").touch()
                fake_build(models.store, Job(MOBILENET, None))  # the folder being loaded goes away
            self.folder = folder

    def make(manifest: Manifest, folder: Path, precision: Precision) -> Engine:
        return Republishing(folder)

    model = models.load("mobilenetv2", Precision.FLOAT32, make, 1)
    assert model.weights == "random"
