"""The results of `bench.gpu` as a page of Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

_PARTS = ("decode", "waiting", "copy", "compute")
_BYTES = {"float32": 4, "mixed": 2}  # of a number between layers


def table(facts: Mapping[str, Any]) -> str:
    """Return the whole page; what was not measured is a dash, or left out."""
    engines, forward = facts["engines"], facts["forward"]
    known = next(iter(engines.values()), {"on_gpu": (forward or {}).get("on_gpu"), "backend": "what is not known"})
    kind = "device" if known["on_gpu"] is None else "GPU" if known["on_gpu"] else "CPU"
    on = f"{kind} ({forward['device']})" if forward else kind
    head = f"# The engine process on a {on}\n\n{facts['machine']}; Keras on {known['backend']}; ResNet50, "
    head += f"commit {facts['commit']}, {facts['date']}:\n`{facts['command']}`\n"
    parts = (_bare(engines, forward), _device(engines, forward), _services(facts["services"]))
    return "\n".join([head, *parts, _verdicts(facts)])


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _bare(engines: Mapping[str, Any], forward: Mapping[str, Any] | None) -> str:
    calls = [(name, key) for key in ("engine", "predict_on_batch") for name in engines]
    columns = [{bucket: each[key] for bucket, each in engines[name]["buckets"].items()} for name, key in calls]
    head = [f"{name}: {key}" for name, key in calls]
    if forward:
        columns.append(forward["buckets"])
        head.append("by hand, jax.jit, bfloat16")
    buckets = sorted({bucket for column in columns for bucket in column}, key=int)
    rows = [
        [bucket, *(f"{column[bucket]:,.1f}" if bucket in column else "-" for column in columns)] for bucket in buckets
    ]
    rings = [engine["into_ring_ms"] for engine in engines.values()][:1]
    about = f" (into the ring an image takes {rings[0]:.3f} ms)" if rings else ""
    return f"Images a second, nothing around it{about}:\n\n" + _rows(["images at once", *head], rows)


def _device(engines: Mapping[str, Any], forward: Mapping[str, Any] | None) -> str:
    if not forward:
        return "No yardstick, which needs JAX, and nothing about the device.\n"
    cost, rows = forward["an_image"], []
    for name, engine in engines.items():
        rate, numbers = _best(engine), 2 * cost["numbers"] * _BYTES[name]  # written once, read once
        matrix, moved = rate * cost["flops"] / forward["matrix_flops"][name], rate * numbers / forward["bandwidth"]
        rows.append([name, f"{rate:,.1f}", f"{matrix:.1%}", f"{moved:.1%}"])
    rates = ", ".join(f"{rate / 1e12:.2f} in {name}" for name, rate in forward["matrix_flops"].items())
    text = f"The device: TFLOP/s of a matrix product {rates} (mixed: bfloat16); {forward['bandwidth'] / 1e9:.1f} GB/s "
    text += (
        f"read and written. One image: {cost['flops'] / 1e9:.2f} GFLOP and {cost['numbers'] / 1e6:.1f} million numbers "
    )
    text += "between layers, counted by hand; each number is written and read once.\n"
    if not forward["on_gpu"]:
        text += (
            "On a CPU neither is a ceiling: JAX's products are not the quickest, and caches hold what lies between.\n"
        )
    return text + "\n" + _rows(["engine", "best, images a second", "of the matrix rate", "of the bandwidth"], rows)


def _services(services: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    head = ["engine", "connections", "images a second", "p50 ms", "p99 ms", "in a batch", *(f"{p} ms" for p in _PARTS)]
    rows = []
    for name, levels in services.items():
        for level in levels:
            figures = [f"{level[key]:,.1f}" for key in ("rate", "p50_ms", "p99_ms", "batch")]
            rows.append([name, str(level["connections"]), *figures, *(f"{level['parts_ms'][p]:,.2f}" for p in _PARTS)])
    text = (
        "Over HTTP, a 175 KB photo a request. Of an image: decoding and resizing; waiting for a worker, a core and its "
    )
    text += (
        "batch; its share of the copy from rings into the batch; its share of the rest, to the device and back too.\n\n"
    )
    return text + _rows(head, rows)


def _verdicts(facts: Mapping[str, Any]) -> str:
    """Return the ratios that are promised, and what could not be measured."""
    lines, forward = [], facts["forward"]
    over_http = {name: max(level["rate"] for level in levels) for name, levels in facts["services"].items() if levels}
    for name, engine in facts["engines"].items():
        if both := forward and sorted(engine["buckets"].keys() & forward["buckets"].keys(), key=int):
            ratio = engine["buckets"][both[-1]]["engine"] / forward["buckets"][both[-1]]
            lines.append(f"{name}: the bare engine at {both[-1]} images is {ratio:.2f} of the forward by hand")
        if name in over_http and "null" in over_http:
            ratio = over_http[name] / min(over_http["null"], _best(engine))
            lines.append(
                f"{name}: over HTTP {ratio:.2f} of the smaller of the null engine's rate and the bare engine's"
            )
        if name in over_http:
            lines += [
                f"{name}: over HTTP {over_http[name] / rate:.1f} times the CPU engine in {cpu}"
                for cpu, rate in facts["cpu"].items()
            ]
    lines += [f"not measured: {failure}" for failure in facts["failures"]]
    return "\n".join(f"- {line}" for line in lines) + "\n"


def _best(engine: Mapping[str, Any]) -> float:
    return max(float(each["engine"]) for each in engine["buckets"].values())
