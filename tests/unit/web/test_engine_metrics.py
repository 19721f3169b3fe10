"""What the engine process counts of its batches, rings and device."""

import pytest

from models.hosted import Run
from web.engine_metrics import EngineMetrics

RUN = Run("net", images=5, bucket=8, copied_s=0.001, computed_s=0.02, largest=64, waiting=3)


def value(metrics: EngineMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"triptych_{name}", labels)


def test_a_batch_is_counted_with_its_padding_and_its_parts() -> None:
    metrics = EngineMetrics(dict)
    metrics.ran(RUN)
    metrics.ran(RUN._replace(images=8, largest=32, waiting=0))
    assert value(metrics, "batch_images_sum", model="net") == 13
    assert value(metrics, "batch_images_bucket", model="net", le="4.0") == 0
    assert value(metrics, "batch_images_bucket", model="net", le="8.0") == 2
    assert value(metrics, "batch_padding_images_total", model="net") == 3
    assert value(metrics, "batch_duration_seconds_sum", model="net", part="copy") == pytest.approx(0.002)
    assert value(metrics, "batch_duration_seconds_sum", model="net", part="compute") == pytest.approx(0.04)
    assert value(metrics, "batch_largest", model="net") == 32
    assert value(metrics, "batch_waiting_images", model="net") == 0


def test_rings_show_how_full_they_are() -> None:
    metrics = EngineMetrics(dict)
    metrics.rings(64, 5)
    assert value(metrics, "ring_slots", state="all") == 64
    assert value(metrics, "ring_slots", state="used") == 5


def test_the_device_is_asked_for_its_memory_now_and_then_and_may_not_tell(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now, asked = 100.0, list[float]()
    monkeypatch.setattr("web.engine_metrics.time.monotonic", lambda: now)

    def memory() -> dict[str, int]:
        asked.append(now)
        if len(asked) > 1:
            raise RuntimeError("no such device")
        return {"used": 7, "peak": 9}

    metrics = EngineMetrics(memory)
    for now in (100.0, 100.5, 101.5):  # noqa: B007  # the clock's
        metrics.ran(RUN)
    assert asked == [100.0, 101.5]
    assert value(metrics, "device_memory_bytes", kind="peak") == 9
    assert "does not tell of its memory: no such device" in caplog.text
