"""The prepared ResNet50 as ONNX, float32 and int8 (static, QDQ), each compared with our own float32 answers.

python -m bench.baselines.export_onnx PREPARED_FOLDER TARGET_FOLDER    writes float32.onnx, int8.onnx, export.json
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import onnxruntime
import tensorflow as tf
import tf2onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
    shape_inference,
)

from models.catalog import CATALOG
from models.known_answers import KnownAnswers, generated_images
from models.manifest import RANDOM_WEIGHTS_FILE, Precision
from preprocessing.transform import normalise

ARCHITECTURE = CATALOG["resnet50"]
_CALIBRATION_IMAGES, _SEED = 64, 20
_OPSET = 18
_INPUT = "image"


class _Images(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
    """Hands out normalised images, one a batch."""

    def __init__(self) -> None:
        spec = ARCHITECTURE.input
        images = generated_images(_CALIBRATION_IMAGES, spec.height, spec.width, _SEED)
        self._batches: Iterator[dict[str, object]] = (
            {_INPUT: normalise(image, spec.normalisation)[np.newaxis]} for image in images
        )

    def get_next(self) -> dict[str, object] | None:
        """Return the next batch, or None after the last."""
        return next(self._batches, None)


def export(prepared: Path, target: Path) -> None:
    """Write the float32 model."""
    model = keras.applications.ResNet50(weights=None)
    model.load_weights(prepared / RANDOM_WEIGHTS_FILE)
    spec = ARCHITECTURE.input
    signature = [tf.TensorSpec((None, spec.height, spec.width, 3), tf.float32, name=_INPUT)]
    run = tf.function(lambda image: model(image, training=False), input_signature=signature)
    # NCHW inside, which is what ONNX Runtime's kernels want.
    tf2onnx.convert.from_function(run, signature, opset=_OPSET, output_path=str(target))


def quantise(source: Path, target: Path) -> None:
    """Write the int8 model: weights int8 a channel, activations uint8, the pair that x86 has the fastest kernels for.

    Weights get 7 bits where the CPU has no VNNI: its pair-wise int8 products would overflow.
    """
    ready = target.with_suffix(".ready.onnx")
    shape_inference.quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
    quantize_static(
        str(ready), str(target), _Images(), quant_format=QuantFormat.QDQ, per_channel=True,
        activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax,
        reduce_range="vnni" not in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace"),
    )  # fmt: skip
    ready.unlink()


def difference(model: Path, prepared: Path) -> float:
    """Return the largest |difference| of a probability to Keras's answers on the known images.

    Large for int8 (0.8, with 62 % of the labels kept): random weights suffer more from static scales than trained ones.
    Asymmetric activations and 7-bit weights agreed best with float32 of five ways tried.
    """
    known = KnownAnswers.read(prepared)
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    scores = session.run(None, {_INPUT: normalise(known.images, ARCHITECTURE.input.normalisation)})[0]
    return float(np.abs(scores - known.scores[Precision.FLOAT32]).max())


def main() -> None:
    """Export, quantise, compare."""
    prepared, target = Path(sys.argv[1]), Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    float32, int8 = target / "float32.onnx", target / "int8.onnx"
    export(prepared, float32)
    quantise(float32, int8)
    facts = {path.stem: difference(path, prepared) for path in (float32, int8)}
    if facts["float32"] > 1e-4:
        raise SystemExit(f"the ONNX model is another network: its answers differ by {facts['float32']:.2g}")
    (target / "export.json").write_text(json.dumps({"max_difference": facts}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
