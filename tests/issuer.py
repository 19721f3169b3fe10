"""A token issuer with real keys, and its JWKS on a real HTTP server of the loopback."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.listening import listening

ISSUER, AUDIENCE = "https://issuer.example/", "triptych"
_LASTS_S = 24 * 3600  # tables of tokens are made long before they are used
SECRET = "a secret of at least thirty-two characters"  # of HS256


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return _rsa_key(bits)


@cache
def _rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def rsa_jwk(kid: str = "rsa-1", bits: int = 2048) -> dict[str, Any]:
    return dict(RSAAlgorithm.to_jwk(rsa_key(bits).public_key(), as_dict=True)) | {"kid": kid, "use": "sig"}


def ec_jwk(kid: str = "ec-1") -> dict[str, Any]:
    return dict(ECAlgorithm.to_jwk(ec_key().public_key(), as_dict=True)) | {"kid": kid, "alg": "ES256"}


def rsa_public_pem() -> bytes:
    return rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwks() -> dict[str, Any]:
    return {"keys": [rsa_jwk(), ec_jwk()]}


def claims(**changed: Any) -> dict[str, Any]:
    """The claims of a good token; None removes one."""
    now = int(time.time())
    good = {"iss": ISSUER, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + _LASTS_S, "scope": "predict"}
    return {name: value for name, value in (good | changed).items() if value is not None}


def token(key: Any = None, alg: str = "RS256", kid: str | None = "rsa-1", **changed: Any) -> str:
    """A token signed with the RSA key, unless told otherwise."""
    signer: Any = None if alg == "none" else key or rsa_key()
    return jwt.encode(claims(**changed), signer, alg, headers={"kid": kid} if kid else {})


class Published:
    """What the JWKS server answers, to be changed, and how often it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.body = json.dumps(jwks()).encode()
        self.headers: dict[str, str] = {}
        self.asked = 0
        self.silent = threading.Event()
        self.url = ""


@contextmanager
def published() -> Iterator[Published]:
    """Serve a JWK set on a free port of the loopback."""
    answer = Published()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer.asked += 1
            if answer.silent.is_set():
                return  # closes without a word
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with listening(Handler) as address:
        answer.url = f"{address}/jwks.json"
        yield answer
