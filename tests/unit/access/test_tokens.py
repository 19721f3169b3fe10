"""Tokens: real keys, and every way of getting one wrong."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from access.caller import Caller, Kind, Scope
from access.errors import Unauthorized
from access.jwks import public_keys
from access.tokens import Claims, TokenVerifier, shared_secret
from tests.issuer import AUDIENCE, ISSUER, SECRET, ec_jwk, ec_key, jwks, rsa_jwk, rsa_key, rsa_public_pem, token

CLAIMS = Claims(ISSUER, AUDIENCE, leeway_s=30)


def by_keys(*keys: dict[str, Any]) -> TokenVerifier:
    return TokenVerifier(public_keys(json.dumps({"keys": list(keys) or jwks()["keys"]}).encode()).get, CLAIMS)


def by_secret() -> TokenVerifier:
    return TokenVerifier(shared_secret(SECRET), CLAIMS)


def test_rsa_elliptic_curve_and_shared_secret_tokens_tell_the_subject_and_its_scopes() -> None:
    alice = Caller("alice", Kind.TOKEN, frozenset({Scope.PREDICT}))
    assert by_keys().caller(token()) == alice
    assert by_keys().caller(token(ec_key(), "ES256", "ec-1")) == alice
    assert by_secret().caller(token(SECRET, "HS256", kid=None)) == alice
    assert by_secret().caller(token(SECRET, "HS256", kid="whatever")) == alice
    assert by_secret().caller(token(SECRET, "HS256", aud=["other", AUDIENCE])) == alice


@pytest.mark.parametrize(
    ("changed", "scopes"),
    [
        ({"scope": "predict metrics"}, {Scope.PREDICT, Scope.METRICS}),
        ({"scope": "openid  jobs admin"}, {Scope.JOBS}),
        ({"scope": None, "scp": "predict"}, {Scope.PREDICT}),
        ({"scope": None, "scp": ["predict", "jobs"]}, {Scope.PREDICT, Scope.JOBS}),
        ({"scope": "", "scp": "predict"}, set()),
        ({"scope": None}, set()),
        ({"scope": None, "scp": {"predict": True}}, set()),
        ({"scope": "predictor"}, set()),
    ],
)
def test_scopes_are_those_of_ours_that_are_named(changed: dict[str, Any], scopes: set[Scope]) -> None:
    assert by_keys().caller(token(**changed)).scopes == scopes


def unsigned(header: dict[str, Any], payload: str = "e30") -> str:
    return ".".join([base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode(), payload, "c2ln"])


def signed_by_public_key() -> str:
    """PyJWT refuses to make this one: HS256 with the published RSA key as the secret."""
    key = jwt.PyJWK(
        {"kty": "oct", "alg": "HS256", "k": base64.urlsafe_b64encode(rsa_public_pem()).rstrip(b"=").decode()}
    )
    head, payload, _ = token().split(".")
    head = unsigned({"alg": "HS256", "kid": "rsa-1", "typ": "JWT"}).split(".", maxsplit=1)[0]
    signature = key.Algorithm.sign(f"{head}.{payload}".encode(), key.key)
    return f"{head}.{payload}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


NOW = int(time.time())
BAD = [
    ("no token", "", "not valid"),
    ("no segments", "abc", "not valid"),
    ("rubbish", "a.b.c", "not valid"),
    ("not ASCII", "\xff.\xff.\xff", "not valid"),
    ("deep header", base64.urlsafe_b64encode(b"[" * 5000).decode() + ".e30.e30", "not valid"),
    ("none", token(alg="none"), "not valid"),
    ("None", unsigned({"alg": "None", "kid": "rsa-1"}), "not valid"),
    ("no algorithm", unsigned({"kid": "rsa-1"}), "not valid"),
    ("algorithm list", unsigned({"alg": ["RS256"], "kid": "rsa-1"}), "not valid"),
    ("kid list", unsigned({"alg": "RS256", "kid": ["rsa-1"]}), "not valid"),
    ("no kid", token(kid=None), "unknown key"),
    ("unknown kid", token(kid="rsa-2"), "unknown key"),
    ("public key as secret", signed_by_public_key(), "not valid"),
    ("HS256", token(SECRET, "HS256"), "not valid"),
    ("another algorithm of the family", token(alg="RS512"), "not valid"),
    ("PSS", token(alg="PS256"), "not valid"),
    ("the other key's algorithm", token(ec_key(), "ES256", "rsa-1"), "not valid"),
    ("key named by the token", jwt.encode({}, ec_key(), "ES256", {"jwk": ec_jwk(), "jku": "file:///x", "kid": "x"}),
     "unknown key"),
    ("changed payload", token()[:40] + "A" + token()[41:], "not valid"),
    ("signature cut", token()[:-4], "not valid"),
    ("expired", token(exp=NOW - 31), "has expired"),
    ("not yet valid", token(nbf=NOW + 7200), "not valid yet"),
    ("issued in the future", token(iat=NOW + 7200), "not valid yet"),
    ("another audience", token(aud="other"), "another audience"),
    ("other audiences", token(aud=["other", "triptych2"]), "another audience"),
    ("another issuer", token(iss="https://issuer.example"), "another issuer"),
    ("no exp", token(exp=None), "lacks"),
    ("no iat", token(iat=None), "lacks"),
    ("no iss", token(iss=None), "lacks"),
    ("no aud", token(aud=None), "lacks"),
    ("no sub", token(sub=None), "lacks"),
    ("empty sub", token(sub=""), "empty subject"),
    ("sub a number", token(sub=7), "not valid"),
    ("exp infinite", token(exp=float("inf")), "not valid"),
    ("exp a word", token(exp="tomorrow"), "not valid"),
]  # fmt: skip


@pytest.mark.parametrize(("bad", "says"), [pytest.param(*row[1:], id=row[0]) for row in BAD])
def test_a_bad_token_is_refused_as_one(bad: str, says: str) -> None:
    with pytest.raises(Unauthorized, match=says) as error:
        by_keys().caller(bad)
    assert error.value.bad_token
    assert '"' not in str(error.value), "it is quoted in WWW-Authenticate"


@pytest.mark.parametrize("bad", [token(), token(alg="none", kid=None), token(SECRET + "!", "HS256", kid=None)])
def test_with_a_shared_secret_only_hs256_counts(bad: str) -> None:
    with pytest.raises(Unauthorized):
        by_secret().caller(bad)


@pytest.mark.filterwarnings("ignore:The RSA key is")
def test_a_key_that_is_too_short_signs_for_nobody() -> None:
    short = token(rsa_key(1024), kid="short")
    with pytest.raises(Unauthorized):
        by_keys(rsa_jwk("short", bits=1024)).caller(short)


@pytest.mark.parametrize(("exp", "good"), [(-29, True), (-31, False)])
def test_clocks_may_differ_by_the_leeway(exp: int, good: bool) -> None:
    late = token(exp=int(time.time()) + exp)
    if good:
        assert by_keys().caller(late)
    else:
        with pytest.raises(Unauthorized):
            by_keys().caller(late)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(max_codepoint=255)), st.integers(0, 400), st.booleans())
def test_whatever_is_sent_is_refused_and_never_an_accident(noise: str, at: int, whole: bool) -> None:
    good = token()
    if (sent := noise if whole else good[:at] + noise + good[at + 1 :]) != good:
        with pytest.raises(Unauthorized):
            by_keys().caller(sent)
