"""Whose a job is, and what a request that is sent twice makes."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from access.api_key import new_key
from access.caller import Scope
from access.key_file import edited
from tests.api.jobs import REPLY, forget, kept, made, service, store, submit, work
from tests.api.test_predict import BRIGHT, DARK
from tests.pictures import multipart
from web.request import MB

NOBODY = "0" * 32
LARGE = bytes(MB + 1)  # more than MAX_UPLOAD_MB here


@pytest.fixture
def two_keys(tmp_path: Path) -> dict[str, str]:
    """The file of two keys for jobs and one for predictions; and those keys."""
    scopes = {"anna": Scope.JOBS, "bert": Scope.JOBS, "other": Scope.PREDICT}
    new = {name: new_key(name, (scope,), datetime.now(UTC), None) for name, scope in scopes.items()}
    with edited(tmp_path / "keys.json") as known:
        known.update((key.id, key) for _, key in new.values())
    return {name: key for name, (key, _) in new.items()} | {"file": str(tmp_path / "keys.json")}


def test_a_request_that_is_sent_again_with_its_key_makes_one_job(redis_url: str) -> None:
    client = service(redis_url)
    first = made(client, BRIGHT, DARK, key="k")
    before = kept(redis_url)
    again = submit(client, BRIGHT, DARK, key="k")
    assert (again.status_code, again.get_json()["id"]) == (202, first)
    assert again.headers["Location"] == f"/jobs/{first}"
    assert kept(redis_url) == before
    work(redis_url, first, REPLY, REPLY)
    assert submit(client, BRIGHT, DARK, key="k").get_json()["state"] == "done"
    assert made(client, BRIGHT, DARK) != first, "without a key it is another"


def test_a_key_that_stands_for_something_else_is_a_conflict(redis_url: str) -> None:
    client = service(redis_url)
    made(client, BRIGHT, DARK, key="k")
    before = kept(redis_url)
    others = [multipart(DARK, BRIGHT), multipart(BRIGHT), multipart(BRIGHT, DARK, top="1"), multipart(BRIGHT, LARGE)]
    for other in others:
        answer = client.post("/jobs", headers={"Idempotency-Key": "k"}, **other)
        assert (answer.status_code, answer.get_json()["code"]) == (409, "idempotency_conflict")
    assert kept(redis_url) == before


def test_a_key_is_free_again_once_its_job_is_forgotten(redis_url: str) -> None:
    client = service(redis_url)
    first = made(client, BRIGHT, key="k")
    forget(redis_url, first)
    assert made(client, BRIGHT, key="k") != first


def test_keys_of_two_callers_never_meet(redis_url: str, two_keys: dict[str, str]) -> None:
    client = service(redis_url, API_KEYS_FILE=two_keys["file"])
    ids = [made(client, BRIGHT, key="k", **{"X-API-Key": two_keys[name]}) for name in ("anna", "bert", "anna")]
    assert ids[0] == ids[2] != ids[1]


def test_a_job_is_its_caller_s_alone(redis_url: str, two_keys: dict[str, str]) -> None:
    client = service(redis_url, API_KEYS_FILE=two_keys["file"])
    anna, bert, other = ({"X-API-Key": two_keys[name]} for name in ("anna", "bert", "other"))
    job_id = made(client, BRIGHT, **anna)
    for method in ("GET", "DELETE"):
        asked = {
            who: client.open(f"/jobs/{job_id}", method=method, headers=headers)
            for who, headers in (("bert", bert), ("nobody", {}), ("other", other))
        }
        assert {who: answer.status_code for who, answer in asked.items()} == {"bert": 404, "nobody": 401, "other": 403}
        unknown = client.open(f"/jobs/{NOBODY}", method=method, headers=bert).get_json()
        assert asked["bert"].get_json()["detail"] == unknown["detail"], "it is not told that there is one"
    assert client.get(f"/jobs/{job_id}", headers=anna).get_json()["state"] == "queued"
    forget(redis_url, job_id)
    assert [client.get(f"/jobs/{job_id}", headers=who).status_code for who in (anna, bert)] == [410, 404]


def test_who_may_not_call_makes_no_job(redis_url: str, two_keys: dict[str, str]) -> None:
    client = service(redis_url, API_KEYS_FILE=two_keys["file"])
    assert submit(client).status_code == 401
    assert submit(client, **{"X-API-Key": two_keys["other"]}).status_code == 403
    assert kept(redis_url) == []


def test_only_submitting_counts_towards_the_rate(redis_url: str) -> None:
    client = service(redis_url, RATE_LIMIT="3/hour")
    job_id = made(client)
    for _ in range(5):
        assert client.get(f"/jobs/{job_id}").status_code == 200
        assert client.delete(f"/jobs/{job_id}").status_code == 200
    assert client.post("/predict", **multipart(BRIGHT)).status_code == 200
    assert [submit(client).status_code for _ in range(2)] == [202, 429]


def test_what_is_kept_of_a_job_tells_no_name_but_those_of_its_files(redis_url: str, two_keys: dict[str, str]) -> None:
    client = service(redis_url, API_KEYS_FILE=two_keys["file"])
    made(client, BRIGHT, key="secret-of-anna", **{"X-API-Key": two_keys["anna"]})
    with store(redis_url) as connection:
        written: Any = [connection.dump(name) for name in kept(redis_url)]
    assert not [each for each in written if b"secret-of-anna" in each or two_keys["anna"].encode() in each]
    assert "secret-of-anna" not in json.dumps(kept(redis_url))


def test_a_page_of_an_allowed_origin_can_make_look_at_and_end_a_job(redis_url: str) -> None:
    client = service(redis_url)
    asked = {"Origin": "https://page.example", "Access-Control-Request-Method": "DELETE"}
    wanted = {"Access-Control-Request-Headers": "idempotency-key,x-api-key"}
    preflight = client.options(f"/jobs/{NOBODY}", headers=asked | wanted)
    assert "DELETE" in preflight.headers["Access-Control-Allow-Methods"]
    assert "idempotency-key" in preflight.headers["Access-Control-Allow-Headers"].lower()
    answer = submit(client, Origin="https://page.example")
    assert {"Location", "Retry-After"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))
