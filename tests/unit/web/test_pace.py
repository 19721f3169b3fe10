import pytest

from models.road import Opinion
from web.pace import Pace


def test_the_pace_is_that_of_the_latest_images_for_each_model() -> None:
    pace = Pace()
    assert pace.expected_s(["vgg16"]) == 0, "nobody is refused for what isn't known"
    for _ in range(50):
        pace.note(Opinion("jpeg", decode_s=0.01, queue_s=9.0, inference_s={"vgg16": 0.2, "resnet50": 0.05}))
    assert pace.expected_s(["vgg16"]) == pytest.approx(0.21)
    assert pace.expected_s(["vgg16", "resnet50"]) == pytest.approx(0.26)
    for _ in range(50):
        pace.note(Opinion("jpeg", decode_s=0.01, queue_s=0.0, inference_s={"vgg16": 0.1}))
    assert pace.expected_s(["vgg16"]) == pytest.approx(0.11, rel=0.01)
