"""What must hold of the pods of an installation: one function a sentence, which asserts it."""

from config import Settings
from models.catalog import CATALOG
from models.engines import Device
from tests.deploy.manifests import NAMES, Manifests, amount
from tests.deploy.sound_objects import probes, routes

MB = 1 << 20
# Measured (web-deployment.yaml): what is packed, of 4 bytes a parameter; what packing wants to spare; a process.
PACKED, SPARE, PROCESS_MB = 1.06, 0.2, 120
LARGE_PICTURES, BYTES_A_PIXEL, SMALL_PICTURE_MB = 2, 12, 208  # decoding: ADR 8
SELF_TEST_S = 30  # until one that hangs is ended, or twice DEADLINE_S
LOAD_S, LOAD_ON_GPU_S = 6, 60  # until its successor answers; the latter is a guess
WRITABLE = {"/tmp", "/dev/shm"}


def no_container_runs_as_root_or_may_become_it(found: Manifests) -> None:
    for name in NAMES:
        pod, container = found.pod(name), found.container(name)
        assert "initContainers" not in pod
        assert pod["automountServiceAccountToken"] is False
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
        of_pod, of_container = pod["securityContext"], container["securityContext"]
        assert of_pod["runAsNonRoot"] is True
        assert {of_pod["runAsUser"], of_pod["runAsGroup"], of_pod["fsGroup"]} == {10001}
        assert of_pod["seccompProfile"] == {"type": "RuntimeDefault"}
        assert of_container == {  # and nothing that takes it back
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def what_is_written_lies_in_memory_and_is_bounded(found: Manifests) -> None:
    for name in NAMES:
        volumes = {each["name"]: each for each in found.pod(name)["volumes"]}
        mounts = found.container(name)["volumeMounts"]
        assert {each["mountPath"] for each in mounts if not each.get("readOnly")} == WRITABLE
        for mount in mounts:
            if not mount.get("readOnly"):
                volume = volumes[mount["name"]]["emptyDir"]
                assert volume["medium"] == "Memory"
                assert "sizeLimit" in volume


def memory_holds_what_was_measured(found: Manifests) -> None:
    for name in NAMES:
        settings, limits = found.settings(name), found.container(name)["resources"]["limits"]
        assert amount(limits["memory"]) >= needed_bytes(settings)
        weights = [weight_bytes(each) for each in settings.models]
        (shm,) = [each["emptyDir"] for each in found.pod(name)["volumes"] if each["name"] == "shm"]
        assert amount(shm["sizeLimit"]) >= PACKED * sum(weights) + SPARE * max(weights)


def weight_bytes(name: str) -> int:
    """What its float32 weights take."""
    return 4 * (CATALOG[name].parameters or 0)


def needed_bytes(settings: Settings) -> float:
    """The most that one pod takes: weights, processes, and the pictures that they may have in hand."""
    assert settings.workers
    packed = PACKED * sum(map(weight_bytes, settings.models))
    pictures = LARGE_PICTURES * BYTES_A_PIXEL * settings.max_pixels
    each_mb = PROCESS_MB + SMALL_PICTURE_MB + 2 * settings.max_request_mb
    return packed + pictures + (settings.workers * each_mb + PROCESS_MB) * MB


def nothing_is_overcommitted(found: Manifests) -> None:
    for name in NAMES:
        resources = found.container(name)["resources"]
        assert resources["requests"] == {key: resources["limits"][key] for key in ("cpu", "memory")}
        cpu, gpus = resources["limits"]["cpu"], resources["limits"].get("nvidia.com/gpu")
        assert cpu.isdecimal(), "a part of a core is lost (cores.py)"
        settings = found.settings(name)
        assert (settings.device is Device.GPU) == (gpus is not None)
        on_gpu = {"web": 4 * int(cpu), "worker": gpus}[name]  # the engine process of one, Keras in the other's own
        assert str(settings.workers) == str(on_gpu if gpus else cpu)


def probes_ask_this_pod_and_wait_their_turn(found: Manifests) -> None:
    asked = probes(found)
    paths = {name: probe["httpGet"]["path"] for name, probe in asked.items()}
    assert paths == {"startupProbe": "/readyz", "readinessProbe": "/readyz", "livenessProbe": "/livez"}
    assert {*paths.values()} <= routes()
    settings = found.settings("web")
    assert all(probe["timeoutSeconds"] > settings.deadline_s for probe in asked.values())
    assert asked["startupProbe"]["periodSeconds"] * asked["startupProbe"]["failureThreshold"] >= 300
    live = asked["livenessProbe"]
    patience_s = (live["failureThreshold"] - 1) * live["periodSeconds"] + live["timeoutSeconds"]
    load_s = LOAD_ON_GPU_S if settings.device is Device.GPU else LOAD_S
    assert patience_s > max(2 * settings.deadline_s, SELF_TEST_S) + load_s, "the watchdog mends it sooner"
    assert not [key for key in found.container("worker") if key.endswith("Probe")]


def all_run_one_image_of_a_named_tag(found: Manifests) -> None:
    containers = [found.container(name) for name in NAMES]
    for container in containers:
        _, colon, tag = container["image"].rpartition(":")
        assert colon
        assert "/" not in tag  # that was a registry's port
        assert tag != "latest"
        assert "command" not in container, "it would replace the image's init"
    assert len({container["image"] for container in containers}) == 1, "they have different models, or different code"


def only_a_worker_needs_redis(found: Manifests) -> None:
    is_optional = {}
    for name in NAMES:
        (source,) = [each["valueFrom"] for each in found.container(name)["env"] if each["name"] == "TRIPTYCH_REDIS_URL"]
        is_optional[name] = source["secretKeyRef"].get("optional", False)
    assert is_optional == {"web": True, "worker": False}


ALWAYS = (
    no_container_runs_as_root_or_may_become_it,
    what_is_written_lies_in_memory_and_is_bounded,
    memory_holds_what_was_measured,
    nothing_is_overcommitted,
    probes_ask_this_pod_and_wait_their_turn,
    all_run_one_image_of_a_named_tag,
    only_a_worker_needs_redis,
)
