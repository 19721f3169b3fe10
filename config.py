"""Settings: one frozen table, read once. The README's table is tested against it."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

from access.settings import AccessSettings
from given import PREFIX, SETTINGS_FILE, Given, gather
from jobs.settings import JobSettings
from models.bundled import POCKET
from models.engines import Device, EngineKind, resolve_engine, resolve_precision
from models.plan import WeightsMode
from models.store import Store
from preprocessing.sniff import FORMATS
from preprocessing.spec import Resize
from setting_types import LowerCommaList, PowerOfTwo

_NAMES = re.compile(r"\b([A-Z_]+)=")
_USER_INFO = re.compile(r"//[^/@]*@")


class SettingsError(Exception):
    """A setting is unknown or has a bad value; each line of `str(error)` names one."""


class Settings(JobSettings, AccessSettings):
    """Every setting with its default and meaning; in the environment upper case, after `TRIPTYCH_`."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(5000, ge=0, le=65535, description="Port to listen on; 0 takes a free one")
    models: LowerCommaList = Field(
        ("vgg16", "resnet50", "inceptionv3"), min_length=1, description='Networks to serve; see "Networks"'
    )
    default_model: str | None = Field(
        None, description="Network for a request that names none; unset: resnet50, or the first of MODELS"
    )
    weights: WeightsMode = Field(
        WeightsMode.IMAGENET,
        description="imagenet: real weights or no start; auto: real where they are to be had, else `pocket`; "
        "random: for trying out",
    )
    weights_dir: Path | None = Field(None, description="Folder searched for weights before Keras's cache and download")
    cache_dir: Path = Field(Path("~/.cache/triptych"), description="Folder for prepared models")
    prepare: Literal["never", "missing", "changed"] = Field(
        "missing",
        description="What a start prepares before it measures what is new here: never: nothing; missing: what never "
        "was; changed: all that changed (`make serve`)",
    )
    precision: Literal["auto", "float32", "float16", "int8", "int8-static", "mixed"] = Field(
        "auto",
        description="Of the artifact served; auto: the fastest on this machine that passed the gate, float32 with "
        "ENGINE=keras, whose other one is mixed",
    )
    engine: EngineKind = Field(EngineKind.AUTO, description="litert or keras; auto is litert unless DEVICE=gpu")
    device: Device = Field(Device.AUTO, description="cpu or gpu; gpu without a GPU stops the start")
    batch_wait_ms: float = Field(
        2, ge=0, description="ENGINE=keras: milliseconds that an image waits at most for others to run with"
    )
    max_batch: PowerOfTwo | None = Field(
        None, description="ENGINE=keras: images that run at once, a power of two; unset: 64 on a GPU, 8 on a CPU"
    )
    workers: int | None = Field(
        None, ge=1, description="Worker processes; unset: one a core, with ENGINE=keras four, which mostly wait"
    )
    threads: PowerOfTwo | None = Field(
        None, description="Most threads of one inference, a power of two; unset: all cores, at most 8"
    )
    max_waiting: int = Field(
        4, ge=1, description="Requests for /predict that may wait for each core; more are refused at once with 503"
    )
    resize: Resize = Field(Resize.CROP, description="crop, squash or keras, for a request that names none")
    max_upload_mb: int = Field(10, ge=1, description="One encoded image, MB of 2^20 bytes")
    max_request_mb: int = Field(40, ge=1, description="A whole request body, MB of 2^20 bytes")
    max_files: int = Field(32, ge=1, description="Images in one request")
    max_pixels: int = Field(64_000_000, ge=1, description="Pixels of one image, judged from its header")
    formats: LowerCommaList = Field(
        ("jpeg", "png"), min_length=1, description=f"Image formats, of {', '.join(FORMATS)}"
    )
    deadline_s: float = Field(
        10, gt=0, description="Seconds within which a request is answered, waiting and a slow sender included; else 504"
    )
    self_test_s: float = Field(
        300, ge=0, description="Seconds between two known answers of each model in each worker; 0: only at load"
    )
    shadow_model: str | None = Field(
        None, description="Prepared model that is shown a share of the default model's requests, after the answer"
    )
    shadow_share: float = Field(0.1, ge=0, le=1, description="That share, 0 to 1; skipped while anybody waits")
    drain_s: float = Field(
        0, ge=0, description="Seconds after SIGTERM in which /readyz says 503 and /predict still answers"
    )
    grace_s: int = Field(30, ge=1, description="Seconds that requests in flight get to end after that")
    access_log: bool = Field(True, description="One event a request, on stderr like the other lines")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe log line written")
    settings_file: Path | None = Field(
        None, description="File of lines `NAME=value`; the environment and `make serve NAME=value` win over it"
    )

    @field_validator("models", "formats")
    @classmethod
    def _once(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value))

    @field_validator("formats")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := [name for name in value if name not in FORMATS]:
            raise ValueError(f"unknown: {', '.join(unknown)}; known are {', '.join(FORMATS)}")
        return value

    @field_validator("weights_dir", "cache_dir", "settings_file")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value and value.expanduser().absolute()

    @field_validator(
        "weights",
        "prepare",
        "precision",
        "engine",
        "device",
        "resize",
        "log_level",
        "default_model",
        "shadow_model",
        mode="before",
    )
    @classmethod
    def _lower(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        store = Store(self.cache_dir)
        if unknown := [name for name in self.models if not store.knows(name)]:
            raise ValueError(
                f"MODELS={','.join(self.models)}: {', '.join(unknown)} is none of the networks that README lists, and "
                f"was not added to CACHE_DIR={self.cache_dir}"
            )
        if self.default_model is not None and self.default_model not in self.models:
            raise ValueError(f"DEFAULT_MODEL={self.default_model} is not in MODELS={','.join(self.models)}")
        if self.shadow_model in self.models:
            raise ValueError(f"SHADOW_MODEL={self.shadow_model} is in MODELS={','.join(self.models)}: it is served")
        if self.shadow_model == POCKET and self.weights is WeightsMode.AUTO:
            raise ValueError(f"SHADOW_MODEL={POCKET}: under WEIGHTS=auto it may be what is served")
        if self.shadow_model is not None and not store.knows(self.shadow_model):
            raise ValueError(f"SHADOW_MODEL={self.shadow_model} is no network that README lists, and was not added")
        if self.max_upload_mb > self.max_request_mb:
            raise ValueError(f"MAX_UPLOAD_MB={self.max_upload_mb} exceeds MAX_REQUEST_MB={self.max_request_mb}")
        # A whole request more than fits, so that there is room for what Redis takes for each image besides.
        if self.redis_url is not None and self.max_jobs_mb <= self.max_request_mb:
            raise ValueError(f"MAX_JOBS_MB={self.max_jobs_mb} is not above MAX_REQUEST_MB={self.max_request_mb}")
        resolve_precision(self.precision, resolve_engine(self.engine, self.device))
        return self

    @property
    def fallback_model(self) -> str:
        """Return the model for a request that names none."""
        return self.default_model or ("resnet50" if "resnet50" in self.models else self.models[0])


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings: the environment, then the file it names, then the defaults; an empty value counts as unset.

    Raises: SettingsError: a name is unknown, a value bad or the file unreadable; all of them are named.
    """
    return read_once(environ)[0]


def read_once(environ: Mapping[str, str]) -> tuple[Settings, dict[str, str]]:
    """As `load_settings`, and what the environment of another process must hold so that it reads the same.

    So that a worker that is forked later serves what its siblings do, whatever became of the settings file.
    """
    given, problems = gather(environ, {name.upper() for name in Settings.model_fields})
    try:
        settings = Settings.model_validate({name.lower(): each.value for name, each in given.items()})
    except ValidationError as error:
        problems += [_problem(str(e["loc"][0]).upper() if e["loc"] else "", e["msg"], given) for e in error.errors()]
    if problems:
        raise SettingsError("\n".join(problems))
    same = {PREFIX + name: each.value for name, each in given.items()} | {PREFIX + SETTINGS_FILE: ""}
    return settings, same


def _problem(name: str, message: str, given: Mapping[str, Given]) -> str:
    message = message.removeprefix("Value error, ")
    if name:
        each = given.get(name, Given(""))
        return f"{each.named(name)}={_shown(name, each.value)}: {message}"
    places = [given[n].named(n) for n in _NAMES.findall(message) if n in given and given[n].place]
    return f"{message} ({'; '.join(places)})" if places else message


def _shown(name: str, value: str) -> str:
    """Return a bad value as a message may show it: nothing of a secret, no password in an address."""
    field = Settings.model_fields.get(name.lower())
    if field and _is_secret(field.annotation):
        return "***"
    return repr(_USER_INFO.sub("//***@", value))


def _is_secret(annotation: object) -> bool:
    return annotation is SecretStr or any(_is_secret(part) for part in get_args(annotation))
