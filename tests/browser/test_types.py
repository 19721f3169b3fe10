"""The page's modules are typed: TypeScript reads their JSDoc and compiles nothing."""

import json
import subprocess
from pathlib import Path

from tests.browser.node import FOLDER, installed
from tests.needed import needs


def checked(project: Path) -> "subprocess.CompletedProcess[str]":
    """Run tsc on a tsconfig.json; skip the test where there is none."""
    tsc = installed("typescript", "bin/tsc")
    needs("node", "nodejs")
    command = ["node", str(tsc), "--pretty", "false", "--project", str(project)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_modules_of_the_page_have_no_wrong_type() -> None:
    done = checked(FOLDER / "tsconfig.json")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_type_is_found(tmp_path: Path) -> None:
    (tmp_path / "wrong.js").write_text("/** @type {number} */\nexport const few = 'three';\n")
    project = tmp_path / "tsconfig.json"
    project.write_text(json.dumps({"extends": str(FOLDER / "tsconfig.json"), "include": ["*.js"]}))
    assert "wrong.js(2,14): error TS2322" in checked(project).stdout
