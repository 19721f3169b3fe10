"""What the terminal and a spreadsheet get."""

import csv
from dataclasses import replace
from pathlib import Path

from cli.evaluation.csv_file import write_csv
from cli.evaluation.table import HEADER, table
from models.interval import wilson
from tests.unit.cli.evaluation.reports import report
from tests.unit.models.builds import BUILT

ROWS = 3 * len(BUILT) * 3  # two networks and their ensemble, three resizes


def test_the_table_has_a_row_for_each_network_precision_resize_and_ensemble(tmp_path: Path) -> None:
    lines = list(table(report(tmp_path)))
    assert all(name in lines[0] for name in HEADER)
    rows = lines[1 : lines.index("")]
    assert len(rows) == ROWS
    assert rows[0].startswith("resnet50  float32")
    assert rows[-1].startswith("ensemble")
    assert "88.9 % (56.5-98.0)" in rows[0]  # 8 of 9
    assert "4.0 / 4.0" in rows[0]


def test_the_summary_names_what_does_not_count_and_the_worst_confusions(tmp_path: Path) -> None:
    text = "\n".join(table(report(tmp_path)))
    assert "9 photos of 3 classes" in text
    assert "could not be decoded and do not count (1): cut<b>.jpg (truncated_image)" in text
    assert "do not tell their label and do not count (1): what<b>.jpg" in text
    assert "vgg19 is not served" in text
    assert "ensemble float32: the mean probabilities of resnet50, vgg16" in text
    assert "1 x tench -> great_white_shark (90 %: <img" in text


def test_a_file_name_can_not_write_to_the_terminal(tmp_path: Path) -> None:
    text = "\n".join(table(report(tmp_path)))
    assert "\x1b" not in text
    assert r"&\n\x1b[31m.png" in text


def test_many_names_are_cut_short_and_counted(tmp_path: Path) -> None:
    many = replace(report(tmp_path), unknown=tuple(tmp_path / f"{number}.jpg" for number in range(25)))
    line = next(line for line in table(many) if "do not tell" in line)
    assert "(25): 0.jpg" in line
    assert line.endswith("19.jpg and 5 more")


def test_the_csv_holds_every_figure(tmp_path: Path) -> None:
    made, file = report(tmp_path), tmp_path / "evaluation.csv"
    write_csv(made, file)
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == ROWS
    first, last = rows[0], rows[-1]
    low, high = wilson(8, 9)
    assert (first["model"], first["precision"], first["resize"]) == ("resnet50", "float32", "crop")
    assert [float(first[name]) for name in ("top1", "top1_low", "top1_high")] == [
        round(value, 6) for value in (8 / 9, low, high)
    ]
    assert (first["photos"], first["failed"], first["unlabelled"]) == ("9", "1", "1")
    assert (first["agreement"], last["agreement"]) == ("", "1.000000")
    assert (first["decode_ms"], first["inference_ms_p95"]) == ("4.000", "10.000")
    assert last["members"] == "resnet50+vgg16"
    assert last["inference_ms"] == "10.000"
    assert first["worst_confusions"].startswith("tench -> great_white_shark x 1 (<img")
