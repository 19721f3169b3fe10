from pathlib import Path

from models.distilling.course import Course
from models.distilling.history import HISTORY_FILE, best_epoch, read_history
from models.distilling.lessons import is_held_out

HEAD = "epoch,loss,top1,top3,val_loss,val_top1,val_top3\n"


def test_the_best_epoch_is_the_first_of_the_best(tmp_path: Path) -> None:
    rows = ["0,4,0.1,0.2,4,0.10,0.2", "1,3,0.2,0.3,3,0.30,0.5", "2,2,0.3,0.4,3,0.30,0.4", "3,1,0.4,0.5,4,0.20,0.3"]
    (tmp_path / HISTORY_FILE).write_text(HEAD + "\n".join(rows) + "\n")
    history = read_history(tmp_path)
    assert [each.epoch for each in history] == [0, 1, 2, 3]
    assert best_epoch(history).epoch == 1
    assert best_epoch(history).val_top3 == 0.5


def test_a_course_that_was_never_begun_has_no_history(tmp_path: Path) -> None:
    assert read_history(tmp_path) == ()


def test_a_twentieth_is_held_out_and_always_the_same() -> None:
    names = [f"ash/{number}.jpeg" for number in range(10_000)]
    held_out = [name for name in names if is_held_out(name)]
    assert 400 < len(held_out) < 600
    assert [name for name in names if is_held_out(name)] == held_out


def test_a_course_with_another_option_is_another() -> None:
    keys = {Course("resnet10", alpha, 64, epochs).key() for alpha in (0.25, 0.5) for epochs in (1, 2)}
    assert len(keys) == 4
    assert Course("resnet10", 0.5, 64, 1).key() == Course("resnet10", 0.5, 64, 1).key()
