"""The type of an option that holds several numbers."""

import click


class NumberList(click.ParamType[tuple[int, ...]]):
    """Comma-separated whole numbers from 1."""

    name = "numbers"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        """Return the numbers; a default is some already."""
        if isinstance(value, tuple):
            return value
        parts = [part.strip() for part in str(value).split(",")]
        if not all(part.isdecimal() and int(part) for part in parts):
            self.fail(f"{value!r} is not a list of numbers such as 1,2,4", param, ctx)
        return tuple(int(part) for part in parts)
