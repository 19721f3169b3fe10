"""What Keras and its backend (TensorFlow, or JAX under KERAS_BACKEND=jax) read from the environment when they are
imported: set before, by whoever imports them. So this module must not.
"""

import os

from models.child import Step

_ALWAYS = {
    "TF_CPP_MIN_LOG_LEVEL": "1",
    "TF_GPU_THREAD_MODE": "gpu_private",  # kernels are started by threads that nothing else keeps busy
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    # A device's memory is taken as it is needed, by either backend: others may use it too.
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    # float32 is float32: TF32's 10 bits of mantissa are not within 1e-4.
    "NVIDIA_TF32_OVERRIDE": "0",
    "JAX_DEFAULT_MATMUL_PRECISION": "highest",
}
_CPU_ALONE = {"CUDA_VISIBLE_DEVICES": "-1", "JAX_PLATFORMS": "cpu"}


def set_up_backend(*, cpu_only: bool) -> None:
    """Set what is not set already; with *cpu_only* hide every GPU from this process."""
    for name, value in _ALWAYS.items():
        os.environ.setdefault(name, value)
    if cpu_only:
        os.environ.update(_CPU_ALONE)


def gpus() -> list[str]:
    """Return the GPUs that Keras's backend can use; imports both."""
    import keras

    try:
        return list(keras.distribution.list_devices("gpu"))
    except RuntimeError:  # how JAX says that there are none
        return []


def count_gpus(step: Step) -> int:
    """Return how many there are; run by `run_in_child`, hence the *step* that is not needed."""
    del step
    set_up_backend(cpu_only=False)
    return len(gpus())
