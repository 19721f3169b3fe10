"""What a device's memory holds, as Keras's backend tells it. Imports Keras."""

import keras

from models.backend import gpus


def device_memory() -> dict[str, int]:
    """Return bytes that are `used`, were used at most (`peak`) and may be (`limit`), of the first GPU; what the backend
    does not tell is left out, and without a GPU all.
    """
    if not gpus():
        return {}
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        found = tf.config.experimental.get_memory_info("GPU:0")
        return {"used": found["current"], "peak": found["peak"]}
    import jax

    told = jax.devices()[0].memory_stats() or {}
    names = {"used": "bytes_in_use", "peak": "peak_bytes_in_use", "limit": "bytes_limit"}
    return {name: told[key] for name, key in names.items() if key in told}
