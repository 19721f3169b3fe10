"""The settings of who may call, from where and how often: a part of config.py's table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator

from setting_types import JwksUrl, Origins, RateLimit


class AccessSettings(BaseModel):
    """Mixed into Settings."""

    api_keys_file: Path | None = Field(
        None, description="File of API keys; without it and without JWT_ settings anyone may call"
    )
    jwt_jwks_url: JwksUrl | None = Field(
        None, description="Where the issuer of RS256 or ES256 tokens publishes its keys; https, or http on the loopback"
    )
    jwt_jwks_file: Path | None = Field(None, description="The same as a file; read again when it changes")
    jwt_secret: SecretStr | None = Field(
        None, min_length=32, description="Secret of HS256 tokens, 32 characters or more; instead of JWT_JWKS_..."
    )
    jwt_issuer: str | None = Field(None, description="What `iss` must be; required with tokens")
    jwt_audience: str | None = Field(None, description="What `aud` must be or hold; required with tokens")
    jwt_leeway_s: int = Field(
        30, ge=0, le=300, description="Seconds that the issuer's clock may differ from this machine's"
    )
    rate_limit: RateLimit | None = Field(
        None, description="Most requests for inferences of one caller, such as 60/minute or 5/second;1000/day"
    )
    trusted_proxies: int = Field(
        0, ge=0, le=10, description="Proxies in front that each add to X-Forwarded-For and X-Forwarded-Proto"
    )
    cors_origins: Origins = Field(
        (), description="Origins whose pages may call from a browser (https://a.example), or *"
    )

    @field_validator("api_keys_file", "jwt_jwks_file")
    @classmethod
    def _absolute_keys(cls, value: Path | None) -> Path | None:
        return value and value.expanduser().absolute()

    @model_validator(mode="after")
    def _tokens_whole(self) -> Self:
        ways = _given(
            {"JWT_JWKS_URL": self.jwt_jwks_url, "JWT_JWKS_FILE": self.jwt_jwks_file, "JWT_SECRET": self.jwt_secret}
        )
        rules = {"JWT_ISSUER": self.jwt_issuer, "JWT_AUDIENCE": self.jwt_audience}
        if len(ways) > 1:  # a public key taken for a secret is how tokens are forged
            raise ValueError(f"{' and '.join(ways)} are set; tokens are checked in one way only")
        if ways and (missing := set(rules) - set(_given(rules))):
            raise ValueError(f"{ways[0]} is set without {' and '.join(sorted(missing))}")
        if not ways and (alone := _given(rules)):
            raise ValueError(f"{' and '.join(alone)} without JWT_JWKS_URL, JWT_JWKS_FILE or JWT_SECRET")
        return self

    @property
    def has_auth(self) -> bool:
        """Say whether a caller must show a credential."""
        return self.api_keys_file is not None or self.jwt_issuer is not None


def _given(values: Mapping[str, object]) -> list[str]:
    return [name for name, value in values.items() if value is not None]
