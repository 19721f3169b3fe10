"""The golden tensors were made by Keras's own preprocess_input: tests/golden/make.py."""

import numpy as np
import pytest

from models.catalog import CATALOG
from preprocessing.decode import RgbImage, decode
from preprocessing.spec import InputSpec, Normalisation, Resize
from preprocessing.transform import min_decode_side, normalise, transform
from tests.conftest import ROOT
from tests.pictures import corners, photo_like

GOLDEN = np.load(ROOT / "tests/golden/preprocess_input.npz")
TF = InputSpec(224, 224, Normalisation.TF)


@pytest.mark.parametrize("name", CATALOG)
def test_normalisation_is_keras_s_own_bit_for_bit(name: str) -> None:
    assert (normalise(GOLDEN["image"], CATALOG[name].input.normalisation) == GOLDEN[name]).all()


def test_the_two_normalisations_are_not_interchangeable() -> None:
    assert not (GOLDEN["resnet50"] == GOLDEN["inceptionv3"]).any()


def pixels(image: RgbImage, resize: Resize, size: int = 224) -> RgbImage:
    tensor = transform(image, InputSpec(size, size, Normalisation.TF), resize)
    image_again: RgbImage = np.rint((tensor + 1) * 127.5).astype(np.uint8)
    return image_again


@pytest.mark.parametrize("resize", [Resize.SQUASH, Resize.KERAS])
def test_an_image_of_the_network_s_size_passes_untouched(resize: Resize) -> None:
    image = photo_like(224, 224)
    assert (pixels(image, resize) == image).all()


def test_crop_takes_the_centre_seven_eighths_of_the_shorter_side() -> None:
    image = np.zeros((256, 512, 3), np.uint8)
    image[16:240, 144:368] = 255  # exactly the 224 x 224 that a centre crop keeps
    assert (pixels(image, Resize.CROP) == 255).all()
    assert (pixels(image, Resize.CROP, 200)[2:-2, 2:-2] == 255).all()


def test_squash_sees_the_whole_image() -> None:
    found = pixels(corners(100, 300), Resize.SQUASH)
    assert (found[0, 0] == (255, 0, 0)).all()
    assert (found[-1, -1] == 255).all()


def test_keras_is_what_load_img_gives_pixel_for_pixel() -> None:
    upload = GOLDEN["jpeg"].tobytes()
    assert min_decode_side(TF, Resize.KERAS) is None
    assert (pixels(decode(upload), Resize.KERAS) == GOLDEN["load_img"]).all()
    assert not (pixels(decode(upload), Resize.SQUASH) == GOLDEN["load_img"]).all()


@pytest.mark.parametrize("resize", Resize)
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 20_000), (20_000, 1), (223, 225)])
def test_any_shape_becomes_a_finite_tensor(height: int, width: int, resize: Resize) -> None:
    tensor = transform(np.full((height, width, 3), 255, np.uint8), InputSpec(299, 299, Normalisation.TF), resize)
    assert tensor.shape == (299, 299, 3)
    assert tensor.dtype == np.float32
    assert (tensor == 1).all()


def test_a_wide_network_is_cropped_to_its_own_shape() -> None:
    tensor = transform(photo_like(100, 100), InputSpec(32, 64, Normalisation.CAFFE), Resize.CROP)
    assert tensor.shape == (32, 64, 3)


def test_the_input_is_never_written_to() -> None:
    image = photo_like(64, 64)
    image.setflags(write=False)
    before = image.copy()
    for resize in Resize:
        transform(image, TF, resize)
    assert (image == before).all()


@pytest.mark.parametrize(("resize", "side"), [(Resize.CROP, 512), (Resize.SQUASH, 448), (Resize.KERAS, None)])
def test_decode_keeps_twice_what_the_resize_looks_at(resize: Resize, side: int | None) -> None:
    assert min_decode_side(TF, resize) == side
