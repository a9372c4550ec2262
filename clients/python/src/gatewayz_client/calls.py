"""Sends requests to the service, and repeats those that are safe to repeat."""

from __future__ import annotations

import itertools
import random
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import httpx

from gatewayz_client.problems import ProblemError, UnreachableError, problem_of

Values = Mapping[str, Any]


class Null(Enum):
    """JSON's null, where leaving the value out means something else."""

    NULL = "null"


NULL = Null.NULL

FIRST_PAUSE_SECONDS = 0.2

# Answers to requests that the service did not begin: any of them may be repeated.
_NOT_BEGUN = frozenset({"overloaded"})


@dataclass(frozen=True)
class Request:
    """The request of a method. One that is `repeatable` may be executed twice without harm."""

    method: str
    path: str
    query: Values | None = None
    body: Values | None = None
    headers: Mapping[str, str] | None = None
    repeatable: bool = True

    def arguments(self) -> dict[str, Any]:
        """The arguments of httpx's `request`."""
        return {
            "method": self.method,
            "url": self.path,
            "params": None if self.query is None else given(self.query),
            "json": None if self.body is None else given(self.body),
            "headers": self.headers,
        }


class Calls(ABC):
    """The requests of all methods; subclasses send them."""

    @abstractmethod
    def send(self, request: Request) -> Any:
        """Send a request; return the parsed answer. Raises ProblemError and UnreachableError."""

    @abstractmethod
    def download(self, path: str, **query: Any) -> AbstractContextManager[httpx.Response]:
        """Send a request with a streamed answer. Raises ProblemError and UnreachableError."""

    def get(self, path: str, **query: Any) -> Any:
        """Send a GET; return the parsed answer."""
        return self.send(Request("GET", path, query=query))

    def put(self, path: str, **body: Any) -> Any:
        """Send a PUT, which may be repeated."""
        return self.send(Request("PUT", path, body=body))

    def patch(self, path: str, **body: Any) -> Any:
        """Send a PATCH."""
        return self.send(Request("PATCH", path, body=body))

    def delete(self, path: str, **body: Any) -> Any:
        """Send a DELETE."""
        return self.send(Request("DELETE", path, body=body or None))

    def post(self, path: str, **body: Any) -> Any:
        """Send a POST, which is repeated only if the service did not begin it."""
        return self.send(Request("POST", path, body=body, repeatable=False))

    def post_once(self, path: str, idempotency_key: str | None, **body: Any) -> Any:
        """Send a POST with an Idempotency-Key, which the service executes only once."""
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        return self.send(Request("POST", path, body=body, headers=headers))


@dataclass(frozen=True)
class RetryPolicy:
    """How often a request is sent, and how long it waits for a repetition."""

    attempts: int
    longest_wait_seconds: float

    def pause_seconds(
        self, request: Request, attempt: int, outcome: httpx.Response | httpx.TransportError
    ) -> float | None:
        """The pause before the next attempt; None after a success.

        Raises:
            ProblemError: the service rejects the request, or is unavailable after all attempts.
            UnreachableError: it does not answer, or what it has done is unknown.
        """
        pause_seconds = _pause_seconds(attempt)
        if isinstance(outcome, httpx.TransportError):
            not_begun = isinstance(outcome, httpx.ConnectError | httpx.ConnectTimeout)
            if attempt >= self.attempts or not (request.repeatable or not_begun):
                raise UnreachableError(str(outcome)) from outcome
            return pause_seconds
        if outcome.is_success:
            return None
        problem = problem_of(outcome)
        if problem.retry_after_seconds is not None:
            pause_seconds = problem.retry_after_seconds
        too_long = pause_seconds > self.longest_wait_seconds
        if attempt >= self.attempts or too_long or not _may_repeat(problem, request.repeatable):
            raise problem
        return pause_seconds


class SentCalls(Calls):
    """Calls that are sent immediately, by the connections that all groups of methods share."""

    def __init__(self, http: httpx.Client, policy: RetryPolicy) -> None:
        self._http = http
        self._policy = policy

    def send(self, request: Request) -> Any:
        arguments = request.arguments()
        for attempt in itertools.count(1):
            outcome: httpx.Response | httpx.TransportError
            try:
                outcome = response = self._http.request(**arguments)
            except httpx.TransportError as error:
                outcome = error
            pause_seconds = self._policy.pause_seconds(request, attempt, outcome)
            if pause_seconds is None:
                break
            time.sleep(pause_seconds)
        return response.json()

    @contextmanager
    def download(self, path: str, **query: Any) -> Iterator[httpx.Response]:
        try:
            with self._http.stream("GET", path, params=given(query)) as response:
                if not response.is_success:
                    response.read()
                    raise problem_of(response)
                yield response
        except httpx.TransportError as error:
            raise UnreachableError(str(error)) from error


def _pause_seconds(attempt: int) -> float:
    """The pause before a repetition without Retry-After: random, and doubled each time."""
    return FIRST_PAUSE_SECONDS * (1 << attempt - 1) * random.uniform(0.5, 1)  # noqa: S311


def _may_repeat(problem: ProblemError, repeatable: bool) -> bool:
    if problem.status == 429 or problem.code in _NOT_BEGUN:
        return True
    return repeatable and problem.status in {502, 503, 504}


def given(values: Values) -> dict[str, Any]:
    """The values that are not None, ready for JSON and query strings."""
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    if value is NULL:
        return None
    return value.isoformat() if isinstance(value, date) else value
