"""Which host nginx asks: what one refuses or breaks off, what none answers, and how much one caller may ask."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import requests

from cli.service_process import free_port
from tests.deploy.conftest import Fronted, address
from tests.deploy.plain_words import say
from tests.deploy.proxy import Proxy, proxy
from tests.deploy.test_nginx import JPEG, check_problem
from tests.e2e.crowd import body, content_type
from tests.e2e.server import until
from tests.listening import listening


class Host(BaseHTTPRequestHandler):
    """One that does at the very moment what a real one does once in a while."""

    asked: list[str]
    refuses = breaks_off = False

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(self.path)
        if self.breaks_off:
            self.close_connection = True
            return
        self.send_response(503 if self.refuses else 200)
        if self.refuses:
            self.send_header("Retry-After", "7")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


def host(*, refuses: bool = False, breaks_off: bool = False) -> type[Host]:
    return type("AHost", (Host,), {"asked": [], "refuses": refuses, "breaks_off": breaks_off})


@pytest.fixture
def front(tmp_path: Path) -> Iterator["Front"]:
    with ExitStack() as stack:
        yield Front(stack, tmp_path)


class Front:
    """Makes an nginx in front of fakes."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack, self._folder = stack, folder

    def of(self, *kinds: type[Host], hosts: tuple[str, ...] = (), **settings: str) -> Proxy:
        listeners = [self._stack.enter_context(listening(kind)).removeprefix("http://") for kind in kinds]
        return self._stack.enter_context(proxy(self._folder / "nginx", [*listeners, *hosts], **settings))


def post(nginx: Proxy, path: str) -> requests.Response:
    return requests.post(f"{nginx.url}{path}", data=b"{}", verify=nginx.certificate, timeout=60)


@pytest.mark.parametrize("path", ["/predict", "/v1/predict", "/jobs"])
def test_a_request_that_a_host_refused_is_never_repeated(front: Front, path: str) -> None:
    """All refuse when one does: a second try would double an overload."""
    one, two = host(refuses=True), host(refuses=True)
    nginx = front.of(one, two)
    for asked in range(1, 5):
        answer = post(nginx, path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "7")
        assert len(one.asked) + len(two.asked) == asked


@pytest.mark.parametrize("path", ["/predict", "/v1/predict"])
def test_an_inference_that_a_host_broke_off_is_done_by_another(front: Front, path: str) -> None:
    broken, sound = host(breaks_off=True), host()
    nginx = front.of(broken, sound)
    assert [post(nginx, path).status_code for _ in range(4)] == [200] * 4
    assert broken.asked
    assert len(sound.asked) == 4


@pytest.mark.parametrize("path", ["/jobs", "/v1/jobs"])
def test_a_job_that_a_host_may_have_made_is_not_made_again(front: Front, path: str) -> None:
    broken, sound = host(breaks_off=True), host()
    nginx = front.of(broken, sound)
    statuses = [post(nginx, path).status_code for _ in range(4)]
    assert sorted(set(statuses)) == [200, 503]
    assert len(broken.asked) + len(sound.asked) == 4
    assert statuses.count(503) == len(broken.asked)


@pytest.mark.parametrize("path", ["/predict", "/jobs", "/readyz"])
def test_a_host_where_nobody_listens_costs_no_request(front: Front, fronted: Fronted, path: str) -> None:
    nginx = front.of(hosts=(f"127.0.0.1:{free_port()}", address(fronted.service)))
    for _ in range(4):
        answer = requests.request(
            "GET" if path == "/readyz" else "POST", f"{nginx.url}{path}", verify=nginx.certificate
        )
        assert answer.status_code == {"/predict": 400, "/jobs": 404, "/readyz": 200}[path]
        assert answer.status_code == 200 or answer.json()["code"] in ("missing_file", "jobs_disabled")


def test_where_no_host_answers_the_caller_is_told_to_come_again(front: Front) -> None:
    nginx = front.of(hosts=(f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"))
    for _ in range(8):  # also when all of them are left alone
        said = say(nginx, "GET /models HTTP/1.1\r\nHost: x\r\n\r\n")
        assert said.status == 503
        check_problem(said, "not_ready")


@pytest.mark.slow
def test_a_host_that_never_answers_is_given_up_after_the_deadline(front: Front) -> None:
    """Five seconds after it, which the service needs to say so itself."""

    class Silent(Host):
        asked: list[str] = []  # noqa: RUF012  # of this one class
        over = threading.Event()

        def do_POST(self) -> None:
            self.asked.append(self.path)
            self.over.wait()

    nginx = front.of(Silent, host(), TRIPTYCH_DEADLINE_S="1")
    said = say(nginx, "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    Silent.over.set()
    assert said.status == 504
    check_problem(said, "deadline_exceeded")


def test_one_caller_may_not_ask_too_often_and_others_may(front: Front) -> None:
    """Whatever the first says of himself."""
    sound = host()
    nginx = front.of(sound, REQUESTS_PER_S="1", REQUESTS_BURST="2")
    words = "POST /predict HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {}\r\nContent-Length: 0\r\n\r\n"
    first = [say(nginx, words.format(f"9.9.9.{number}")) for number in range(6)]
    assert [said.status for said in first].count(429) >= 2
    check_problem(next(said for said in first if said.status == 429), "rate_limited")
    assert say(nginx, words.format("x"), source="127.0.0.9").status == 200
    assert len(sound.asked) < 7


def test_one_caller_may_not_send_too_much_at_once_and_others_may(front: Front) -> None:
    nginx = front.of(host(), UPLOADS_AT_ONCE="1")
    begun = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
    whole = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    with nginx.connect() as slow:
        slow.sendall(begun.encode())
        until(lambda: say(nginx, whole).status == 429, "both are let in")
        assert say(nginx, whole, source="127.0.0.9").status == 200
    until(lambda: say(nginx, whole).status == 200, "the place is never free again")


def test_an_answer_that_comes_before_the_body_has_gone_is_passed_on(front: Front, fronted: Fronted) -> None:
    """The service refuses by the head, while nginx still sends 30 MB."""
    nginx = front.of(hosts=(address(fronted.service),))
    connection = http.client.HTTPSConnection("localhost", nginx.port, context=nginx.context(), timeout=60)
    content = body(JPEG + bytes(30 << 20))
    connection.request("PUT", "/predict", content, {"Content-Type": content_type()})
    answer = connection.getresponse()
    assert answer.status == 405, answer.read()
    connection.close()
