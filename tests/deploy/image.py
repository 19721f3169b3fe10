"""The image without an engine: a stage's own steps, done in a folder that stands for its root."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pytest

from tests.conftest import ROOT
from tests.deploy.dockerfile import Copy, Run, Stage, is_ignored, patterns, stages

NOT_REPLAYED = ("apt-get", "rm", "groupadd", "useradd")  # they make the machine; this one is made
# For a Python that only root may enter (pyenv's, in /root): the user of the image may then read all, and still write
# nothing that is not its own.
READS_ALL = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
_FOLDERS = re.compile(r"(?<![\w.])/(?=(?:app|models|weights)\b)")  # of the image, in commands and settings


class Image(NamedTuple):
    """*stage*, built in the folder *root*; its site-packages are those of *root*/venv."""

    root: Path
    stage: Stage
    lent: tuple[str, ...] = ()  # privileges, for setpriv

    @property
    def app(self) -> Path:
        return self.place(self.stage.workdir)

    def place(self, inside: str) -> Path:
        return self.root / inside.lstrip("/")

    def mapped(self, text: str) -> str:
        """Return a command or a setting with our places for those of the image."""
        return _FOLDERS.sub(f"{self.root}/", text)

    def environ(self, **more: str) -> dict[str, str]:
        """Exactly what a container's process finds, and *more*."""
        path = f"{self.root}/venv/bin:/usr/local/bin:/usr/bin:/bin"
        env = {name: self.mapped(value) for name, value in self.stage.env.items()}
        return {"PATH": path, "HOME": "/nonexistent", **env, **more}

    def as_user(self, *command: str) -> list[str]:
        """Return a command so that it runs as the image's user where we are root, who may write anywhere."""
        if os.geteuid():
            return list(command)
        user, group = self.stage.user.split(":")
        command = ("env", *command)  # what setpriv itself starts is still found with root's eyes
        return ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", *self.lent, *command]

    def runnable(self) -> "Image":
        """Return it so that its user can run its Python; skip the test where that can't be."""
        for lent in ((), READS_ALL):
            image = self._replace(lent=lent)
            python = image.as_user(str(self.root / "venv/bin/python"), "-c", "")
            if not subprocess.run(python, capture_output=True, check=False).returncode:
                return image
        pytest.skip("needs a Python that every user may run")

    def seal(self) -> None:
        """As a layer keeps files: whole seconds; and as `--read-only` shows them."""
        for path in (self.root, *self.root.rglob("*")):
            if not path.is_symlink():
                os.utime(path, (path.stat().st_atime, int(path.stat().st_mtime)))
                path.chmod(path.stat().st_mode & ~0o222)

    def unseal(self) -> None:
        """So that it can be removed."""
        for path in (self.root, *self.root.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)


def our_stages(**build_args: str) -> dict[str, Stage]:
    """The stages of our Dockerfile."""
    return stages((ROOT / "Dockerfile").read_text(), **build_args)


def replay(root: Path, stage: Stage, others: dict[str, Stage], prepared: Path) -> Image:
    """Do all steps of *stage* under *root*; *prepared* is the root of the stage `prepare`."""
    image = Image(root, stage)
    subprocess.run([sys.executable, "-m", "venv", str(root / "venv")], check=True)
    for step in stage.steps:
        if isinstance(step, Run):
            for command in step.commands:
                run(image, command, step)
        elif step.origin is None or step.origin == "prepare":
            copy(step, root, prepared if step.origin else None)
        else:
            between = root.with_name(f"{root.name}-{step.origin}")
            copies(others[step.origin], between)
            copy(step, root, between)
            shutil.rmtree(between)
    return image


def copies(stage: Stage, root: Path) -> None:
    """Do what *stage* copies from the context."""
    for step in stage.steps:
        if isinstance(step, Copy) and step.origin is None:
            copy(step, root)


def copy(step: Copy, root: Path, origin: Path | None = None) -> None:
    """Copy from *origin*, or from the context without what .dockerignore names."""
    source_root, ignored = origin or ROOT, [] if origin else patterns(ROOT / ".dockerignore")

    def hidden(path: Path) -> bool:
        return is_ignored(PurePosixPath(path.relative_to(source_root)), ignored)

    def hidden_in(folder: str, names: list[str]) -> set[str]:
        return {name for name in names if hidden(Path(folder) / name)}

    target = root / step.target.lstrip("/")
    for pattern in step.sources:
        found = [path for path in sorted(source_root.glob(pattern.lstrip("/"))) if not hidden(path)]
        assert found or "[" in pattern, f"COPY {pattern}: nothing in the context"
        for path in found:
            if path.is_dir():
                shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True, ignore=hidden_in)
            else:
                into = target / path.name if step.target.endswith("/") else target
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, into)
    if step.chown and not os.geteuid():
        subprocess.run(["chown", "--recursive", "--no-dereference", step.chown, str(target)], check=True)


def run(image: Image, command: str, step: Run) -> None:
    """Run one command of a RUN step, or skip the test where it needs a package index and there is none."""
    program = next(word for word in command.split() if "=" not in word)
    if program in NOT_REPLAYED:
        return
    assert program in ("pip", "python", "chmod"), f"RUN {command}: not known here"
    # pip's own settings say where packages are to be had from here
    kinds = ("pip_", "ssl_", "requests_", "http_", "https_", "no_proxy")
    pip = {name: value for name, value in os.environ.items() if name.lower().startswith(kinds)}
    env = image.environ(**pip, **{name: image.mapped(value) for name, value in step.env.items()})
    workdir = image.place(step.workdir)
    workdir.mkdir(parents=True, exist_ok=True)
    shell = ["sh", "-c", image.mapped(command)]
    done = subprocess.run(shell, cwd=workdir, env=env, capture_output=True, text=True, check=False)
    if "connection broken" in done.stderr and done.returncode:
        pytest.skip("needs a package index to install the image's requirements from")
    assert done.returncode == 0, f"RUN {command}:\n{done.stdout}{done.stderr}"
