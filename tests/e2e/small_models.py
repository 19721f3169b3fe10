"""Models as an operator might have them, small: 32 x 32, five classes. Run in a process of its own (TensorFlow).

python -m tests.e2e.small_models DIR
"""

import sys
from pathlib import Path

import keras
import tensorflow as tf


def small(last: str = "softmax", size: int = 32, classes: int = 5, seed: int = 7) -> keras.Model:
    """A network that answers different images differently."""
    keras.utils.set_random_seed(seed)
    source = keras.Input((size, size, 3))
    features = keras.layers.Conv2D(8, 3, 2, activation="relu")(source)
    pooled = keras.layers.GlobalAveragePooling2D()(features)
    wide = keras.layers.Dense(classes, kernel_initializer=keras.initializers.RandomNormal(stddev=4.0))(pooled)
    return keras.Model(source, keras.layers.Activation(last)(wide))


def tflite(model: keras.Model, file: Path, *, quantised: bool = False) -> None:
    """Convert as its maker would have."""
    folder = file.with_suffix(".saved")
    model.export(folder, verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    if quantised:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    file.write_bytes(converter.convert())


if __name__ == "__main__":
    out = Path(sys.argv[1])
    good = small()
    good.save(out / "good.keras")
    good.export(out / "good_saved_model", verbose=False)
    tflite(good, out / "good.tflite")
    keras.Model(good.input, [good.output, good.output]).export(out / "two_outputs", verbose=False)
    tflite(keras.Model(good.input, [good.output, keras.layers.Rescaling(0.5)(good.output)]), out / "two_outputs.TFLITE")
    whole = keras.Input((None, None, 3))
    keras.Model(whole, good(keras.layers.Resizing(32, 32)(whole))).save(out / "any_size.keras")
    newer = small(seed=8)
    newer.save(out / "newer.keras")
    tflite(newer, out / "newer.tflite")
    tflite(small("linear"), out / "logits.tflite")
    tflite(small(size=48), out / "larger.tflite")
    big = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten(), keras.layers.Dense(5, "softmax")])
    tflite(big, out / "quantised.tflite", quantised=True)
    small("linear").save(out / "logits.keras")
