"""The yardstick: ResNet50 written by hand for JAX in bfloat16, and what the device itself can do.

python -m bench.gpu_forward SECONDS MOST      prints a line of JSON

As Keras builds it (He et al. 2015, arXiv:1512.03385; stride in the first convolution of a block), BatchNormalization
folded into scale and shift. Its weights are random: speed does not depend on them. From uint8 in the host's memory to
float32 scores there, like the engine.
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
SIDE, CLASSES = 224, 1000
Weights = dict[str, Any]


def weights(rng: np.random.Generator) -> Weights:
    """Return the kernels in bfloat16 with scale and shift of each BatchNormalization, by name."""
    found: Weights = {}

    def conv(name: str, side: int, source: int, sink: int) -> None:
        kernel = rng.standard_normal((side, side, source, sink)) * np.sqrt(2 / (side * side * source))
        found[name] = jnp.asarray(kernel, jnp.bfloat16)
        found[f"{name} scale"] = jnp.full(sink, 0.5, jnp.bfloat16)
        found[f"{name} shift"] = jnp.zeros(sink, jnp.bfloat16)

    conv("stem", 7, 3, 64)
    width = 64
    for stage, (filters, blocks, _) in enumerate(BLOCKS):
        for block in range(blocks):
            if block == 0:
                conv(f"{stage} {block} short", 1, width, 4 * filters)
            conv(f"{stage} {block} in", 1, width, filters)
            conv(f"{stage} {block} mid", 3, filters, filters)
            conv(f"{stage} {block} out", 1, filters, 4 * filters)
            width = 4 * filters
    found["head"] = jnp.asarray(rng.standard_normal((width, CLASSES)) * 0.01, jnp.bfloat16)
    return found


def forward(given: Weights, images: jax.Array) -> jax.Array:
    """Return scores (N, classes) float32 of images (N, 224, 224, 3) uint8 RGB."""

    def conv(name: str, x: jax.Array, stride: int = 1, padding: Any = "SAME") -> jax.Array:
        out = lax.conv_general_dilated(
            x, given[name], (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC")
        )
        return out * given[f"{name} scale"] + given[f"{name} shift"]

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


def matrix_rate(side: int, seconds: float) -> float:
    """Return the operations a second of a bfloat16 matrix product; random, for zeros are quicker."""
    one, other = (jax.random.normal(jax.random.key(seed), (side, side), jnp.bfloat16) for seed in (1, 2))
    product = jax.jit(jnp.matmul)
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
    cost: dict[str, float] = {}
    compiled = jax.jit(forward)
    for bucket in [1 << power for power in range(most.bit_length())]:
        images = rng.integers(0, 256, (bucket, SIDE, SIDE, 3), dtype=np.uint8)
        buckets[bucket] = rate(lambda: np.asarray(compiled(given, images)), bucket, seconds)  # noqa: B023
        told = jax.jit(partial(forward)).lower(given, images).compile().cost_analysis() or {}
        cost = {name: told.get(key, 0.0) / bucket for name, key in (("flops", "flops"), ("bytes", "bytes accessed"))}
    found = {
        "device": str(jax.devices()[0].device_kind), "on_gpu": on_gpu, "jax": jax.__version__, "buckets": buckets,
        "an_image": cost, "matrix_flops": matrix_rate(8192 if on_gpu else 2048, seconds),
        "bandwidth": bandwidth(1 << 28 if on_gpu else 1 << 24, seconds),
    }  # fmt: skip
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
