"""The deadline of a request, which tests let pass at a moment of their choice."""

import time

from gatewayz.request import deadline


def let_deadline_pass() -> None:
    """Make the request that is being answered late from now on, until it ends."""
    deadline._deadline.set(time.monotonic())
