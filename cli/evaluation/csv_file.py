"""An evaluation for other programs: one row for each contestant and resize; shares in [0, 1]."""

import csv
from collections.abc import Iterator
from pathlib import Path

from cli.evaluation.report import Report
from models.figures import TOPS, Figures

_CONFUSIONS = 10
COLUMNS = (
    *("model", "precision", "resize", "members", "versions", "weights", "photos", "failed", "unlabelled"),
    *(f"top{k}{part}" for k in TOPS for part in ("", "_low", "_high")),
    *("agreement", "decode_ms", "decode_ms_p95", "inference_ms", "inference_ms_p95", "worst_confusions"),
)


def write_csv(report: Report, file: Path) -> None:
    """Write the file.  Raises: OSError."""
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        writer.writerows(tuple(_row(report, one)) for one in report.figures)


def _row(report: Report, one: Figures) -> Iterator[str]:
    contestant, members = one.contestant, one.contestant.members
    yield from (contestant.name, contestant.precision.value, one.resize.value)
    yield "+".join(member.name for member in members)
    yield "+".join(member.version for member in members)
    yield "+".join(dict.fromkeys(member.weights.value for member in members))
    yield from map(str, (one.top[1].photos, len(report.evaluation.failed), len(report.unknown)))
    for share in (one.top[k] for k in TOPS):
        yield from (f"{number:.6f}" for number in (share.value, *share.interval))
    yield f"{one.agreement.value:.6f}" if one.agreement else ""
    yield from (f"{number:.3f}" for number in (*one.decode, *one.inference))
    worst = one.confusions[:_CONFUSIONS]
    yield "; ".join(f"{report.confusion(two)} x {two.photos} ({report.name(two.example)})" for two in worst)
