"""What the checks of an installation are worth: each sees a fault that is put into sound manifests."""

from typing import Any, NamedTuple

import pytest

from config import SettingsError
from tests.deploy import sound_objects as objects
from tests.deploy import sound_pods as pods
from tests.deploy.manifests import K8S, Check, Manifests, base, built

POD = "spec.template.spec."
OURS = POD + "containers.0."
GONE = object()


class Fault(NamedTuple):
    """*value* put at *place* of one object; GONE takes away what is there."""

    check: Check
    kind: str
    name: str
    place: str
    value: Any = GONE

    def put_into(self, found: Manifests) -> None:
        at: Any = found.one(self.kind, self.name)
        *way, last = (int(step) if step.isdecimal() else step.replace("~", ".") for step in self.place.split("."))
        for step in way:
            at = at[step]
        if self.value is GONE:
            del at[last]
        else:
            at[last] = self.value


def of_web(check: Check, place: str, value: Any = GONE) -> Fault:
    return Fault(check, "Deployment", "web", place, value)


def of_worker(check: Check, place: str, value: Any = GONE) -> Fault:
    return Fault(check, "Deployment", "worker", place, value)


def of_settings(check: Check, name: str, value: Any = GONE) -> Fault:
    return Fault(check, "ConfigMap", "settings", f"data.TRIPTYCH_{name}", value)


ONLY_NAMED_PODS = objects.only_named_pods_reach_the_web_and_nobody_a_worker
POLICY_FROM = "spec.ingress.0.from.0"
SELECTED = "spec.selector.matchLabels.app~kubernetes~io/component"
FAULTS = [
    of_settings(objects.settings_are_ours_and_good, "DRAIN", "5"),
    of_settings(objects.settings_are_ours_and_good, "MAX_PIXELS", "many"),
    of_settings(objects.settings_are_ours_and_good, "HOST"),
    of_web(objects.no_service_puts_settings_into_the_environment, POD + "enableServiceLinks", True),
    of_web(objects.the_end_is_waited_for, POD + "terminationGracePeriodSeconds", 49),
    of_settings(objects.the_end_is_waited_for, "GRACE_S", "31"),
    of_settings(objects.the_end_is_waited_for, "DRAIN_S", "4"),
    of_worker(objects.the_end_is_waited_for, POD + "terminationGracePeriodSeconds", 30),
    of_worker(objects.labels_meet, SELECTED, "web"),
    of_web(objects.labels_meet, SELECTED),
    Fault(objects.labels_meet, "Service", "web", "spec.selector.app~kubernetes~io/component"),
    Fault(objects.labels_meet, "PodDisruptionBudget", "worker", SELECTED, "web"),
    Fault(objects.labels_meet, "NetworkPolicy", "web", "spec.podSelector.matchLabels.app~kubernetes~io/name", "other"),
    Fault(objects.one_port_is_meant_by_all, "Service", "web", "spec.ports.0.targetPort", 80),
    Fault(objects.one_port_is_meant_by_all, "NetworkPolicy", "web", "spec.ingress.0.ports.0.port", 80),
    of_web(objects.one_port_is_meant_by_all, "spec.template.metadata.annotations.prometheus~io/path", "/metric"),
    of_settings(objects.one_port_is_meant_by_all, "PORT", "8080"),
    Fault(ONLY_NAMED_PODS, "NetworkPolicy", "web", POLICY_FROM, {}),
    Fault(ONLY_NAMED_PODS, "NetworkPolicy", "web", POLICY_FROM + ".podSelector"),
    Fault(ONLY_NAMED_PODS, "NetworkPolicy", "web", POLICY_FROM + ".namespaceSelector.matchLabels", {}),
    Fault(ONLY_NAMED_PODS, "NetworkPolicy", "worker", "spec.ingress", [{}]),
    of_web(pods.no_container_runs_as_root_or_may_become_it, POD + "securityContext.runAsUser", 0),
    of_worker(pods.no_container_runs_as_root_or_may_become_it, OURS + "securityContext.readOnlyRootFilesystem", False),
    of_worker(pods.no_container_runs_as_root_or_may_become_it, OURS + "securityContext.runAsUser", 0),
    of_web(pods.what_is_written_lies_in_memory_and_is_bounded, POD + "volumes.0.emptyDir.sizeLimit"),
    of_web(pods.what_is_written_lies_in_memory_and_is_bounded, OURS + "volumeMounts.1"),
    of_worker(pods.memory_holds_what_was_measured, OURS + "resources.limits.memory", "3Gi"),
    of_web(pods.memory_holds_what_was_measured, POD + "volumes.1.emptyDir.sizeLimit", "64Mi"),
    of_settings(pods.memory_holds_what_was_measured, "MAX_PIXELS", "100000000"),
    of_web(pods.nothing_is_overcommitted, OURS + "resources.requests.memory", "1Gi"),
    of_web(
        pods.nothing_is_overcommitted,
        OURS + "resources",
        {each: {"cpu": "2500m", "memory": "4Gi"} for each in ("requests", "limits")},
    ),
    of_settings(pods.nothing_is_overcommitted, "DEVICE", "gpu"),
    of_web(pods.probes_ask_this_pod_and_wait_their_turn, OURS + "livenessProbe.httpGet.path", "/readyz"),
    of_web(pods.probes_ask_this_pod_and_wait_their_turn, OURS + "readinessProbe.timeoutSeconds", 10),
    of_web(pods.probes_ask_this_pod_and_wait_their_turn, OURS + "livenessProbe.failureThreshold", 2),
    of_settings(pods.probes_ask_this_pod_and_wait_their_turn, "DEADLINE_S", "12"),
    of_web(pods.all_run_one_image_of_a_named_tag, OURS + "image", "triptych:latest"),
    of_web(pods.all_run_one_image_of_a_named_tag, OURS + "image", "registry.example:5000/triptych"),
    of_worker(pods.all_run_one_image_of_a_named_tag, OURS + "command", ["flask"]),
    of_worker(pods.only_a_worker_needs_redis, OURS + "env.1.valueFrom.secretKeyRef.optional", True),
    of_web(pods.only_a_worker_needs_redis, OURS + "env.1.valueFrom.secretKeyRef.optional"),
]


SURGE = "spec.strategy.rollingUpdate.maxSurge"
OVERLAY_FAULTS = [
    ("cpu", Fault(objects.some_pods_stay, "PodDisruptionBudget", "web", "spec.minAvailable", 2)),
    ("cpu", Fault(objects.some_pods_stay, "PodDisruptionBudget", "worker", "spec.minAvailable", 2)),
    ("cpu", Fault(objects.some_pods_stay, "PodDisruptionBudget", "web", "spec.minAvailable", 0)),
    ("cpu", Fault(objects.some_pods_stay, "HorizontalPodAutoscaler", "web", "spec.minReplicas", 1)),
    ("cpu", of_worker(objects.some_pods_stay, SURGE, 0)),
    ("gpu", of_web(objects.some_pods_stay, "spec.replicas", 1)),
    ("gpu", of_web(objects.some_pods_stay, SURGE, 1)),
]


def name_of(fault: Fault | str) -> str:
    return fault if isinstance(fault, str) else f"{fault.kind}-{fault.name}-{fault.place}"


@pytest.mark.parametrize("fault", FAULTS, ids=name_of)
def test_a_fault_is_seen(fault: Fault) -> None:
    check_is_seen(fault, base())


@pytest.mark.parametrize(("overlay", "fault"), OVERLAY_FAULTS, ids=name_of)
def test_a_fault_of_an_overlay_is_seen(overlay: str, fault: Fault) -> None:
    check_is_seen(fault, built(K8S / "overlays" / overlay))


def check_is_seen(fault: Fault, found: Manifests) -> None:
    fault.check(found)
    fault.put_into(found)
    with pytest.raises((AssertionError, SettingsError)):
        fault.check(found)


def test_each_check_sees_some_fault() -> None:
    tried = [*FAULTS, *(fault for _, fault in OVERLAY_FAULTS)]
    assert {fault.check for fault in tried} == {*objects.ALWAYS, *objects.OF_OVERLAYS, *pods.ALWAYS}
