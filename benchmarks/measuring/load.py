"""Generates load with wrk (Debian package `wrk`), which needs far less CPU than the services."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

SCRIPT = Path(__file__).parent / "requests.lua"
# How long the service's clients wait for an answer.
TIMEOUT_SECONDS = 15


@dataclass(frozen=True)
class Request:
    """A request; `body` is JSON in one line, or empty."""

    method: str
    path: str
    body: str = ""


CREATE = Request("POST", "/v1/chat/sessions", '{"title": "Benchmark", "model": "openai/gpt-4o"}')


@dataclass(frozen=True)
class Load:
    """The results of a round of requests. `cpu_ms` is the server's, for each request."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float = 0.0

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


class LoadError(Exception):
    """Some requests were not answered with success."""


def check_generator() -> None:
    """Raise LoadError if wrk is not installed."""
    if shutil.which("wrk") is None:
        raise LoadError("wrk is missing: apt-get install wrk, or brew install wrk")


def headers_of(api_key: str) -> dict[str, str]:
    """The headers of a request with JSON."""
    return {
        "Authorization": f"Bearer {api_key}",
        "Content-Type": "application/json",
        # As a proxy that ends TLS adds it.
        "X-Forwarded-Proto": "https",
    }


def create_sessions(port: int, api_key: str, clients: int, seconds: float) -> Load:
    """Create sessions for `seconds`; as `send`."""
    return send(port, api_key, clients, seconds, [CREATE])


def send(
    port: int, api_key: str, clients: int, seconds: float, requests: Sequence[Request]
) -> Load:
    """Send `requests` in turn for `seconds`, with `clients` clients that each await the answer.

    Raises LoadError when one request was not answered, or not with success.
    """
    headers = [
        f"Authorization: Bearer {api_key}",
        # As a proxy that ends TLS adds it.
        "X-Forwarded-Proto: https",
    ]
    with NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines(f"{one.method}\t{one.path}\t{one.body}\n" for one in requests)
        file.flush()
        command = [
            *("wrk", "--threads", "1", "--connections", str(clients)),
            *("--duration", f"{max(1, round(seconds))}s", "--timeout", f"{TIMEOUT_SECONDS}s"),
            *(word for header in headers for word in ("--header", header)),
            *("--script", str(SCRIPT), f"http://127.0.0.1:{port}", "--", file.name),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    refused, broken = found.pop("refused"), found.pop("broken")
    if refused or broken:
        raise LoadError(f"{refused} answers without success, {broken} broken connections")
    if not found["requests"]:
        raise LoadError("no answer at all")
    return Load(**found)
