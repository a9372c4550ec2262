"""Fields of answers for clients of the old service, beside those of today's contract.

Each feature says in its module `old_shapes` which fields its answers have for them, as functions
from the new `data` to a dictionary, and in `old_routes` which paths only they call.
OLD_SHAPES=off switches all of it off, and deleting these modules ends it.
"""

from collections.abc import Callable, Mapping
from typing import Any

# A function from `data` to the fields of the old service's answer.
OldShape = Callable[[Any], Mapping[str, Any]]

# "No limit", where old clients calculate with a number.
UNLIMITED = 2**31 - 1


def status(data: Any = None) -> dict[str, Any]:
    """Every answer below /user had this."""
    return {"status": "success"}


def with_status(**fields: Any) -> OldShape:
    """The shape of an answer below /user with these `fields`."""
    return lambda data: {**status(), **fields}


def flat(data: Any) -> dict[str, Any]:
    """The shape of an answer below /user whose fields are at the top."""
    return {**status(), **data}


def numbers(limits: Mapping[str, Any]) -> dict[str, Any]:
    """`limits` with UNLIMITED where there is none."""
    return {name: UNLIMITED if limit is None else limit for name, limit in limits.items()}
