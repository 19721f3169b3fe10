"""flask --app app keys create | list | revoke."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from flask.cli import AppGroup
from pydantic import TypeAdapter, ValidationError

from access.api_key import ApiKey, Name, new_key
from access.caller import Scope
from access.errors import BadFile
from access.key_file import edited, read_keys

_MOST_LIVE = 2  # of one name: the one in use, and the one that takes over


class _Scopes(click.ParamType[tuple[Scope, ...]]):
    """Comma-separated scopes."""

    name = "scopes"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Scope, ...]:
        names = [part.strip().lower() for part in str(value).split(",") if part.strip()]
        if not names or (unknown := set(names) - set(Scope)):
            self.fail(f"{', '.join(sorted(unknown)) if names else 'none'}; they are {', '.join(Scope)}", param, ctx)
        return tuple(scope for scope in Scope if scope in names)


def keys_cli(path: Path | None) -> AppGroup:
    """Return the command group `keys`, for the file at *path*."""
    group = AppGroup("keys", help="Create, list and revoke API keys (API_KEYS_FILE).")

    @group.command("create")
    @click.argument("name")
    @click.option("--scopes", type=_Scopes(), default="predict", show_default=True, help="Of predict, jobs, metrics.")
    @click.option("--expires", type=click.IntRange(1, 36_500), metavar="DAYS", help="Default: never.")
    def create(name: str, scopes: tuple[Scope, ...], expires: int | None) -> None:
        """Make a key for NAME and print it: only now, the file keeps a hash. A name has two live keys at most."""
        _check_name(name)
        now = datetime.now(UTC).replace(microsecond=0)
        key, kept = new_key(name, scopes, now, now + timedelta(days=expires) if expires else None)
        try:
            with edited(_needed(path)) as keys:
                live = [each.id for each in keys.values() if each.name == name and each.is_live(now)]
                if len(live) >= _MOST_LIVE:
                    raise click.ClickException(f"{name} has two live keys, {' and '.join(live)}: revoke one first")
                keys[kept.id] = kept
        except (BadFile, OSError) as error:
            raise click.ClickException(str(error)) from None
        click.echo(f"Key {kept.id} of {name}, for the header X-API-Key. It is shown this once:", err=True)
        click.echo(key)

    @group.command("list")
    def list_() -> None:
        """Show every key: id, name, scopes, dates."""
        try:
            keys = read_keys(_needed(path)).values()
        except BadFile as error:
            raise click.ClickException(str(error)) from None
        for key in keys:
            click.echo(_row(key, datetime.now(UTC)))

    @group.command("revoke")
    @click.argument("key_id", metavar="ID")
    def revoke(key_id: str) -> None:
        """Remove a key; running workers refuse it a second later."""
        try:
            with edited(_needed(path)) as keys:
                if keys.pop(key_id.partition(".")[0], None) is None:  # who has only the key at hand may paste it
                    raise click.ClickException("there is no key of that id")
        except (BadFile, OSError) as error:
            raise click.ClickException(str(error)) from None

    return group


def _needed(path: Path | None) -> Path:
    if path is None:
        raise click.UsageError("set API_KEYS_FILE: it names the file")
    return path


def _check_name(name: str) -> None:
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError:
        raise click.UsageError("a name is 1 to 64 letters, digits, dots, dashes or underscores") from None


def _row(key: ApiKey, now: datetime) -> str:
    until = (
        "never expires"
        if key.expires is None
        else f"{'until' if key.is_live(now) else 'EXPIRED'} {key.expires:%Y-%m-%d %H:%M}"
    )
    return f"{key.id}  {key.name:<20} {','.join(key.scopes):<20} from {key.created:%Y-%m-%d %H:%M}  {until}"
