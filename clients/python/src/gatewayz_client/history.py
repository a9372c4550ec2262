"""The messages of a chat that a program knows by a name of its own.

What the adapters for frameworks share. Each operation is written once, as steps, and is run by
the synchronous or the asynchronous client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from operator import methodcaller
from typing import Any, Final, TypeVar

from gatewayz_client.asynchronous import AsyncGatewayz
from gatewayz_client.client import Gatewayz
from gatewayz_client.problems import GatewayzError, InvalidError, NotFoundError, ProblemError
from gatewayz_client.types import Message, MessageInput

T = TypeVar("T")

# A step is a call of a method of `client.chat`.
Step = Callable[[Any], Any]
Steps = Generator[Step, Any, T]

MAX_BATCH: Final = 500
_MAX_MESSAGES: Final = 1000


def run(client: Gatewayz | AsyncGatewayz, steps: Steps[T]) -> T:
    """Run `steps` by a synchronous client.

    Raises TypeError with another client, ProblemError and UnreachableError.
    """
    if not isinstance(client, Gatewayz):
        raise TypeError(
            "Synchronous methods need a Gatewayz; with AsyncGatewayz, await the others."
        )
    resume: Callable[[Any], Step] = steps.send
    outcome: Any = None
    while True:
        try:
            step = resume(outcome)
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            outcome, resume = step(client.chat), steps.send
        except ProblemError as problem:
            outcome, resume = problem, steps.throw


async def arun(client: Gatewayz | AsyncGatewayz, steps: Steps[T]) -> T:
    """Run `steps` by an asynchronous client, or by a synchronous one in a thread.

    Raises ProblemError and UnreachableError.
    """
    if isinstance(client, Gatewayz):
        return await asyncio.to_thread(run, client, steps)
    resume: Callable[[Any], Step] = steps.send
    outcome: Any = None
    while True:
        try:
            step = resume(outcome)
        except StopIteration as end:
            result: T = end.value
            return result
        try:
            outcome, resume = await step(client.chat), steps.send
        except ProblemError as problem:
            outcome, resume = problem, steps.throw


class History:
    """The messages of the session with an `external_id`, which the first message creates.

    `session` has further arguments of `create_session`. With an `end_user_id`, a session of
    somebody else is neither read nor written.
    """

    def __init__(self, external_id: str, **session: Any) -> None:
        self._named = {"external_id": external_id, **session}
        self._session_id: int | None = None

    def read(self, limit: int | None = None) -> Steps[list[Message]]:
        """The newest `limit` messages, or all, oldest first."""
        if limit is not None and limit < 1:
            return []

        def pages(session_id: int) -> Steps[list[Message]]:
            found: list[Message] = []
            has_more = True
            while has_more and (limit is None or len(found) < limit):
                page = yield methodcaller(
                    "read_session",
                    session_id,
                    message_limit=limit and min(limit - len(found), _MAX_MESSAGES),
                    before=found[0]["id"] if found else None,
                )
                found = page["messages"] + found
                has_more = page["has_more_messages"] and page["messages"]
            return found

        return (yield from self._in_session(self._find(), pages)) or []

    def append(self, messages: Sequence[MessageInput]) -> Steps[None]:
        """Add messages, up to 500 at a time; each time all or none."""
        if messages:
            yield from self._in_session(self._create(), lambda session: _append(session, messages))

    def delete(self, index: int) -> Steps[Message | None]:
        """Delete the message at `index`, and return it; None when there is none.

        Counted from the end when negative.
        """

        def delete(session_id: int) -> Steps[Message | None]:
            messages = yield from self.read(-index if index < 0 else None)
            try:
                message = messages[index]
            except IndexError:
                return None
            yield methodcaller("delete_message", session_id, message["id"])
            return message

        return (yield from self._in_session(self._find(), delete))

    def replace(self, messages: Sequence[MessageInput]) -> Steps[None]:
        """Make these the messages.

        Those at the beginning that are the same stay. The others become a branch that is shown
        from then on, before the old ones are deleted: a reader sees the old messages or the new.
        """
        old = yield from self.read()
        kept = 0
        while kept < min(len(old), len(messages)) and _same(old[kept], messages[kept]):
            kept += 1
        new = [*messages[kept:]]
        session_id = yield from self._create()
        if new and kept < len(old):
            new[0] = {**new[0], "parent_id": old[kept - 1]["id"] if kept else 0}
        yield from _append(session_id, new)
        if kept < len(old):
            first_id = old[kept]["id"]
            yield methodcaller("truncate_messages", session_id, first_id)
            yield methodcaller("delete_message", session_id, first_id)

    def clear(self) -> Steps[None]:
        """Move the session to the trash. The next message begins another of this name."""

        def clear(session_id: int) -> Steps[None]:
            yield methodcaller("delete_session", session_id)
            self._session_id = None

        yield from self._in_session(self._find(), clear)

    def _in_session(
        self, look_up: Steps[int | None] | Steps[int], use: Callable[[int], Steps[T]]
    ) -> Steps[T | None]:
        """`use` the session, whose id is looked up unless it is known; None without a session."""
        if self._session_id is not None:
            try:
                return (yield from use(self._session_id))
            except NotFoundError:
                # Deleted elsewhere, and perhaps begun again.
                self._session_id = None
        self._session_id = yield from look_up
        return None if self._session_id is None else (yield from use(self._session_id))

    def _find(self) -> Steps[int | None]:
        wanted = {name: self._named.get(name) for name in ("external_id", "end_user_id")}
        page = yield methodcaller("list_sessions", limit=1, **wanted)
        return page.data[0]["id"] if page.data else None

    def _create(self) -> Steps[int]:
        session = yield methodcaller("create_session", **self._named)
        wanted = self._named.get("end_user_id")
        if wanted is not None and session["end_user_id"] != wanted:
            raise GatewayzError("This external_id is that of another end user's session.")
        session_id: int = session["id"]
        return session_id


def _same(message: Message, given: MessageInput) -> bool:
    return all(message.get(name) == value for name, value in given.items())


def _append(session_id: int, messages: Sequence[MessageInput]) -> Steps[None]:
    if len(messages) > MAX_BATCH:
        for start in range(0, len(messages), MAX_BATCH):
            yield from _append(session_id, messages[start : start + MAX_BATCH])
    elif messages:
        try:
            yield methodcaller("append_messages", session_id, messages)
        except InvalidError as problem:
            if problem.status != 413 or len(messages) == 1:
                raise
            middle = len(messages) // 2
            yield from _append(session_id, messages[:middle])
            yield from _append(session_id, messages[middle:])
