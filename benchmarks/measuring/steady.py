"""Steady traffic: requests that begin at a fixed rate, however long the answers take."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPConnection
from itertools import count
from threading import Event

from benchmarks.measuring.load import LoadError, Request, headers_of

CLIENTS = 8


class SteadyTraffic:
    """Sends `requests` in turn to a service on this machine, over CLIENTS connections."""

    def __init__(self, port: int, api_key: str, requests: Sequence[Request]) -> None:
        self._port, self._requests = port, requests
        self._headers = headers_of(api_key)

    def capacity(self, seconds: float) -> float:
        """Return the requests a second when each connection sends the next one immediately."""
        return len(self.latencies(float("inf"), seconds)) / seconds

    def latencies(self, rate: float, seconds: float) -> list[float]:
        """Send `rate` requests a second for some `seconds`.

        Returns the seconds from when each request was due until it was answered, so that a
        request that waits for a connection counts as slow. Raises LoadError when one fails.
        """
        started, numbers, ended = time.monotonic(), count(), Event()

        def is_over() -> bool:
            return ended.is_set() or time.monotonic() >= started + seconds

        def send() -> list[float]:
            return list(self._send(started, rate, numbers, is_over))

        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(send) for _ in range(CLIENTS)]
            try:
                return [seconds for client in clients for seconds in client.result()]
            finally:
                # Also when this one is interrupted.
                ended.set()

    def _send(
        self, started: float, rate: float, numbers: Iterator[int], is_over: Callable[[], bool]
    ) -> Iterator[float]:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            while not is_over():
                number = next(numbers)
                due = max(started + number / rate, time.monotonic() if rate == float("inf") else 0)
                time.sleep(max(0, due - time.monotonic()))
                request = self._requests[number % len(self._requests)]
                connection.request(
                    request.method, request.path, request.body or None, self._headers
                )
                response = connection.getresponse()
                body = response.read()
                if response.status not in (HTTPStatus.OK, HTTPStatus.CREATED):
                    raise LoadError(f"{request.path}: {response.status} {body.decode()}")
                yield time.monotonic() - due
        finally:
            connection.close()
