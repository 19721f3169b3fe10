"""Settings -> who may call: the part of `wiring` that stands between a connection and the views."""

from typing import TYPE_CHECKING

from access.authenticator import Authenticator
from access.errors import BadFile
from access.key_ring import KeyRing
from config import Settings, SettingsError
from web.access import Access

if TYPE_CHECKING:
    from access.jwks import KeysOfFile
    from access.tokens import FindKey, TokenVerifier


def access(settings: Settings) -> Access:
    """Return who may call, from where and how often. Files are read when they are first needed."""
    keys, published = _keys(settings), _published(settings)
    tokens = _tokens(settings, published)
    return Access(
        authenticator=Authenticator(keys, tokens) if keys or tokens else None,
        has_keys=lambda: (keys is None or keys.file.is_had()) and (published is None or published.file.is_had()),
        rate_limit=settings.rate_limit or "",
        redis_url=settings.redis_url.get_secret_value() if settings.redis_url else "",
        cors_origins=settings.cors_origins,
        trusted_proxies=settings.trusted_proxies,
    )


def check_access(settings: Settings) -> None:
    """Import what `access` needs, so that workers forked later share it, and read the files of keys.

    Raises: SettingsError: one of them can't be read.
    """
    access(settings)
    if settings.rate_limit:
        import web.rate_limit  # noqa: F401
    try:
        if keys := _keys(settings):
            keys.file.load()
    except BadFile as error:
        raise SettingsError(f"API_KEYS_FILE={error} (`flask --app app keys create NAME` makes one)") from None
    try:
        if published := _published(settings):
            published.file.load()
    except BadFile as error:
        raise SettingsError(f"JWT_JWKS_FILE={error}") from None


def _keys(settings: Settings) -> KeyRing | None:
    return KeyRing(settings.api_keys_file) if settings.api_keys_file else None


def _published(settings: Settings) -> "KeysOfFile | None":
    if settings.jwt_jwks_file is None:
        return None
    from access.jwks import KeysOfFile

    return KeysOfFile(settings.jwt_jwks_file)


def _tokens(settings: Settings, published: "KeysOfFile | None") -> "TokenVerifier | None":
    if not (settings.jwt_issuer and settings.jwt_audience):  # both are there where one key is: the settings see to it
        return None
    from access.tokens import Claims, TokenVerifier  # PyJWT and cryptography: 9 MB, and 40 ms of the start

    claims = Claims(settings.jwt_issuer, settings.jwt_audience, settings.jwt_leeway_s)
    return TokenVerifier(published.find if published else _key_finder(settings), claims)


def _key_finder(settings: Settings) -> "FindKey":
    from access import jwks
    from access.tokens import shared_secret

    if settings.jwt_secret:
        return shared_secret(settings.jwt_secret.get_secret_value())
    # Within a request, which the watchdog gives twice its deadline.
    timeout_s = min(jwks.TIMEOUT_S, settings.deadline_s)
    return jwks.FetchedKeys(jwks.issuer_at(settings.jwt_jwks_url or "", timeout_s)).find
