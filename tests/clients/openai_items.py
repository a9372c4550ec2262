"""Every type of item in OpenAI's own package; run by test_openai.py where that is installed.

Types, fields and variants are read from the package, so those of a newer one are tried too.
"""

import os
from collections.abc import Callable, Iterable
from functools import partial
from itertools import batched
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from openai import BadRequestError, OpenAI
from openai.types.conversations import ConversationItem
from openai.types.responses import ResponseIncludable, ResponseInputItemParam
from openai.types.responses.response_input_item_param import ItemReference
from pydantic import BaseModel
from typing_extensions import is_typeddict

client = OpenAI(
    api_key=os.environ["GATEWAYZ_API_KEY"], base_url=os.environ["GATEWAYZ_URL"] + "/v1"
)
items = client.conversations.items

MAX_ITEMS = 20
# Filters of a tool hold filters, without end.
MAX_DEPTH = 8
INCLUDE = list(get_args(ResponseIncludable))
PLAIN = {str: "text ä", int: 7, float: 0.25, bool: True, NoneType: None}
# OpenAI shows messages with these roles, and takes none.
ONLY_SHOWN = {"unknown", "critic", "discriminator"}


def members(union: Any) -> list[Any]:
    """The types of a union, or a type alone, without what is said about them."""
    origin = get_origin(union)
    if origin in (Annotated, Required, NotRequired):
        return members(get_args(union)[0])
    if origin in (Union, UnionType):
        return [one for each in get_args(union) for one in members(each)]
    return [union]


def examples(kind: Any, depth: int = 0) -> list[Any]:
    """Values of a type: each variant of it, and of what is in it, at least once."""
    (one, *others) = members(kind)
    if others:
        return [value for each in (one, *others) for value in examples(each, depth)]
    if get_origin(one) is Literal:
        return list(get_args(one))
    if is_typeddict(one) or (isinstance(one, type) and issubclass(one, BaseModel)):
        return [] if depth > MAX_DEPTH else records(one, depth)
    if (holds := get_origin(one)) is not None:
        *_, held = get_args(one)
        values = examples(held, depth + 1)
        return [dict(zip("abc", values, strict=False)) if holds is dict else values]
    return [PLAIN[one]] if one in PLAIN else [{"any": [1, "b", None]}]


def records(kind: Any, depth: int) -> list[dict[str, Any]]:
    """Objects with all fields, which show every variant of each; and one with the fewest."""
    if is_typeddict(kind):
        hints = get_type_hints(kind, include_extras=True)
        required = {name for name, hint in hints.items() if get_origin(hint) is Required}
    else:
        hints = {
            field.alias or name: field.annotation for name, field in kind.model_fields.items()
        }
        required = {
            field.alias or name for name, field in kind.model_fields.items() if field.is_required()
        }
    values = {name: found for name, hint in hints.items() if (found := examples(hint, depth + 1))}
    if not required <= values.keys():
        return []  # too deep
    all_fields = [
        {name: found[n % len(found)] for name, found in values.items()}
        for n in range(max(map(len, values.values()), default=1))
    ]
    return [*all_fields, {name: values[name][0] for name in required}]


def keep_all(kinds: Iterable[Any]) -> None:
    """Each comes back equal when added and listed, and one of each kind when read alone."""
    conversation = client.conversations.create().id
    added: list[Any] = []
    first_of_each: list[int] = []
    for kind in kinds:
        given = [
            value if value.get("id") is None else {**value, "id": f"given_{len(added)}_{n}"}
            for n, value in enumerate(examples(kind))
            if value.get("role") not in ONLY_SHOWN
        ]
        if given:
            first_of_each.append(len(added))
        for request in batched(given, MAX_ITEMS, strict=False):
            answer = items.create(conversation, items=request, include=INCLUDE).data
            assert [came_back(item) for item in answer] == [
                sent(value, item) for value, item in zip(request, answer, strict=True)
            ], kind
            added += answer
    alone = [added[place] for place in first_of_each]
    for item in alone:
        assert items.retrieve(item.id, conversation_id=conversation, include=INCLUDE) == item
    for order, expected in ("asc", added), ("desc", added[::-1]):
        pages = items.list(conversation, order=order, limit=50, include=INCLUDE)
        assert [*pages] == expected, order
        rest = items.list(conversation, order=order, after=expected[2].id, limit=100)
        assert [*rest] == expected[3:], order
    for item in alone:
        assert items.delete(item.id, conversation_id=conversation).id == conversation
    left = [item for place, item in enumerate(added) if place not in first_of_each]
    assert [*items.list(conversation, order="asc")] == left


def came_back(item: Any) -> Any:
    return item.to_dict(exclude_unset=True)


def sent(value: dict[str, Any], item: Any) -> dict[str, Any]:
    """The value that should come back: all of it, with an id, and text as a part of a message."""
    given = {**value, "id": value.get("id") or item.id}
    if "role" not in value or value.get("type", "message") != "message":
        return given
    content = value["content"]
    if isinstance(content, str):
        part = {"type": "input_text", "text": content}
        if value["role"] == "assistant":
            part = {"type": "output_text", "text": content, "annotations": []}
        content = [part]
    return {"status": "completed", **given, "type": "message", "content": content}


def error_of(ask: Callable[[], object]) -> tuple[str | None, str | None]:
    try:
        ask()
    except BadRequestError as error:
        return error.code, error.param
    raise AssertionError("It was accepted.")


def keep_to_the_limits() -> None:
    """OpenAI's limits: 20 items, and 16 pairs of 64 and 512 characters."""
    create, update = client.conversations.create, client.conversations.update
    hello = {"role": "user", "content": "Hello"}
    largest = {f"{n:ä<64}": "€" * 512 for n in range(16)}
    conversation = create(metadata=largest, items=[hello] * MAX_ITEMS)
    assert conversation.metadata == largest
    assert update(conversation.id, metadata=largest) == conversation
    wrong: list[Any] = [
        *({**largest, "one": "more"}, {"ä" * 65: "a"}, {"a": "€" * 513}),
        *({"a": 7}, {"a": None}, {"a": ["b"]}),
    ]
    of_metadata, of_items = ("validation_error", "metadata"), ("validation_error", "items")
    for metadata in wrong:
        assert error_of(partial(create, metadata=metadata)) == of_metadata, metadata
        assert error_of(partial(update, conversation.id, metadata=metadata)) == of_metadata
    for many in [hello] * (MAX_ITEMS + 1), examples(ItemReference):
        assert error_of(partial(create, items=many)) == of_items
        assert error_of(partial(items.create, conversation.id, items=many)) == of_items
    assert len(items.list(conversation.id, limit=100).data) == MAX_ITEMS
    assert client.conversations.retrieve(conversation.id) == conversation


keep_all(members(ConversationItem))
keep_all(kind for kind in members(ResponseInputItemParam) if kind is not ItemReference)
keep_to_the_limits()
