"""The table of architectures: every fact that we hold about a network stands here and nowhere else.

Sources: parameters and published accuracy from https://keras.io/api/applications/ ; file names, addresses and MD5
hashes from keras 3.15.1, `keras.applications.{vgg16,resnet,inception_v3,mobilenet_v2}`.
"""

from dataclasses import dataclass

from preprocessing.spec import InputSpec, Normalisation

_HOST = "https://storage.googleapis.com/tensorflow/keras-applications"


@dataclass(frozen=True, slots=True)
class PublishedWeights:
    """The ImageNet weights that Keras publishes. *md5* is None where Keras publishes no hash."""

    file_name: str
    url: str
    md5: str | None


@dataclass(frozen=True, slots=True)
class Architecture:
    """One network. *keras_class* is its name in `keras.applications`, *keras_module* where its preprocess_input is.

    *top1* and *top5* are Keras's published accuracies on ImageNet's validation set, in percent.
    """

    name: str
    keras_class: str
    keras_module: str
    input: InputSpec
    parameters: int
    top1: float
    top5: float
    weights: PublishedWeights


_CAFFE_224 = InputSpec(224, 224, Normalisation.CAFFE)
_TF_224 = InputSpec(224, 224, Normalisation.TF)
_TF_299 = InputSpec(299, 299, Normalisation.TF)


def _published(folder: str, file_name: str, md5: str | None) -> PublishedWeights:
    return PublishedWeights(file_name, f"{_HOST}/{folder}/{file_name}", md5)


_ARCHITECTURES = (
    Architecture(
        "vgg16", "VGG16", "vgg16", _CAFFE_224, 138_357_544, 71.3, 90.1,
        _published("vgg16", "vgg16_weights_tf_dim_ordering_tf_kernels.h5", "64373286793e3c8b2b4e3219cbf3544b"),
    ),
    Architecture(
        "resnet50", "ResNet50", "resnet50", _CAFFE_224, 25_636_712, 74.9, 92.1,
        _published("resnet", "resnet50_weights_tf_dim_ordering_tf_kernels.h5", "2cb95161c43110f7111970584f804107"),
    ),
    Architecture(
        "inceptionv3", "InceptionV3", "inception_v3", _TF_299, 23_851_784, 77.9, 93.7,
        _published(
            "inception_v3", "inception_v3_weights_tf_dim_ordering_tf_kernels.h5", "9a0d58056eeedaa3f26cb7ebd46da564"
        ),
    ),
    Architecture(
        "mobilenetv2", "MobileNetV2", "mobilenet_v2", _TF_224, 3_538_984, 71.3, 90.1,
        _published("mobilenet_v2", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5", None),
    ),
)  # fmt: skip

CATALOG: dict[str, Architecture] = {architecture.name: architecture for architecture in _ARCHITECTURES}
