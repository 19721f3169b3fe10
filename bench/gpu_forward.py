"""The yardstick: ResNet50 written by hand for JAX in bfloat16, and what the device itself can do.

python -m bench.gpu_forward SECONDS MOST      prints a line of JSON

As Keras builds it (He et al. 2015, arXiv:1512.03385; stride in the first convolution of a block), BatchNormalization
folded into the kernels and a shift. Its weights are random: speed does not depend on them. From uint8 in the host's
memory to float32 scores there, like the engine.
"""

import json
import sys
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bench.timed import rate

BLOCKS = ((64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2))  # filters, blocks, stride of the first
MEAN_BGR = (103.939, 116.779, 123.68)
SIDE, WIDTH, CLASSES = 224, 2048, 1000
Weights = dict[str, Any]


def weights(rng: np.random.Generator) -> Weights:
    """Return the kernels in bfloat16, each with the scale of its BatchNormalization in it, and the shifts, by name."""
    found: Weights = {}
    for name, side, source, sink, _ in convolutions():
        kernel = rng.standard_normal((side, side, source, sink)) * np.sqrt(0.5 / (side * side * source))
        found[name] = jnp.asarray(kernel, jnp.bfloat16)
        found[f"{name} shift"] = jnp.zeros(sink, jnp.bfloat16)
    found["head"] = jnp.asarray(rng.standard_normal((WIDTH, CLASSES)) * 0.01, jnp.bfloat16)
    return found


def convolutions() -> list[tuple[str, int, int, int, int]]:
    """Return each convolution: its name, the side of its kernel, the channels in and out, the side of what it gives."""
    found, width, side = [("stem", 7, 3, 64, SIDE // 2)], 64, SIDE // 4
    for stage, (filters, blocks, stride) in enumerate(BLOCKS):
        for block in range(blocks):
            if block == 0:
                side //= stride
                found.append((f"{stage} {block} short", 1, width, 4 * filters, side))
            found.append((f"{stage} {block} in", 1, width, filters, side))
            found.append((f"{stage} {block} mid", 3, filters, filters, side))
            found.append((f"{stage} {block} out", 1, filters, 4 * filters, side))
            width = 4 * filters
    return found


def an_image() -> dict[str, float]:
    """Return the operations that one image takes, and the numbers that convolutions give, each of them once."""
    taken = [2.0 * kernel**2 * source * sink * side**2 for _, kernel, source, sink, side in convolutions()]
    given = [float(sink * side**2) for *_, sink, side in convolutions()]
    return {"flops": sum(taken) + 2.0 * WIDTH * CLASSES, "numbers": sum(given)}


def forward(given: Weights, images: jax.Array) -> jax.Array:
    """Return scores (N, classes) float32 of images (N, 224, 224, 3) uint8 RGB."""

    def conv(name: str, x: jax.Array, stride: int = 1, padding: Any = "SAME") -> jax.Array:
        out = lax.conv_general_dilated(
            x, given[name], (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return out + given[f"{name} shift"]

    x = (images[..., ::-1].astype(jnp.float32) - jnp.asarray(MEAN_BGR)).astype(jnp.bfloat16)
    x = jax.nn.relu(conv("stem", x, 2, ((3, 3), (3, 3))))
    x = lax.reduce_window(
        x, jnp.bfloat16(-jnp.inf), lax.max, (1, 3, 3, 1), (1, 2, 2, 1), ((0, 0), (1, 1), (1, 1), (0, 0))
    )
    for stage, (_, blocks, first) in enumerate(BLOCKS):
        for block in range(blocks):
            stride = first if block == 0 else 1
            name = f"{stage} {block}"
            short = conv(f"{name} short", x, stride) if block == 0 else x
            out = jax.nn.relu(conv(f"{name} in", x, stride))
            out = jax.nn.relu(conv(f"{name} mid", out))
            x = jax.nn.relu(short + conv(f"{name} out", out))
    return jax.nn.softmax((x.mean(axis=(1, 2)) @ given["head"]).astype(jnp.float32))


def matrix_rate(side: int, dtype: Any, seconds: float) -> float:
    """Return the operations a second of a matrix product; random, for zeros are quicker."""
    one, other = (jax.random.normal(jax.random.key(seed), (side, side), dtype) for seed in (1, 2))
    product = jax.jit(partial(jnp.matmul, precision="highest"))
    return rate(lambda: product(one, other).block_until_ready(), 2.0 * side**3, seconds)


def bandwidth(size: int, seconds: float) -> float:
    """Return the bytes a second, read and written, of adding 1 to *size* float32."""
    plus, numbers = jax.jit(lambda x: x + 1), jnp.zeros(size, jnp.float32)
    return rate(lambda: plus(numbers).block_until_ready(), 8.0 * size, seconds)


def main() -> None:
    """Measure it at every bucket."""
    seconds, most = float(sys.argv[1]), int(sys.argv[2])
    on_gpu = jax.default_backend() == "gpu"
    given, rng, buckets = weights(np.random.default_rng(1)), np.random.default_rng(2), {}
    compiled = jax.jit(forward)
    for bucket in [1 << power for power in range(most.bit_length())]:
        images = rng.integers(0, 256, (bucket, SIDE, SIDE, 3), dtype=np.uint8)
        buckets[bucket] = rate(lambda: np.asarray(compiled(given, images)), bucket, seconds)  # noqa: B023
    side = 8192 if on_gpu else 2048
    found = {
        "device": str(jax.devices()[0].device_kind), "on_gpu": on_gpu, "jax": jax.__version__, "buckets": buckets,
        "an_image": an_image(),
        "matrix_flops": {
            "float32": matrix_rate(side, jnp.float32, seconds), "mixed": matrix_rate(side, jnp.bfloat16, seconds)
        },
        "bandwidth": bandwidth(1 << 28 if on_gpu else 1 << 24, seconds),
    }  # fmt: skip
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
