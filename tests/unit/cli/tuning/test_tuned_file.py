"""What tuning does to a settings file that a person has written in."""

from cli.tuning.tuned_file import with_settings

VALUES = {"WORKERS": "2", "THREADS": "1", "PRECISION": "int8"}
BLOCK = "# tune: measured\nWORKERS=2\nTHREADS=1\nPRECISION=int8\n"


def test_a_new_file_holds_the_comment_and_the_settings() -> None:
    assert with_settings("", VALUES, ["measured"]) == BLOCK


def test_other_lines_stay_as_they_are_and_where_they_are() -> None:
    before = "# mine\nPORT=8080\n\nWORKERS=9\nMODELS=resnet50\n TRIPTYCH_PRECISION = auto\n#WORKERS=1"
    after = "# mine\nPORT=8080\n\n" + BLOCK + "MODELS=resnet50\n#WORKERS=1\n"
    assert with_settings(before, VALUES, ["measured"]) == after


def test_a_second_tuning_replaces_the_first_with_its_comment() -> None:
    first = with_settings("PORT=8080\n", {"WORKERS": "4", "THREADS": "4", "PRECISION": "float32"}, ["old", "older"])
    assert with_settings(first + "# end\n", VALUES, ["measured"]) == "PORT=8080\n" + BLOCK + "# end\n"


def test_without_one_of_its_names_it_goes_to_the_end() -> None:
    assert with_settings("PORT=8080", VALUES, ["measured"]) == "PORT=8080\n" + BLOCK
