"""What is said to nginx byte for byte, over TLS, and what it answers."""

import http.client
import json
from typing import Any, NamedTuple

from tests.deploy.proxy import Proxy


class Said(NamedTuple):
    """An answer; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


def say(nginx: Proxy, words: str, source: str = "127.0.0.1") -> Said:
    """Send that from the address *source* and read one answer."""
    with nginx.connect(source=source) as connection:
        connection.sendall(words.encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        headers = {name.lower(): content for name, content in answer.getheaders()}
        return Said(answer.status, headers, json.loads(answer.read()))
