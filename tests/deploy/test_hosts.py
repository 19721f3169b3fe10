"""Which host nginx asks: what one refuses or breaks off, and what none answers."""

import http.client

import pytest
import requests

from cli.service_process import free_port
from tests.certificate import self_signed
from tests.deploy.conftest import Fronted, address
from tests.deploy.fake_hosts import Front, host
from tests.deploy.plain_words import check_problem, say
from tests.deploy.proxy import Proxy
from tests.deploy.test_nginx import JPEG
from tests.e2e.crowd import body, content_type
from tests.listening import listening


def post(nginx: Proxy, path: str, content: bytes = b"{}") -> requests.Response:
    return requests.post(f"{nginx.url}{path}", data=content, verify=nginx.certificate, timeout=60)


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


def test_inferences_that_crash_workers_leave_the_others_their_answers(front: Front) -> None:
    """Each is a failure of both hosts that tried it; nobody may take both away from all by a few of them."""
    nginx = front.of(host(dies_of=b"bad"), host(dies_of=b"bad"))
    for _ in range(4):
        assert post(nginx, "/predict", b"bad").status_code == 503
        assert post(nginx, "/predict").status_code == 200


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


def test_a_reload_takes_over_hosts_and_certificate(front: Front) -> None:
    old, new = host(), host()
    nginx = front.of(old)
    assert post(nginx, "/predict").status_code == 200
    hosts = nginx.folder / "triptych/web-hosts.conf"
    with listening(new) as added:
        other = hosts.with_suffix(".new")
        other.write_text(f"server {added.removeprefix('http://')};\n")
        other.replace(hosts)
        self_signed(nginx.folder / "tls")
        nginx.reload()
        assert post(nginx, "/predict").status_code == 200, "with the new certificate, which it trusts alone"
    assert (len(old.asked), len(new.asked)) == (1, 1)


@pytest.mark.slow
def test_a_host_that_never_answers_is_given_up_after_the_deadline(front: Front) -> None:
    """Five seconds after it, which the service has to say so itself."""
    nginx = front.of(host(waits=True), TRIPTYCH_DEADLINE_S="1")
    said = say(nginx, "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert said.status == 504
    check_problem(said, "deadline_exceeded")


def test_an_answer_that_comes_before_the_body_has_gone_is_passed_on(front: Front, fronted: Fronted) -> None:
    """The service refuses by the head, while nginx still sends 30 MB."""
    nginx = front.of(hosts=(address(fronted.service),))
    connection = http.client.HTTPSConnection("localhost", nginx.port, context=nginx.context(), timeout=60)
    content = body(JPEG + bytes(30 << 20))
    connection.request("PUT", "/predict", content, {"Content-Type": content_type()})
    answer = connection.getresponse()
    assert answer.status == 405, answer.read()
    connection.close()
