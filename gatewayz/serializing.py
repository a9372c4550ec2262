"""DRF's serializers, made once: each new one would build all of its fields again.

A serializer keeps nothing of a request as long as it is only asked for `run_validation` and
`to_representation`, so that one serves all threads. One that needs a `context` is made as DRF
shows it.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any

from rest_framework.serializers import Serializer

_made = cache(lambda serializer: serializer())


def validated(serializer: type[Serializer], given: Any) -> dict[str, Any]:
    """What `serializer` makes of `given`, a body or query parameters.

    Raises rest_framework.exceptions.ValidationError, which answers 400.
    """
    values: dict[str, Any] = _made(serializer).run_validation(given)
    return values


def represented(serializer: type[Serializer], instance: Any) -> dict[str, Any]:
    """The JSON of `instance` as `serializer` shows it."""
    shown: dict[str, Any] = _made(serializer).to_representation(instance)
    return shown


def represented_all(
    serializer: type[Serializer], instances: Iterable[Any]
) -> list[dict[str, Any]]:
    """The JSON of each of `instances` as `serializer` shows it."""
    return [represented(serializer, instance) for instance in instances]
