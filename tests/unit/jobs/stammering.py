"""A client whose every script is sent twice, as one does that lost the first answer."""

from collections.abc import Callable
from typing import Any

import redis
from redis.client import Pipeline


class StammeringClient(redis.Redis):
    """Answers are those of the second time. *in_between* is called between the two of a transaction."""

    in_between: Callable[[], None] | None = None

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if args[0] == "EVALSHA":
            super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        pipe = _StammeringPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        if transaction:
            pipe.in_between, self.in_between = self.in_between, None
        return pipe


class _StammeringPipeline(Pipeline):
    in_between: Callable[[], None] | None = None

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        commands = list(self.command_stack)
        super().execute(raise_on_error)
        if self.in_between:
            self.in_between()
        self.command_stack = commands
        return super().execute(raise_on_error)
