"""What is said to nginx byte for byte, over TLS, and what it answers."""

import http.client
import json
from io import BufferedReader
from typing import Any, NamedTuple

from tests.deploy.proxy import Proxy
from web.errors import problem_body


class Said(NamedTuple):
    """An answer; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


def say(nginx: Proxy, words: str, source: str = "127.0.0.1", host: str = "localhost") -> Said:
    """Send that from the address *source* to *host* and read one answer."""
    with nginx.connect(source=source, host=host) as connection:
        connection.sendall(words.encode())
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        headers = {name.lower(): content for name, content in answer.getheaders()}
        return Said(answer.status, headers, json.loads(answer.read()))


def say_often(nginx: Proxy, words: str, times: int, source: str = "127.0.0.1") -> list[int]:
    """Send that so often at once, over one connection; return the statuses."""
    with nginx.connect(source=source) as connection, connection.makefile("rb") as answers:
        connection.sendall(words.encode() * times)
        return [_status(answers) for _ in range(times)]


def _status(answers: BufferedReader) -> int:
    status = int(answers.readline().split()[1])
    headers = http.client.parse_headers(answers)
    answers.read(int(headers["Content-Length"]))
    return status


def check_problem(said: Said, code: str) -> None:
    """It has every member that the service's own has, and says the same of its kind."""
    wanted: dict[str, Any] = problem_body(code, "", "", "")
    assert said.headers["content-type"] == "application/problem+json"
    assert said.headers["strict-transport-security"]
    assert said.body.keys() == wanted.keys()
    differing = {name for name in wanted if said.body[name] != wanted[name]}
    assert differing == {"detail", "instance", "request_id"}
    assert said.headers["x-request-id"] == said.body["request_id"]
    assert ("retry-after" in said.headers) == (wanted["status"] in (429, 503))
