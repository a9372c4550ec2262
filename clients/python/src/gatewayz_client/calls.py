"""Sends requests to the service, and repeats those that are safe to repeat."""

from __future__ import annotations

import itertools
import random
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


class Calls:
    """The connection to the service, which all groups of methods share."""

    def __init__(self, http: httpx.Client, *, attempts: int, longest_wait_seconds: float) -> None:
        self.http = http
        self._attempts = attempts
        self._longest_wait_seconds = longest_wait_seconds

    def get(self, path: str, **query: Any) -> Any:
        """Send a GET; return the parsed answer."""
        return self._send("GET", path, query=query).json()

    def put(self, path: str, **body: Any) -> Any:
        """Send a PUT, which may be repeated."""
        return self._send("PUT", path, body=body).json()

    def patch(self, path: str, **body: Any) -> Any:
        """Send a PATCH."""
        return self._send("PATCH", path, body=body).json()

    def delete(self, path: str, **body: Any) -> Any:
        """Send a DELETE."""
        return self._send("DELETE", path, body=body or None).json()

    def post(self, path: str, **body: Any) -> Any:
        """Send a POST, which is repeated only if the service did not begin it."""
        return self._send("POST", path, body=body, repeatable=False).json()

    def post_once(self, path: str, idempotency_key: str | None, **body: Any) -> Any:
        """Send a POST with an Idempotency-Key, which the service executes only once."""
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        return self._send("POST", path, body=body, headers=headers).json()

    @contextmanager
    def download(self, path: str, **query: Any) -> Iterator[httpx.Response]:
        """Send a request with a streamed answer. Raises ProblemError and UnreachableError."""
        try:
            with self.http.stream("GET", path, params=_given(query)) as response:
                if not response.is_success:
                    response.read()
                    raise problem_of(response)
                yield response
        except httpx.TransportError as error:
            raise UnreachableError(str(error)) from error

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Values | None = None,
        body: Values | None = None,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = True,
    ) -> httpx.Response:
        """The successful answer.

        Raises:
            ProblemError: the service rejects the request, or is unavailable after all attempts.
            UnreachableError: it does not answer, or what it has done is unknown.
        """
        for attempt in itertools.count(1):
            last = attempt >= self._attempts
            pause_seconds = _pause_seconds(attempt)
            try:
                response = self.http.request(
                    method,
                    path,
                    params=None if query is None else _given(query),
                    json=None if body is None else _given(body),
                    headers=headers,
                )
            except httpx.TransportError as error:
                not_begun = isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
                if last or not (repeatable or not_begun):
                    raise UnreachableError(str(error)) from error
            else:
                if response.is_success:
                    break
                problem = problem_of(response)
                if problem.retry_after_seconds is not None:
                    pause_seconds = problem.retry_after_seconds
                too_long = pause_seconds > self._longest_wait_seconds
                if last or too_long or not _may_repeat(problem, repeatable):
                    raise problem
            time.sleep(pause_seconds)
        return response


def _pause_seconds(attempt: int) -> float:
    """The pause before a repetition without Retry-After: random, and doubled each time."""
    return FIRST_PAUSE_SECONDS * (1 << attempt - 1) * random.uniform(0.5, 1)  # noqa: S311


def _may_repeat(problem: ProblemError, repeatable: bool) -> bool:
    if problem.status == 429 or problem.code in _NOT_BEGUN:
        return True
    return repeatable and problem.status in {502, 503, 504}


def _given(values: Values) -> dict[str, Any]:
    """The values that are not None, ready for JSON and query strings."""
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    if value is NULL:
        return None
    return value.isoformat() if isinstance(value, date) else value
