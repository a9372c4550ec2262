from __future__ import annotations

from types import TracebackType
from typing import TypeVar

import httpx

from gatewayz_client.account import Account
from gatewayz_client.calls import RetryPolicy, SentCalls
from gatewayz_client.chat import Chat
from gatewayz_client.keys import Keys

Client = TypeVar("Client", bound="Gatewayz")


class Gatewayz:
    """A client with one key. Threads may share it.

    Args:
        api_key: `gw_live_…`; None for public operations only.
        base_url: the address of the service, without `/v1`.
        timeout_seconds: the longest wait for one answer.
        attempts: how often a request is sent, at most.
        longest_wait_seconds: the longest pause before a retry; an error that asks for a longer
            one (a limit of the day or month) is raised immediately.
        transport: an httpx transport, for tests and proxies.
    """

    def __init__(
        self,
        api_key: str | None,
        base_url: str = "http://127.0.0.1:8000",
        *,
        timeout_seconds: float = 15,
        attempts: int = 4,
        longest_wait_seconds: float = 30,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=timeout_seconds,
            transport=transport,
        )
        calls = SentCalls(self._http, RetryPolicy(attempts, longest_wait_seconds))
        self.chat = Chat(calls)
        self.keys = Keys(calls)
        self.account = Account(calls)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self: Client) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
