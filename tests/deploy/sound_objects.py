"""What must hold of the objects of an installation: one function a sentence, which asserts it."""

from collections.abc import Mapping
from functools import cache

from app import create_app
from config import load_settings
from jobs.messages import TASK_LIMIT_S
from tests.deploy.manifests import NAMES, Manifests, Object

REST_S = 10  # of an orderly end, besides what waits


def settings_are_ours_and_good(found: Manifests) -> None:
    for name in NAMES:
        variables = found.variables(name)
        assert all(each.startswith("TRIPTYCH_") for each in variables)
        settings = load_settings(variables)
        assert settings.host == "0.0.0.0"
        assert settings.prepare == "never"  # there is no TensorFlow, and nowhere to write to


def no_service_puts_settings_into_the_environment(found: Manifests) -> None:
    assert all(found.pod(name)["enableServiceLinks"] is False for name in NAMES)


def the_end_is_waited_for(found: Manifests) -> None:
    settings, (command, pause) = (
        found.settings("web"),
        found.container("web")["lifecycle"]["preStop"]["exec"]["command"],
    )
    assert (command, float(pause)) == ("sleep", settings.drain_s)
    needed = float(pause) + settings.drain_s + settings.grace_s + REST_S
    assert found.pod("web")["terminationGracePeriodSeconds"] >= needed
    assert found.pod("worker")["terminationGracePeriodSeconds"] >= TASK_LIMIT_S + REST_S


def labels_meet(found: Manifests) -> None:
    pods = {name: found.one("Deployment", name)["spec"]["template"]["metadata"]["labels"] for name in NAMES}

    def chosen(labels: Mapping[str, str]) -> list[str]:
        return [name for name in NAMES if labels.items() <= pods[name].items()]

    for name in NAMES:
        assert chosen(found.one("Deployment", name)["spec"]["selector"]["matchLabels"]) == [name]
        assert chosen(found.one("NetworkPolicy", name)["spec"]["podSelector"]["matchLabels"]) == [name]
        (spread,) = found.pod(name)["topologySpreadConstraints"]
        assert chosen(spread["labelSelector"]["matchLabels"]) == [name]
    for budget in found.of("PodDisruptionBudget"):
        assert [f"triptych-{each}" for each in chosen(budget["spec"]["selector"]["matchLabels"])] == [
            budget["metadata"]["name"]
        ]
    assert chosen(found.one("Service", "web")["spec"]["selector"]) == ["web"]
    targets = [each["spec"]["scaleTargetRef"] for each in found.of("HorizontalPodAutoscaler")]
    assert {each["name"] for each in targets} <= {each["metadata"]["name"] for each in found.of("Deployment")}


def one_port_is_meant_by_all(found: Manifests) -> None:
    (port,) = found.container("web")["ports"]
    assert port["containerPort"] == found.settings("web").port
    (served,) = found.one("Service", "web")["spec"]["ports"]
    (let_in,) = found.one("NetworkPolicy", "web")["spec"]["ingress"]
    meant = [served["targetPort"], *(each["port"] for each in let_in["ports"])]
    assert {*meant, *(probe["httpGet"]["port"] for probe in probes(found).values())} == {port["name"]}
    noted = found.one("Deployment", "web")["spec"]["template"]["metadata"]["annotations"]
    assert noted["prometheus.io/scrape"] == "true"
    assert int(noted["prometheus.io/port"]) == port["containerPort"]
    assert noted["prometheus.io/path"] in routes()


def only_named_pods_reach_the_web_and_nobody_a_worker(found: Manifests) -> None:
    for name in NAMES:
        assert found.one("NetworkPolicy", name)["spec"]["policyTypes"] == ["Ingress"]
    assert "ingress" not in found.one("NetworkPolicy", "worker")["spec"]
    (rule,) = found.one("NetworkPolicy", "web")["spec"]["ingress"]
    for who in rule["from"]:
        assert who.get("podSelector", {}).get("matchLabels"), "every pod there could say who its caller is"
        assert who.keys() <= {"podSelector", "namespaceSelector"}
        if "namespaceSelector" in who:
            assert who["namespaceSelector"]["matchLabels"].keys() == {"kubernetes.io/metadata.name"}


def probes(found: Manifests) -> dict[str, Object]:
    return {key: value for key, value in found.container("web").items() if key.endswith("Probe")}


@cache
def routes() -> set[str]:
    return {rule.rule for rule in create_app(load_settings({})).url_map.iter_rules() if "GET" in (rule.methods or ())}


def some_pods_stay(found: Manifests) -> None:
    """While a new version is rolled out, and while a node is drained."""
    for name in NAMES:
        strategy = found.one("Deployment", name)["spec"]["strategy"]["rollingUpdate"]
        assert strategy["maxUnavailable"] + strategy["maxSurge"] == 1
    assert found.one("Deployment", "web")["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] < found.floor("web")
    budgets = {
        each["metadata"]["name"].removeprefix("triptych-"): each["spec"] for each in found.of("PodDisruptionBudget")
    }
    assert "web" in budgets
    for name, budget in budgets.items():
        assert 1 <= budget["minAvailable"] < found.floor(name), f"{name}: no node could ever be drained"


ALWAYS = (
    settings_are_ours_and_good,
    no_service_puts_settings_into_the_environment,
    the_end_is_waited_for,
    labels_meet,
    one_port_is_meant_by_all,
    only_named_pods_reach_the_web_and_nobody_a_worker,
)
OF_OVERLAYS = (some_pods_stay,)  # base says nothing of replicas
