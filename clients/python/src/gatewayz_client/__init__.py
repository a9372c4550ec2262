"""A typed client for Gatewayz, the chat-history backend."""

from gatewayz_client.asynchronous import AsyncGatewayz
from gatewayz_client.calls import NULL, Null
from gatewayz_client.client import Gatewayz
from gatewayz_client.pages import Page, aevery, every
from gatewayz_client.problems import (
    ConflictError,
    ForbiddenError,
    GatewayzError,
    InvalidError,
    LimitError,
    NotFoundError,
    ProblemError,
    UnauthorizedError,
    UnavailableError,
    UnreachableError,
)

__version__ = "1.2.0"

__all__ = [
    "NULL",
    "AsyncGatewayz",
    "ConflictError",
    "ForbiddenError",
    "Gatewayz",
    "GatewayzError",
    "InvalidError",
    "LimitError",
    "NotFoundError",
    "Null",
    "Page",
    "ProblemError",
    "UnauthorizedError",
    "UnavailableError",
    "UnreachableError",
    "aevery",
    "every",
]
