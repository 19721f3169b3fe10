"""Facts about what a network eats. No behaviour."""

from dataclasses import dataclass
from enum import Enum


class Normalisation(Enum):
    """How uint8 RGB becomes float32, in the words of `keras.applications.imagenet_utils.preprocess_input`."""

    CAFFE = "caffe"  # RGB -> BGR, ImageNet's mean subtracted, not scaled
    TF = "tf"  # scaled to [-1, 1]
    TORCH = "torch"  # scaled to [0, 1], ImageNet's mean subtracted, divided by its standard deviation
    NONE = "none"  # as it is, 0 to 255: the network does it


class Resize(Enum):
    """How an image of any size becomes one of the network's size."""

    CROP = "crop"  # centre crop of 0.875 of the shorter side, antialiased bilinear
    SQUASH = "squash"  # the whole image, aspect ratio lost, antialiased bilinear
    KERAS = "keras"  # the whole image, nearest neighbour: what keras.utils.load_img does


@dataclass(frozen=True, slots=True)
class InputSpec:
    """The tensor that a network expects: (height, width, 3) float32, normalised."""

    height: int
    width: int
    normalisation: Normalisation
