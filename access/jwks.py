"""The public keys of a token issuer (RFC 7517), by key id: from a file or from the issuer's address.

PyJWT's own client is not used: its timeout bounds no fetch (see `access.fetch`), it forgets the keys when they are old
and the issuer can't be reached, and it pauses only after fetches that went well.
"""

import json
import logging
import math
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import jwt

from access import fetch
from access.errors import NoKeys
from access.watched_file import WatchedFile

log = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "ES256")
_FRESH_S = 300.0  # a key that the issuer has withdrawn is believed so long
_PAUSE_S = 30.0  # between two fetches, whatever key ids callers make up
TIMEOUT_S = 3.0  # of a whole fetch, of which 0.1 is Python's start; meanwhile this worker answers nobody
_TEXTS = ("kty", "kid", "use", "alg", "crv", "n", "e", "x", "y")

PublicKeys = Mapping[str, jwt.PyJWK]


def public_keys(text: bytes) -> PublicKeys:
    """Return the keys of a JWK set that can check RS256 or ES256.  Raises: ValueError: there is none."""
    try:
        data = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    listed = data.get("keys") if isinstance(data, dict) else None
    usable = [each for each in listed if _is_public(each)] if isinstance(listed, list) else []
    try:
        found = jwt.PyJWKSet.from_dict({"keys": usable}).keys
    except jwt.PyJWTError:
        found = []
    keys = {str(key.key_id): key for key in found if key.algorithm_name in ALGORITHMS}
    if not keys:
        raise ValueError(f"no public key with a kid for {' or '.join(ALGORITHMS)}")
    return keys


def _is_public(key: object) -> bool:
    """Say whether a JWK is for checking signatures. Never a symmetric one ("k"): whoever can read that can sign."""
    return (
        isinstance(key, dict)
        and all(isinstance(key.get(name, ""), str) for name in _TEXTS)  # PyJWT takes it for granted
        and bool(key.get("kid"))
        and key.get("use", "sig") == "sig"
        and not {"d", "k"} & set(key)
    )


class KeysOfFile:
    """An issuer's keys, as a file that others keep up to date."""

    def __init__(self, path: Path) -> None:
        self.file: WatchedFile[PublicKeys] = WatchedFile(path, public_keys, {})

    def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key named *kid*.  Raises: NoKeys: the file never made sense."""
        keys = self.file.current()
        if not keys:
            raise NoKeys
        return keys.get(kid)


def issuer_at(url: str, timeout_s: float = TIMEOUT_S) -> Callable[[], bytes]:
    """Return what fetches the JWK set at *url*, within *timeout_s* whatever happens.  It raises: OSError."""
    command = [sys.executable, "-I", "-S", fetch.__file__, url]

    def fetched() -> bytes:
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=timeout_s)  # noqa: S603  # ours
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"no whole answer within {timeout_s:g} s") from None
        if done.returncode:
            raise OSError(done.stderr.decode(errors="replace").strip()[-300:] or f"it ended with {done.returncode}")
        return done.stdout

    return fetched


class FetchedKeys:
    """An issuer's keys: fetched when first needed, when old, and when a token names one that is unknown.

    At most one fetch each 30 seconds; while fetches fail, the last good keys stay in use.
    """

    def __init__(self, ask: Callable[[], bytes], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: PublicKeys = {}
        self._tried_at = self._had_at = -float("inf")

    def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key named *kid*.  Raises: NoKeys: none were ever had."""
        with self._lock:
            now = self._clock()
            wanted = kid not in self._keys or now - self._had_at >= _FRESH_S
            if wanted and now - self._tried_at >= _PAUSE_S:
                self._tried_at = now
                self._renew()
            if not self._keys:
                raise NoKeys(math.ceil(self._tried_at + _PAUSE_S - now))
            return self._keys.get(kid)

    def _renew(self) -> None:
        try:
            self._keys = public_keys(self._ask())
        except (OSError, ValueError) as error:
            log.error("The token issuer's keys can't be fetched: %s", error)
        else:
            self._had_at = self._tried_at
