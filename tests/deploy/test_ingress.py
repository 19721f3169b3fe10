"""deploy/k8s/components/ingress: the way in from outside, and that it limits callers as deploy/nginx does."""

import re

import pytest

from app import create_app
from config import load_settings
from tests.deploy.manifests import Manifests, Object, built_with_components
from tests.deploy.proxy import NGINX, SETTINGS

NAMES = ("predict", "jobs", "web")
BY_NGINX = (NGINX / "templates/triptych.conf.template").read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=["cpu", "gpu"])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    return built_with_components(request.param, tmp_path_factory.mktemp("installation"))


def paths(found: Manifests, name: str) -> list[Object]:
    (rule,) = found.one("Ingress", name)["spec"]["rules"]
    result: list[Object] = rule["http"]["paths"]
    return result


def leads_to(found: Manifests, route: str) -> str | None:
    """The Ingress that takes a request for *route*; Exact comes first."""
    all_paths = [(name, each["pathType"], each["path"]) for name in NAMES for each in paths(found, name)]
    exact = [name for name, kind, path in all_paths if (kind, path) == ("Exact", route)]
    below = [
        name for name, kind, path in all_paths if kind == "Prefix" and f"{route}/".startswith(f"{path.rstrip('/')}/")
    ]
    return next(iter(exact + below), None)


def said(found: Manifests, name: str) -> dict[str, str]:
    noted: dict[str, str] = found.one("Ingress", name)["metadata"]["annotations"]
    return {key.removeprefix("nginx.ingress.kubernetes.io/"): value for key, value in noted.items()}


def test_all_that_callers_need_is_led_to_and_metrics_are_not(found: Manifests) -> None:
    routes = {each.rule for each in create_app(load_settings({})).url_map.iter_rules()}
    expected: dict[str, str | None] = dict.fromkeys(routes, "web")
    for prefix in ("", "/v1"):
        expected |= {f"{prefix}/predict": "predict", f"{prefix}/jobs": "jobs"}
        expected |= dict.fromkeys([f"{prefix}/{name}" for name in ("metrics", "readyz", "healthz")])
    assert {route: leads_to(found, route) for route in routes} == expected


def test_no_path_is_in_two_of_them(found: Manifests) -> None:
    """The controller's admission compares paths without their pathType."""
    every = [each["path"] for name in NAMES for each in paths(found, name)]
    assert len(every) == len({*every})


def test_all_are_of_one_host_with_one_certificate(found: Manifests) -> None:
    assert sorted(each["metadata"]["name"] for each in found.of("Ingress")) == [
        f"triptych-{it}" for it in sorted(NAMES)
    ]
    specs = [found.one("Ingress", name)["spec"] for name in NAMES]
    for spec in specs:
        assert spec["tls"] == specs[0]["tls"]
        assert [each["host"] for each in spec["rules"]] == spec["tls"][0]["hosts"]
        assert spec["ingressClassName"] == "nginx"
        assert {each["backend"]["service"]["name"] for each in spec["rules"][0]["http"]["paths"]} == {"triptych-web"}


def test_one_address_may_do_as_much_as_with_nginx(found: Manifests) -> None:
    for name in ("predict", "jobs"):
        limits = said(found, name)
        assert limits["limit-rps"] == SETTINGS["REQUESTS_PER_S"]
        assert int(limits["limit-rps"]) * int(limits["limit-burst-multiplier"]) == int(SETTINGS["REQUESTS_BURST"])
        assert limits["limit-connections"] == SETTINGS["UPLOADS_AT_ONCE"]
    assert f"limit_conn others {said(found, 'web')['limit-connections']};" in BY_NGINX
    assert "limit-rps" not in said(found, "web"), "the page's modules would count"


def test_a_second_pod_is_asked_where_nginx_asks_a_second_host(found: Manifests) -> None:
    by_nginx = re.findall(r"^ +proxy_next_upstream (.+);$", BY_NGINX, re.MULTILINE)
    assert [said(found, name)["proxy-next-upstream"] for name in NAMES] == by_nginx
    assert ["non_idempotent" in each for each in by_nginx] == [True, False, False]
    passed_on = (NGINX / "pass-on.conf").read_text(encoding="utf-8")
    for name in NAMES:
        assert f"proxy_next_upstream_tries {said(found, name)['proxy-next-upstream-tries']};" in passed_on
        assert f"proxy_next_upstream_timeout {said(found, name)['proxy-next-upstream-timeout']}s;" in passed_on


def test_it_takes_as_much_and_waits_as_long_as_the_service_does(found: Manifests) -> None:
    settings = found.settings("web")
    assert settings.trusted_proxies == 1
    assert [said(found, name)["proxy-body-size"] for name in NAMES] == [f"{settings.max_request_mb}m"] * 2 + ["64k"]
    for name in NAMES:
        assert float(said(found, name)["proxy-read-timeout"]) > settings.deadline_s
        assert said(found, name)["proxy-request-buffering"] == said(found, name)["proxy-buffering"] == "on"
