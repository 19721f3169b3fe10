"""A photo's name as it may be shown: file names hold whatever their maker liked."""

from pathlib import Path


def photo_name(path: Path, folder: Path) -> str:
    r"""Return the name below *folder*, with what can't be printed (line ends, escape codes, broken UTF-8) as \x..."""
    name = str(path.relative_to(folder))
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in name)
