import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bench.near_duplicates import MOST, hashes, least_distance, main
from models.known_answers import generated_images


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Ten photos, and small training images of the first four: squashed, cut to the middle, compressed."""
    photos, training = tmp_path / "photos", tmp_path / "training"
    photos.mkdir()
    training.mkdir()
    for number, pixels in enumerate(generated_images(10, 300, 400, seed=9)):
        photo = Image.fromarray(pixels)
        photo.save(photos / f"n{number:08}_x.jpeg", quality=90)
        if number < 2:
            photo.resize((64, 64)).save(training / f"{number}.jpeg", quality=70)
        elif number < 4:
            photo.crop((50, 0, 350, 300)).resize((64, 64)).save(training / f"{number}.jpeg", quality=70)
    return photos, training


def test_what_was_trained_on_is_left_out(folders: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    main(*folders)
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"n{number:08}_x.jpeg\tn{number:08}" for number in range(4, 10)]


def test_other_pictures_are_far_away(folders: tuple[Path, Path]) -> None:
    photos = sorted(folders[0].iterdir())
    distances = [least_distance(hashes(photos[0]), hashes(other)) for other in photos[1:]]
    assert min(distances) > MOST
    assert least_distance(hashes(photos[0]), hashes(photos[0])) == 0


def test_a_little_brighter_is_the_same(folders: tuple[Path, Path], tmp_path: Path) -> None:
    photo = next(iter(sorted(folders[0].iterdir())))
    pixels = np.asarray(Image.open(io.BytesIO(photo.read_bytes())), np.int16)
    Image.fromarray(np.clip(pixels + 12, 0, 255).astype(np.uint8)).save(tmp_path / "brighter.png")
    assert least_distance(hashes(photo), hashes(tmp_path / "brighter.png")) <= MOST
