"""Settings of who may call: half of them stops the start, and secrets stay secret."""

import pytest

from access.exposure import reachable
from config import Settings, SettingsError, load_settings

SECRET = "geheim-geheim-geheim-geheim-geheim"
WHOLE = {"JWT_ISSUER": "https://issuer.example/", "JWT_AUDIENCE": "triptych"}


def load(**given: str) -> Settings:
    return load_settings({f"TRIPTYCH_{name}": value for name, value in given.items()})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"JWT_SECRET": SECRET, **WHOLE},
        {"JWT_JWKS_URL": "https://issuer.example/jwks", **WHOLE},
        {"JWT_JWKS_URL": "http://127.0.0.1:8080/jwks", **WHOLE},
        {"JWT_JWKS_URL": "http://localhost/jwks", **WHOLE},
        {"JWT_JWKS_URL": "http://[::1]/jwks", **WHOLE},
        {"JWT_JWKS_FILE": "jwks.json", **WHOLE},
        {"RATE_LIMIT": "60/minute"},
        {"RATE_LIMIT": "5 per second; 1000/day"},
        {"REDIS_URL": f"rediss://:{SECRET}@redis.example:6380/1"},
        {"API_KEYS_FILE": "~/keys.json", "TRUSTED_PROXIES": "2"},
    ],
)
def test_what_is_whole_is_taken(given: dict[str, str]) -> None:
    settings = load(**given)
    assert settings.has_auth is ("JWT_ISSUER" in given or "API_KEYS_FILE" in given)
    assert SECRET not in repr(settings) + str(settings) + settings.model_dump_json()


BAD = [
    ({"JWT_SECRET": SECRET}, "JWT_SECRET is set without JWT_AUDIENCE and JWT_ISSUER"),
    ({"JWT_JWKS_FILE": "x", "JWT_ISSUER": "y"}, "JWT_JWKS_FILE is set without JWT_AUDIENCE"),
    (WHOLE, "JWT_ISSUER and JWT_AUDIENCE without JWT_JWKS_URL, JWT_JWKS_FILE or JWT_SECRET"),
    ({"JWT_SECRET": SECRET, "JWT_JWKS_FILE": "x", **WHOLE}, "JWT_JWKS_FILE and JWT_SECRET are set"),
    ({"JWT_JWKS_URL": "https://x/", "JWT_JWKS_FILE": "x", **WHOLE}, "JWT_JWKS_URL and JWT_JWKS_FILE are set"),
    ({"JWT_SECRET": "geheim", **WHOLE}, "TRIPTYCH_JWT_SECRET=***: "),
    ({"JWT_SECRET": "geheim" * 5, **WHOLE}, "TRIPTYCH_JWT_SECRET=***: "),
    ({"JWT_JWKS_URL": "http://issuer.example/jwks", **WHOLE}, "not https"),
    ({"JWT_JWKS_URL": "http://127.0.0.1.example/jwks", **WHOLE}, "not https"),
    ({"JWT_JWKS_URL": "file:///etc/passwd", **WHOLE}, "TRIPTYCH_JWT_JWKS_URL='file:///etc/passwd'"),
    ({"JWT_JWKS_URL": "https://user:geheim@x/", **WHOLE}, "without user and password"),
    ({"JWT_JWKS_URL": "https:///jwks", **WHOLE}, "TRIPTYCH_JWT_JWKS_URL"),
    ({"JWT_LEEWAY_S": "301"}, "TRIPTYCH_JWT_LEEWAY_S='301'"),
    ({"RATE_LIMIT": "many"}, "TRIPTYCH_RATE_LIMIT='many': not a rate such as 60/minute"),
    ({"RATE_LIMIT": "0/minute"}, "TRIPTYCH_RATE_LIMIT='0/minute'"),
    ({"RATE_LIMIT": "5/fortnight"}, "TRIPTYCH_RATE_LIMIT='5/fortnight'"),
    ({"REDIS_URL": "memcached://:geheim@x"}, "TRIPTYCH_REDIS_URL=***: not an address"),
    ({"REDIS_URL": "redis://:geheim@x:port"}, "TRIPTYCH_REDIS_URL=***"),
    ({"REDIS_URL": "geheim"}, "TRIPTYCH_REDIS_URL=***"),
    ({"TRUSTED_PROXIES": "-1"}, "TRIPTYCH_TRUSTED_PROXIES='-1'"),
]


@pytest.mark.parametrize(("given", "says"), BAD)
def test_what_is_half_or_wrong_stops_the_start_and_shows_no_secret(given: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError) as error:
        load(**given)
    assert says in str(error.value)
    assert "geheim" not in str(error.value)


@pytest.mark.parametrize(
    ("addresses", "open_at"),
    [
        ([("127.0.0.1", 5000), ("::1", 5000), ("localhost", 5000), "/run/triptych.sock"], ""),
        ([("0.0.0.0", 5000)], "0.0.0.0:5000"),
        ([("127.0.0.1", 1), ("192.0.2.1", 2), ("::", 3)], "192.0.2.1:2, [::]:3"),
    ],
)
def test_other_machines_reach_what_is_not_the_loopback(addresses: list[object], open_at: str) -> None:
    assert reachable(addresses) == open_at
