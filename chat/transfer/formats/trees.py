"""Sorts messages that name the one they follow, so that each comes after it."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from chat.transfer.formats.conversations import UnreadableError

MAX_SHOWN_CHARS = 64


class Node(NamedTuple):
    """A message by its id. If `message` is None, the messages below it follow its parent."""

    id: str
    parent_id: str | None
    message: dict[str, Any] | None


class Thread(NamedTuple):
    """Messages with `id` and `parent_id`, as `ChatInput` takes them.

    `nearest` maps every node to the id of its message, or else of the message that it follows.
    """

    messages: list[dict[str, Any]]
    nearest: dict[str, str | None]


def in_order(nodes: Iterable[Node]) -> Thread:
    """Put a tree in order, branch after branch, so that the branch changes rarely.

    Raises UnreadableError when two nodes share an id, when a node follows one that is not there,
    and when nodes follow each other in a circle.
    """
    by_id: dict[str, Node] = {}
    following: dict[str | None, list[str]] = defaultdict(list)
    for node in nodes:
        if node.id in by_id:
            raise UnreadableError(f"Two messages have the id {_shown(node.id)}.")
        by_id[node.id] = node
        following[node.parent_id].append(node.id)
    for parent_id in following:
        if parent_id is not None and parent_id not in by_id:
            raise UnreadableError(
                f"A message follows {_shown(parent_id)}, which is not in the conversation."
            )
    messages: list[dict[str, Any]] = []
    nearest: dict[str, str | None] = {}
    # Not by recursion, which a long conversation would break.
    waiting = following[None][::-1]
    while waiting:
        node = by_id[waiting.pop()]
        above = None if node.parent_id is None else nearest[node.parent_id]
        if node.message is None:
            nearest[node.id] = above
        else:
            nearest[node.id] = node.id
            # 0 means that it follows none.
            messages.append({"id": node.id, "parent_id": above or 0, **node.message})
        waiting += reversed(following.get(node.id, ()))
    if len(nearest) < len(by_id):
        raise UnreadableError("Messages of the conversation follow each other in a circle.")
    return Thread(messages, nearest)


def _shown(name: str) -> str:
    return repr(name if len(name) <= MAX_SHOWN_CHARS else f"{name[:MAX_SHOWN_CHARS]}…")
