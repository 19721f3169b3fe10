"""Inference alone on ONNX Runtime, the counterpart of `bench.bare` with the photo decoded once.

.cache/bench/venvs/ort/bin/python -m bench.baselines.ort_bare int8 THREADS SECONDS    prints milliseconds, median
"""

import statistics
import sys
import time

import numpy as np
import onnxruntime

from bench.places import ONNX


def main() -> None:
    """Run the model again and again on one tensor; speed does not depend on what is in it."""
    precision, threads, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(ONNX / f"{precision}.onnx", options, providers=["CPUExecutionProvider"])
    (source,) = session.get_inputs()
    feed = {source.name: np.zeros((1, 224, 224, 3), np.float32)}
    session.run(None, feed)
    times, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.monotonic()
        session.run(None, feed)
        times.append(time.monotonic() - start)
    print(f"{precision}, {threads} threads: {statistics.median(times) * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
