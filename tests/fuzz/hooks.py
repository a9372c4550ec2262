"""What `st` is told about this service: whose keys to use, and what to count.

It runs in a process of its own; `tests.fuzz.fuzzer` starts it.
"""

import atexit
import itertools
import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import schemathesis

# Fuzzing deletes keys and users, narrows what keys may do, and uses limits up.
_KEY_NO_LONGER_SERVES = {401, 403, 429}

# Not the one that hypothesis makes predictable.
_chance = random.SystemRandom()
_keys = itertools.cycle(os.environ["FUZZ_KEYS"].split(","))
_counts: Counter[tuple[str, int]] = Counter()


@schemathesis.auth(refresh_interval=None)
class FreshKey:
    """The key of a user who can still be used: the next one takes over when one is spent."""

    current = next(_keys)

    def get(self, case: schemathesis.Case, context: Any) -> str:
        return f"Bearer {self.current}"

    def set(self, case: schemathesis.Case, data: str, context: Any) -> None:
        case.headers["Authorization"] = data


@schemathesis.hook
def before_call(context: Any, case: schemathesis.Case, kwargs: dict[str, Any]) -> None:
    """Most requests go without an Idempotency-Key: those that share one do nothing new.

    Each comes from another address, or those that are public would soon be too many.
    """
    if _chance.random() < 0.9:
        case.headers.pop("Idempotency-Key", None)
    case.headers["X-Forwarded-For"] = (
        f"2001:db8::{_chance.getrandbits(16):x}:{_chance.getrandbits(16):x}"
    )


@schemathesis.hook
def after_call(context: Any, case: schemathesis.Case, response: Any) -> None:
    _counts[case.operation.label, response.status_code] += 1
    sent = response.request.headers.get("Authorization")
    if (
        response.status_code in _KEY_NO_LONGER_SERVES
        and sent == f"Bearer {FreshKey.current}"
        and b"too_many_attempts" not in response.content  # which is by address, or by the hour
    ):
        FreshKey.current = next(_keys)


@atexit.register
def _write_counts() -> None:
    rows = [[*key, count] for key, count in _counts.items()]
    Path(os.environ["FUZZ_COUNTS"]).write_text(json.dumps(rows))
