"""The OpenAPI document says what the service does: routes, codes, shapes."""

import io
import re
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from werkzeug.test import TestResponse

from tests.api.test_predict import BRIGHT, post
from tests.api.test_several import send, service
from tests.conftest import ROOT
from tests.fakes import served
from web.errors import PROBLEMS, problem_body

DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "web/openapi.yaml").read_text())
UNSEEN = {"caller_gone"}  # its caller has left


def matches(schema: dict[str, Any], value: object) -> None:
    Draft202012Validator(schema | {"components": DOCUMENT["components"]}).validate(value)


def resolved(node: Any) -> Any:
    """Follow a reference within the document."""
    while "$ref" in node:
        target: Any = DOCUMENT
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


BODY = resolved(DOCUMENT["paths"]["/predict"]["post"]["requestBody"])


def responses() -> list[tuple[str, str, str, Any]]:
    return [
        (path, method, status, resolved(response))
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
        for status, response in operation["responses"].items()
    ]


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


def test_it_has_every_route_and_no_other(app: Flask) -> None:
    ours = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    described = {(path, method) for path, operations in DOCUMENT["paths"].items() for method in operations}
    assert {each for each in ours if not each[0].startswith("/v1/")} == described
    assert {(path.removeprefix("/v1"), m) for path, m in ours if path.startswith("/v1/")} == described


def test_it_has_every_code_with_its_status_and_no_other() -> None:
    described = {
        (code, int(status))
        for _, _, status, response in responses()
        if int(status) >= 400
        for code in response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"]["enum"]
    }
    ours = {(code, problem.status) for code, problem in PROBLEMS.items() if code not in UNSEEN}
    assert described == ours
    assert set(DOCUMENT["components"]["schemas"]["Code"]["enum"]) == {code for code, _ in described}


def test_its_examples_are_what_it_describes() -> None:
    checked = 0
    for _, _, _, response in responses():
        for content in response.get("content", {}).values():
            for example in content.get("examples", {}).values():
                matches(content["schema"], example["value"])
                checked += 1
    assert checked > 30
    for content in BODY["content"].values():
        for example in content.get("examples", {}).values():
            matches(content["schema"], example["value"])


def test_its_problems_are_those_that_the_service_would_answer() -> None:
    for path, _, status, response in responses():
        examples = response.get("content", {}).get("application/problem+json", {}).get("examples", {})
        assert bool(examples) is (int(status) >= 400), path
        for code, example in examples.items():
            shown = {name: value for name, value in example["value"].items() if name != "reasons"}
            assert shown == problem_body(code, shown["detail"], shown["instance"], shown["request_id"])
            assert shown["status"] == int(status)


OK_JSON = DOCUMENT["paths"]["/predict"]["post"]["responses"]["200"]["content"]["application/json"]


def example(name: str) -> Any:
    return OK_JSON["examples"][name]["value"]


def answered(client: FlaskClient, name: str) -> TestResponse:
    if name == "several_images":
        return send(client, BRIGHT, b"I am text")
    return post(client, model="all" if name == "one_image_several_models" else "resnet50")


def test_answers_have_the_members_of_the_examples() -> None:
    client = service(mobilenetv2=served(), resnet50=served())
    for name in ("one_image_one_model", "one_image_several_models", "several_images"):
        answer, shown = answered(client, name).get_json(), example(name)
        matches(OK_JSON["schema"], answer)
        assert shape(answer) == shape(shown), name
    (bad,) = [each for each in answer["predictions"] if "code" in each]
    assert bad | {"file": "b.txt"} == shown["predictions"][1]


def shape(value: Any) -> Any:
    """The names of the members, deep down; of lists of labels only the first, for their number may differ."""
    if isinstance(value, dict):
        return {key: shape(each) for key, each in value.items()}
    if isinstance(value, list):
        return [shape(each) for each in (value[:1] if value and "class" in value[0] else value)]
    return type(value).__name__


@pytest.mark.parametrize("path", ["/models", "/models/resnet50", "/models/vgg16", "/livez", "/readyz", "/nowhere"])
def test_what_other_routes_answer_is_described(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    if path == "/nowhere":
        return matches(DOCUMENT["components"]["schemas"]["Problem"], answer.get_json())
    described = DOCUMENT["paths"][re.sub("(?<=/models/).*", "{name}", path)]["get"]["responses"]
    content = resolved(described[str(answer.status_code)])["content"]
    return matches(content[answer.mimetype]["schema"], answer.get_json())


def test_the_example_of_a_json_body_is_answered(client: FlaskClient) -> None:
    body = BODY["content"]["application/json"]
    assert client.post("/predict", json=body["examples"]["one_pixel"]["value"]).status_code == 200


def fetched(client: FlaskClient, path: str, **headers: str) -> TestResponse:
    return client.get(path, headers=headers)


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_the_document_and_the_page_are_served_without_another_host(client: FlaskClient, prefix: str) -> None:
    document = fetched(client, f"{prefix}/openapi.yaml")
    assert yaml.safe_load(io.BytesIO(document.data)) == DOCUMENT
    again = fetched(client, f"{prefix}/openapi.yaml", **{"If-None-Match": document.headers["ETag"]})
    assert again.status_code == 304
    page = fetched(client, f"{prefix}/docs")
    assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"].split("style-src")[0]
    assets = re.findall(r'(?:src|href)="(?!data:)([^"]+)"', page.text)
    assert len(assets) == 3
    for asset in assets:
        assert fetched(client, f"{prefix}/{asset}").status_code == 200
    assert fetched(client, f"{prefix}/docs/other.js").get_json()["code"] == "not_found"
