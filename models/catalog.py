"""The table of architectures: every fact that we hold about a network stands here and nowhere else.

Sources: parameters and published accuracy from https://keras.io/api/applications/ (MobileNetV3's from the docstring of
`keras.applications.MobileNetV3Large`; no top-5 is published for it and for ConvNeXt); sizes, file names, addresses and
Digests from keras 3.15.1: what each class of `keras.applications` downloads.
"""

from typing import NamedTuple

from models.architecture import Architecture, KerasSource
from preprocessing.spec import InputSpec, Normalisation

_HOST = "https://storage.googleapis.com/tensorflow/keras-applications"


class _Row(NamedTuple):
    """One class of `keras.applications`; *url_name*: where the file is called otherwise on the server."""

    keras_class: str
    size: int
    parameters: int
    top1: float
    top5: float | None
    file_name: str
    digest: str | None
    url_name: str = ""


def _family(
    module: str, folder: str, normalisation: Normalisation, *rows: _Row, second_rescaling: bool = False
) -> tuple[Architecture, ...]:
    """Return the architectures of one module of `keras.applications`, which has their `preprocess_input`."""
    return tuple(
        Architecture(
            name=row.keras_class.lower(),
            title=row.keras_class,
            input=InputSpec(row.size, row.size, normalisation),
            parameters=row.parameters,
            top1=row.top1,
            top5=row.top5,
            source=KerasSource(
                keras_class=row.keras_class,
                module=module,
                file_name=row.file_name,
                url=f"{folder}/{row.url_name or row.file_name}",
                digest=row.digest,
                second_rescaling=second_rescaling,
            ),
        )
        for row in rows
    )


_ARCHITECTURES = (
    *_family(
        "vgg16", f"{_HOST}/vgg16", Normalisation.CAFFE,
        _Row(
            "VGG16", 224, 138_357_544, 71.3, 90.1, "vgg16_weights_tf_dim_ordering_tf_kernels.h5",
            "64373286793e3c8b2b4e3219cbf3544b",
        ),
    ),
    *_family(
        "vgg19", f"{_HOST}/vgg19", Normalisation.CAFFE,
        _Row(
            "VGG19", 224, 143_667_240, 71.3, 90.0, "vgg19_weights_tf_dim_ordering_tf_kernels.h5",
            "cbe5617147190e668d6c5d5026f83318",
        ),
    ),
    *_family(
        "resnet", f"{_HOST}/resnet", Normalisation.CAFFE,
        _Row(
            "ResNet50", 224, 25_636_712, 74.9, 92.1, "resnet50_weights_tf_dim_ordering_tf_kernels.h5",
            "2cb95161c43110f7111970584f804107",
        ),
        _Row(
            "ResNet101", 224, 44_707_176, 76.4, 92.8, "resnet101_weights_tf_dim_ordering_tf_kernels.h5",
            "f1aeb4b969a6efcfb50fad2f0c20cfc5",
        ),
        _Row(
            "ResNet152", 224, 60_419_944, 76.6, 93.1, "resnet152_weights_tf_dim_ordering_tf_kernels.h5",
            "100835be76be38e30d865e96f2aaae62",
        ),
    ),
    *_family(
        "resnet_v2", f"{_HOST}/resnet", Normalisation.TF,
        _Row(
            "ResNet50V2", 224, 25_613_800, 76.0, 93.0, "resnet50v2_weights_tf_dim_ordering_tf_kernels.h5",
            "3ef43a0b657b3be2300d5770ece849e0",
        ),
        _Row(
            "ResNet101V2", 224, 44_675_560, 77.2, 93.8, "resnet101v2_weights_tf_dim_ordering_tf_kernels.h5",
            "6343647c601c52e1368623803854d971",
        ),
        _Row(
            "ResNet152V2", 224, 60_380_648, 78.0, 94.2, "resnet152v2_weights_tf_dim_ordering_tf_kernels.h5",
            "a49b44d1979771252814e80f8ec446f9",
        ),
    ),
    *_family(
        "inception_v3", f"{_HOST}/inception_v3", Normalisation.TF,
        _Row(
            "InceptionV3", 299, 23_851_784, 77.9, 93.7, "inception_v3_weights_tf_dim_ordering_tf_kernels.h5",
            "9a0d58056eeedaa3f26cb7ebd46da564",
        ),
    ),
    *_family(
        "inception_resnet_v2", f"{_HOST}/inception_resnet_v2", Normalisation.TF,
        _Row(
            "InceptionResNetV2", 299, 55_873_736, 80.3, 95.3,
            "inception_resnet_v2_weights_tf_dim_ordering_tf_kernels.h5", "e693bd0210a403b3192acc6073ad2e96",
        ),
    ),
    *_family(
        "xception", f"{_HOST}/xception", Normalisation.TF,
        _Row(
            "Xception", 299, 22_910_480, 79.0, 94.5, "xception_weights_tf_dim_ordering_tf_kernels.h5",
            "0a58e3b7378bc2990ea3b43d5981f1f6",
        ),
    ),
    *_family(
        "mobilenet", f"{_HOST}/mobilenet", Normalisation.TF,
        _Row("MobileNet", 224, 4_253_864, 70.4, 89.5, "mobilenet_1_0_224_tf.h5", None),
    ),
    *_family(
        "mobilenet_v2", f"{_HOST}/mobilenet_v2", Normalisation.TF,
        _Row(
            "MobileNetV2", 224, 3_538_984, 71.3, 90.1, "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5",
            None,
        ),
    ),
    *_family(
        "mobilenet_v3", f"{_HOST}/mobilenet_v3", Normalisation.NONE,
        _Row(
            "MobileNetV3Small", 224, 2_554_968, 68.1, None, "weights_mobilenet_v3_small_224_1.0_float.h5",
            "8768d4c2e7dee89b9d02b2d03d65d862",
        ),
        _Row(
            "MobileNetV3Large", 224, 5_507_432, 75.6, None, "weights_mobilenet_v3_large_224_1.0_float.h5",
            "59e551e166be033d707958cf9e29a6a7",
        ),
    ),
    *_family(
        "densenet", f"{_HOST}/densenet", Normalisation.TORCH,
        _Row(
            "DenseNet121", 224, 8_062_504, 75.0, 92.3, "densenet121_weights_tf_dim_ordering_tf_kernels.h5",
            "9d60b8095a5708f2dcce2bca79d332c7",
        ),
        _Row(
            "DenseNet169", 224, 14_307_880, 76.2, 93.2, "densenet169_weights_tf_dim_ordering_tf_kernels.h5",
            "d699b8f76981ab1b30698df4c175e90b",
        ),
        _Row(
            "DenseNet201", 224, 20_242_984, 77.3, 93.6, "densenet201_weights_tf_dim_ordering_tf_kernels.h5",
            "1ceb130c1ea1b78c3bf6114dbdfd8807",
        ),
    ),
    *_family(
        "nasnet", f"{_HOST}/nasnet", Normalisation.TF,
        _Row(
            "NASNetMobile", 224, 5_326_716, 74.4, 91.9, "nasnet_mobile.h5",
            "020fb642bf7360b370c678b08e0adf61", url_name="NASNet-mobile.h5",
        ),
        _Row(
            "NASNetLarge", 331, 88_949_818, 82.5, 96.0, "nasnet_large.h5",
            "11577c9a518f0070763c2b964a382f17", url_name="NASNet-large.h5",
        ),
    ),
    *_family(
        "efficientnet", "https://storage.googleapis.com/keras-applications", Normalisation.NONE,
        _Row("EfficientNetB0", 224, 5_330_571, 77.1, 93.3, "efficientnetb0.h5", "902e53a9f72be733fc0bcb005b3ebbac"),
        _Row("EfficientNetB1", 240, 7_856_239, 79.1, 94.4, "efficientnetb1.h5", "1d254153d4ab51201f1646940f018540"),
        _Row("EfficientNetB2", 260, 9_177_569, 80.1, 94.9, "efficientnetb2.h5", "b15cce36ff4dcbd00b6dd88e7857a6ad"),
        _Row("EfficientNetB3", 300, 12_320_535, 81.6, 95.7, "efficientnetb3.h5", "ffd1fdc53d0ce67064dc6a9c7960ede0"),
        _Row("EfficientNetB4", 380, 19_466_823, 82.9, 96.4, "efficientnetb4.h5", "18c95ad55216b8f92d7e70b3a046e2fc"),
        _Row("EfficientNetB5", 456, 30_562_527, 83.6, 96.7, "efficientnetb5.h5", "ace28f2a6363774853a83a0b21b9421a"),
        _Row("EfficientNetB6", 528, 43_265_143, 84.0, 96.8, "efficientnetb6.h5", "165f6e37dce68623721b423839de8be5"),
        _Row("EfficientNetB7", 600, 66_658_687, 84.3, 97.0, "efficientnetb7.h5", "8c03f828fec3ef71311cd463b6759d99"),
        second_rescaling=True,
    ),
    *_family(
        "efficientnet_v2", f"{_HOST}/efficientnet_v2", Normalisation.NONE,
        _Row(
            "EfficientNetV2B0", 224, 7_200_312, 78.7, 94.3, "efficientnetv2-b0.h5",
            "21ecbf6da12460d5c40bb2f29ceb2188",
        ),
        _Row(
            "EfficientNetV2B1", 240, 8_212_124, 79.8, 95.0, "efficientnetv2-b1.h5",
            "069f0534ff22adf035c89e2d9547a9dc",
        ),
        _Row(
            "EfficientNetV2B2", 260, 10_178_374, 80.5, 95.1, "efficientnetv2-b2.h5",
            "424e49f28180edbde1e94797771950a7",
        ),
        _Row(
            "EfficientNetV2B3", 300, 14_467_622, 82.0, 95.8, "efficientnetv2-b3.h5",
            "1f1fc43bd98a6e4fd8fdfd551e02c7a0",
        ),
        _Row("EfficientNetV2S", 384, 21_612_360, 83.9, 96.7, "efficientnetv2-s.h5", "e1d88a8495beba45748fedd0cecbe016"),
        _Row("EfficientNetV2M", 480, 54_431_388, 85.3, 97.4, "efficientnetv2-m.h5", "a3bf6aa3276309f4fc6a34aa114c95cd"),
        _Row(
            "EfficientNetV2L", 480, 119_027_848, 85.7, 97.5, "efficientnetv2-l.h5",
            "27e6d408b53c7ebc868fefa357689935",
        ),
    ),
    *_family(
        "convnext", f"{_HOST}/convnext", Normalisation.NONE,
        _Row(
            "ConvNeXtTiny", 224, 28_589_128, 81.3, None, "convnext_tiny.h5",
            "8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff",
        ),
        _Row(
            "ConvNeXtSmall", 224, 50_223_688, 82.3, None, "convnext_small.h5",
            "ce1277d8f1ee5a0ef0e171469089c18f5233860ceaf9b168049cb9263fd7483c",
        ),
        _Row(
            "ConvNeXtBase", 224, 88_591_464, 85.3, None, "convnext_base.h5",
            "52cbb006d3dadd03f6e095a8ca1aca47aecdd75acb4bc74bce1f5c695d0086e6",
        ),
        _Row(
            "ConvNeXtLarge", 224, 197_767_336, 86.3, None, "convnext_large.h5",
            "070c5ed9ed289581e477741d3b34beffa920db8cf590899d6d2c67fba2a198a6",
        ),
        _Row(
            "ConvNeXtXLarge", 224, 350_196_968, 86.7, None, "convnext_xlarge.h5",
            "c1f5ccab661354fc3a79a10fa99af82f0fbf10ec65cb894a3ae0815f17a889ee",
        ),
    ),
)  # fmt: skip

CATALOG: dict[str, Architecture] = {architecture.name: architecture for architecture in _ARCHITECTURES}
