"""Slots of a memory file: none touches another, and nobody makes it shorter."""

import os

import numpy as np
import pytest

from models.ring import Ring, RingShape, ring_file

SHAPE = RingShape(slots=5, height=7, width=9, classes=11)


def test_both_sides_see_every_slot_by_itself() -> None:
    file = ring_file(SHAPE)
    ours, theirs = Ring(file, SHAPE), Ring(file, SHAPE)
    os.close(file)
    for slot in range(SHAPE.slots):
        ours.image(slot)[:] = slot + 1
        theirs.scores(slot)[:] = slot / 10
    for slot in range(SHAPE.slots):
        image, scores = theirs.image(slot), ours.scores(slot)
        assert image.shape == (7, 9, 3)
        assert scores.shape == (11,)
        assert (image.dtype.name, scores.dtype.name) == ("uint8", "float32")
        assert (image == slot + 1).all()
        assert (scores == np.float32(slot / 10)).all()


def test_nobody_can_make_it_shorter_and_the_other_side_die() -> None:
    file = ring_file(SHAPE)
    with pytest.raises(PermissionError):
        os.ftruncate(file, 1)
    os.close(file)


def test_a_file_of_another_length_is_no_ring() -> None:
    file = ring_file(SHAPE)
    with pytest.raises(ValueError, match="not as long"):
        Ring(file, SHAPE._replace(slots=6))
    os.close(file)
