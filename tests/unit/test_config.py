import re
from pathlib import Path

import pytest

from config import Settings, SettingsError, load_settings
from cores import usable_cores
from given import PREFIX
from preprocessing.spec import Resize
from tests.conftest import ROOT


def test_the_defaults_are_the_contract_s() -> None:
    settings = load_settings({})
    assert (settings.host, settings.port) == ("127.0.0.1", 5000)
    assert settings.models == ("vgg16", "resnet50", "inceptionv3")
    assert settings.fallback_model == "resnet50"
    assert settings.resize is Resize.CROP
    assert (settings.max_upload_mb, settings.max_request_mb, settings.max_pixels) == (10, 40, 64_000_000)
    assert settings.formats == ("jpeg", "png")
    assert settings.cache_dir == Path.home() / ".cache/triptych"


def test_lists_are_comma_separated_and_case_does_not_matter() -> None:
    settings = load_settings({"TRIPTYCH_MODELS": " ResNet50 , vgg16,resnet50", "TRIPTYCH_RESIZE": "Squash"})
    assert settings.models == ("resnet50", "vgg16")
    assert settings.resize is Resize.SQUASH


def test_an_unset_default_model_is_resnet50_or_else_the_first() -> None:
    assert load_settings({"TRIPTYCH_MODELS": "vgg16,resnet50"}).fallback_model == "resnet50"
    assert load_settings({"TRIPTYCH_MODELS": "vgg16,mobilenetv2"}).fallback_model == "vgg16"


def test_an_empty_value_counts_as_unset_and_other_names_are_not_ours() -> None:
    assert load_settings({"TRIPTYCH_PORT": "", "PORT": "x", "TRIPTYCHON": "y"}).port == 5000


BAD = [
    ({"PORT": "abc"}, "TRIPTYCH_PORT='abc'"),
    ({"PORT": "70000"}, "TRIPTYCH_PORT='70000'"),
    ({"MODLES": "resnet50"}, "TRIPTYCH_MODLES"),
    ({"MODELS": "resnet50,alexnet"}, "MODELS=resnet50,alexnet: alexnet is none of"),
    ({"MODELS": ","}, "TRIPTYCH_MODELS"),
    ({"MODELS": "vgg16", "DEFAULT_MODEL": "resnet50"}, "DEFAULT_MODEL=resnet50 is not in MODELS=vgg16"),
    ({"WEIGHTS": "yes"}, "TRIPTYCH_WEIGHTS='yes'"),
    ({"SHADOW_MODEL": "vgg16"}, "SHADOW_MODEL=vgg16 is in MODELS=vgg16,resnet50,inceptionv3"),
    ({"SHADOW_MODEL": "pocket", "WEIGHTS": "auto"}, "SHADOW_MODEL=pocket: under WEIGHTS=auto"),
    ({"SHADOW_MODEL": "alexnet"}, "SHADOW_MODEL=alexnet is no network"),
    ({"SHADOW_SHARE": "1.1"}, "TRIPTYCH_SHADOW_SHARE='1.1'"),
    ({"PRECISION": "int4"}, "TRIPTYCH_PRECISION='int4'"),
    ({"ENGINE": "litert", "DEVICE": "gpu"}, "DEVICE=gpu needs ENGINE=keras"),
    ({"ENGINE": "keras", "PRECISION": "int8"}, "PRECISION=int8 needs ENGINE=litert"),
    ({"WORKERS": "0"}, "TRIPTYCH_WORKERS='0'"),
    ({"DEADLINE_S": "0"}, "TRIPTYCH_DEADLINE_S='0'"),
    ({"DRAIN_S": "-1"}, "TRIPTYCH_DRAIN_S='-1'"),
    ({"SELF_TEST_S": "often"}, "TRIPTYCH_SELF_TEST_S='often'"),
    ({"THREADS": "3"}, "TRIPTYCH_THREADS='3': not a power of two"),
    ({"THREADS": "0"}, "TRIPTYCH_THREADS='0'"),
    ({"FORMATS": "jpeg,gif"}, "unknown: gif"),
    ({"CORS_ORIGINS": "https://*.example.com"}, "not an origin"),
    ({"CORS_ORIGINS": "https://a.example,page.example/x"}, "page.example/x"),
    ({"MAX_UPLOAD_MB": "50"}, "MAX_UPLOAD_MB=50 exceeds MAX_REQUEST_MB=40"),
    ({"MAX_JOB_FILES": "901"}, "TRIPTYCH_MAX_JOB_FILES='901'"),
    ({"MAX_JOBS_MB": "0"}, "TRIPTYCH_MAX_JOBS_MB='0'"),
    ({"JOB_IMAGE_TTL_S": "59"}, "TRIPTYCH_JOB_IMAGE_TTL_S='59'"),
    ({"JOB_RESULT_TTL_S": "for ever"}, "TRIPTYCH_JOB_RESULT_TTL_S='for ever'"),
    ({"JOB_LEASE_S": "0.5"}, "TRIPTYCH_JOB_LEASE_S='0.5'"),
    ({"JOB_LEASE_S": "60", "JOB_IMAGE_TTL_S": "60"}, "JOB_LEASE_S=60 is not below JOB_IMAGE_TTL_S=60"),
    ({"REDIS_URL": "redis://h/0", "MAX_JOBS_MB": "40"}, "MAX_JOBS_MB=40 is not above MAX_REQUEST_MB=40"),
]


@pytest.mark.parametrize(("given", "says"), BAD)
def test_a_bad_or_unknown_setting_stops_the_start_and_names_itself(given: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(says)):
        load_settings({PREFIX + name: value for name, value in given.items()})


def test_how_much_jobs_may_hold_is_nobody_s_business_where_there_are_none() -> None:
    assert load_settings({"TRIPTYCH_MAX_REQUEST_MB": "2000"}).max_jobs_mb == 1024


def test_all_bad_settings_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as error:
        load_settings({"TRIPTYCH_PORT": "x", "TRIPTYCH_WORKERS": "y", "TRIPTYCH_NONSENSE": "z"})
    assert len(str(error.value).splitlines()) == 3


def test_the_readme_s_table_is_the_code_s() -> None:
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.*?) \|$", (ROOT / "README.md").read_text(), re.MULTILINE)
    table = {name: (default, meaning) for name, default, meaning in rows}
    wanted = {}
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, tuple):
            default = ",".join(default)
        text = "none" if default in (None, "") else str(getattr(default, "value", default))
        wanted[name.upper()] = (f"`{text}`" if text != "none" else text, field.description)
    assert table == wanted


@pytest.mark.parametrize(("content", "share"), [("max 100000\n", 1.0), ("50000 100000\n", 0), ("rubbish", 1.0)])
def test_cores_are_those_of_the_affinity_or_the_quota(tmp_path: Path, content: str, share: float) -> None:
    quota = tmp_path / "cpu.max"
    quota.write_text(content)
    assert usable_cores(quota) == max(1, share * usable_cores(tmp_path / "absent"))
