"""THE table: every row with its goal. ResNet50 int8 and a 176 KB photo unless said."""

from bench.comparison import Comparison
from bench.job_rate import JobRate
from bench.memory import Memory
from bench.overload import Overload
from bench.pictures import PHONE, PNG, PROGRESSIVE, Picture
from bench.probe import BareLoop, MedianMs, Rate
from bench.refusal import Refusal
from bench.row import Row
from bench.start import Start
from bench.subject import Subject, litserve, naive, onnx_runtime, ours, ours_on_keras, ours_with_jobs


def rows(cores: int) -> list[Row]:
    """Return the rows of `make bench` on a machine with *cores* cores."""
    started = "make serve (prepared) to the first right answer, three networks int8"
    return [
        _against_naive("8-naive", "8 connections", ours(), naive(), 5),
        _phone("12-megapixels", "12-megapixel photo", PHONE, 0.25),
        *_against_bare(cores),
        *_against_others(cores),
        _against_naive("vgg16", "VGG16 int8, 8 connections", ours(networks="vgg16"), naive("vgg16"), 4),
        _against_naive(
            "inceptionv3", "InceptionV3 int8, 8 connections", ours(networks="inceptionv3"), naive("inceptionv3"), 4.5
        ),
        *_jobs(),
        Memory(2, 480),
        Memory(8, 1100),
        Start("start", started, 2.5),
        Overload(ours()),
        Refusal(),
    ]


def more_rows(cores: int) -> list[Row]:
    """Return what `make bench-full` adds, without goals."""
    png = Rate(ours(), picture=PNG), (Rate(naive(), picture=PNG),)
    crowd, batches = (BareLoop(cores, 1, "rate"),), Rate(ours(), 2, images=16)
    return [
        Comparison("png", "PNG, 8 connections, against the naive app", *png),
        _phone("progressive", "12-megapixel progressive JPEG", PROGRESSIVE, None),
        Comparison("32-bare", "32 connections, share of the bare limit", Rate(ours(), 32), crowd),
        Comparison("batches", "16 images a request, 2 connections, share of the bare limit", batches, crowd),
        Start("cold-start", "cold start: weights not packed, files not in memory", cold=True),
    ]


def selected(all_rows: list[Row], wanted: str) -> list[Row]:
    """Return the rows named in *wanted* (comma-separated slugs; empty: all).  Raises: SystemExit: one is unknown."""
    names = [name for name in wanted.split(",") if name]
    known = [row.slug for row in all_rows]
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"no row {', '.join(unknown)}; there are {', '.join(known)}")
    return [row for row in all_rows if not names or row.slug in names]


def _jobs() -> list[Row]:
    """Jobs against requests of one image, on one machine that has the workers of both."""
    service = ours_with_jobs()
    title, requests = "jobs of {}, images a second against 8 connections", (Rate(service),)
    return [
        Comparison("jobs-32", title.format("32 images"), JobRate(service), requests, 0.85),
        Comparison("jobs-1", title.format("one image"), JobRate(service, images=1, under_way=100), requests),
    ]


def _against_naive(slug: str, what: str, service: Subject, app: Subject, goal: float) -> Row:
    return Comparison(slug, f"{what}, against the naive app", Rate(service), (Rate(app),), goal)


def _phone(slug: str, what: str, picture: Picture, goal: float | None) -> Row:
    title = f"{what}, 1 connection, p50 against the naive app"
    return Comparison(slug, title, MedianMs(ours(), picture), (MedianMs(naive(), picture),), goal, at_most=True)


def _against_bare(cores: int) -> list[Row]:
    """One configuration of the service for 8, 2 and 1 connections: `ours()`."""
    crowd, alone = (BareLoop(cores, 1, "rate"),), (BareLoop(1, cores, "p50_ms"),)
    lone = "1 connection, p50 against the bare loop with all cores"
    return [
        Comparison("8-bare", "8 connections, share of the bare limit", Rate(ours()), crowd, 0.85),
        Comparison("2-bare", "2 connections, share of the bare limit", Rate(ours(), 2), crowd, 0.80),
        Comparison("1-bare", lone, MedianMs(ours()), alone, 1.25, at_most=True),
    ]


def _against_others(cores: int) -> list[Row]:
    """Each at the better of its two shapes, (workers, threads)."""
    shapes = ((1, cores), (cores, 1))
    ort = {kind: tuple(Rate(onnx_runtime(kind, *shape)) for shape in shapes) for kind in ("float32", "int8")}
    lit = tuple(Rate(litserve(*shape)) for shape in shapes)
    float32, static, title = Rate(ours("float32")), Rate(ours("int8-static")), "{}, 8 connections, against {}"
    theirs, static_too = "FastAPI + ONNX Runtime", "FastAPI + ONNX Runtime int8 static"
    return [
        Comparison("int8-ort", title.format("int8 static", static_too), static, ort["int8"], 1),
        Comparison("int8-dynamic-ort", title.format("int8", static_too), Rate(ours()), ort["int8"]),
        Comparison("float32-ort", title.format("float32", theirs), float32, ort["float32"], 0.9),
        Comparison("litserve", title.format("float32", "LitServe + Keras"), float32, lit),
        Comparison("keras-litserve", title.format("Keras float32", "LitServe + Keras"), Rate(ours_on_keras()), lit, 1),
    ]
