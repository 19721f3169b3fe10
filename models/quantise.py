"""float32 `.tflite` -> the quicker precisions, each held against Keras's answers. Imports LiteRT: a child runs it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_quantizer import qtyping, quantizer, recipe, recipe_manager

from models.architecture import Architecture
from models.child import Step
from models.engine_litert import LiteRtEngine, signature
from models.errors import PrepareError
from models.known_answers import FLOAT32_TOLERANCE, KnownAnswers
from models.manifest import Precision
from models.photos import decoded, for_calibration
from preprocessing.spec import InputSpec
from preprocessing.transform import normalise

_KEPT_FLOAT = (recipe.TFLOperationName.INPUT, recipe.TFLOperationName.OUTPUT, recipe.TFLOperationName.SOFTMAX)


def quantise(
    step: Step, architecture: Architecture, folder: str, classes: int, photos: list[str]
) -> dict[Precision, float]:
    """Write every precision and its known answers into *folder*; return the largest change of a probability by each.

    `int8-static` is calibrated with some of *photos*, and left out where there are none.
    Raises: PrepareError: the float32 artifact does not answer like Keras.
    """
    spec, out = architecture.input, Path(folder)
    makers: dict[Precision, Callable[[quantizer.Quantizer], Any]] = {Precision.FLOAT16: _float16, Precision.INT8: _int8}
    if photos:
        makers[Precision.INT8_STATIC] = lambda maker: _static(maker, out / Precision.FLOAT32.file, spec, photos)
    for number, (precision, make) in enumerate(makers.items()):
        step("quantise", number / len(makers))
        maker = quantizer.Quantizer(str(out / Precision.FLOAT32.file))
        make(maker).export_model(str(out / precision.file))
    step("check")
    return _answers(out, spec, classes, (Precision.FLOAT32, *makers))


def _float16(maker: quantizer.Quantizer) -> Any:
    weights = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
    config = qtyping.OpQuantizationConfig(
        weight_tensor_config=weights, compute_precision=qtyping.ComputePrecision.FLOAT, explicit_dequantize=True
    )
    recipes = recipe_manager.RecipeManager()
    recipes.add_quantization_config(
        regex=".*",
        operation_name=recipe.TFLOperationName.ALL_SUPPORTED,
        op_config=config,
        algorithm_key=recipe.AlgorithmName.FLOAT_CASTING,
    )
    maker.load_quantization_recipe(recipes.get_quantization_recipe())
    return maker.quantize()


def _int8(maker: quantizer.Quantizer) -> Any:
    maker.load_quantization_recipe(recipe.dynamic_wi8_afp32())
    return maker.quantize()


def _static(maker: quantizer.Quantizer, float32: Path, spec: InputSpec, photos: list[str]) -> Any:
    maker.load_quantization_recipe(recipe.static_wi8_ai8())
    for operation in _KEPT_FLOAT:
        maker.update_quantization_recipe(
            regex=".*", operation_name=operation, algorithm_key=recipe.AlgorithmName.NO_QUANTIZE
        )
    key, source = signature(float32)
    chosen = for_calibration([Path(photo) for photo in photos])

    feeds = [{source: tensor[np.newaxis]} for _, tensor in decoded(chosen, spec)]  # AEQ walks them more than once
    return maker.quantize(maker.calibrate({key: feeds}))


def _answers(out: Path, spec: InputSpec, classes: int, precisions: tuple[Precision, ...]) -> dict[Precision, float]:
    known = KnownAnswers.read(out)
    oracle = known.scores[Precision.FLOAT32]
    batch = normalise(known.images, spec.normalisation)
    scores = {p: LiteRtEngine(out / p.file, spec, classes, threads=(1,)).run(batch) for p in precisions}
    changes = {p: float(np.abs(scores[p] - oracle).max()) for p in precisions}
    if not changes[Precision.FLOAT32] <= FLOAT32_TOLERANCE:
        raise PrepareError(f"the float32 artifact differs from Keras by {changes[Precision.FLOAT32]:.2g}")
    KnownAnswers(known.images, scores | {Precision.FLOAT32: oracle}).write(out)
    return changes
