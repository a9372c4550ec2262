"""The asynchronous client: the methods of the synchronous one, awaited."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager
from functools import wraps
from types import TracebackType
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar

import httpx

from gatewayz_client.account import Account
from gatewayz_client.calls import Calls, Request, RetryPolicy, given
from gatewayz_client.chat import Chat
from gatewayz_client.keys import Keys
from gatewayz_client.problems import UnreachableError, problem_of
from gatewayz_client.types import AccountExportFormat, ExportFormat

P = ParamSpec("P")
T = TypeVar("T")
Client = TypeVar("Client", bound="AsyncGatewayz")


class _AsyncCalls:
    """The connections that all groups of methods share."""

    def __init__(self, http: httpx.AsyncClient, policy: RetryPolicy) -> None:
        self._http = http
        self._policy = policy

    async def send(self, request: Request) -> Any:
        """Send a request; return the parsed answer. Raises ProblemError and UnreachableError."""
        arguments = request.arguments()
        for attempt in itertools.count(1):
            outcome: httpx.Response | httpx.TransportError
            try:
                outcome = response = await self._http.request(**arguments)
            except httpx.TransportError as error:
                outcome = error
            pause_seconds = self._policy.pause_seconds(request, attempt, outcome)
            if pause_seconds is None:
                break
            await asyncio.sleep(pause_seconds)
        return response.json()

    @asynccontextmanager
    async def download(self, path: str, **query: Any) -> AsyncIterator[httpx.Response]:
        """Send a request with a streamed answer. Raises ProblemError and UnreachableError."""
        try:
            async with self._http.stream("GET", path, params=given(query)) as response:
                if not response.is_success:
                    await response.aread()
                    raise problem_of(response)
                yield response
        except httpx.TransportError as error:
            raise UnreachableError(str(error)) from error


class _Sending(Exception):  # noqa: N818, not an error
    """Ends a method of the synchronous client where it would send its request."""

    def __init__(self, request: Request) -> None:
        self.request = request


class _Ask(Calls):
    """Finds out what a method sends."""

    def send(self, request: Request) -> NoReturn:
        raise _Sending(request)

    def download(self, path: str, **query: Any) -> AbstractContextManager[httpx.Response]:
        raise NotImplementedError


class _Answer(_Ask):
    """Gives a method the answer to its request."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def send(self, request: Request) -> Any:
        return self._answer


class _Group:
    def __init__(self, calls: _AsyncCalls) -> None:
        self._calls = calls


Group = TypeVar("Group", Chat, Keys, Account)


def _awaited(
    group: Callable[[Calls], Group], method: Callable[Concatenate[Group, P], T]
) -> Callable[Concatenate[_Group, P], Coroutine[Any, Any, T]]:
    """The asynchronous form of `method`, which describes the request and reads the answer.

    The method runs up to its request; that is sent; then it runs again and gets the answer.
    """

    @wraps(method)
    async def call(self: _Group, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(group(_Ask()), *args, **kwargs)
        except _Sending as sending:
            request = sending.request
        answer = await self._calls.send(request)
        return method(group(_Answer(answer)), *args, **kwargs)

    return call


class AsyncChat(_Group):
    """`client.chat` of AsyncGatewayz: the methods of Chat."""

    create_session = _awaited(Chat, Chat.create_session)
    create_sessions = _awaited(Chat, Chat.create_sessions)
    list_sessions = _awaited(Chat, Chat.list_sessions)
    read_session = _awaited(Chat, Chat.read_session)
    patch_session = _awaited(Chat, Chat.patch_session)
    delete_session = _awaited(Chat, Chat.delete_session)
    delete_sessions = _awaited(Chat, Chat.delete_sessions)
    restore_session = _awaited(Chat, Chat.restore_session)
    fork_session = _awaited(Chat, Chat.fork_session)
    append_message = _awaited(Chat, Chat.append_message)
    append_messages = _awaited(Chat, Chat.append_messages)
    list_messages = _awaited(Chat, Chat.list_messages)
    read_message = _awaited(Chat, Chat.read_message)
    patch_message = _awaited(Chat, Chat.patch_message)
    delete_message = _awaited(Chat, Chat.delete_message)
    truncate_messages = _awaited(Chat, Chat.truncate_messages)
    list_tags = _awaited(Chat, Chat.list_tags)
    list_folders = _awaited(Chat, Chat.list_folders)
    search_chats = _awaited(Chat, Chat.search_chats)
    chat_stats = _awaited(Chat, Chat.chat_stats)
    give_feedback = _awaited(Chat, Chat.give_feedback)
    change_feedback = _awaited(Chat, Chat.change_feedback)
    withdraw_feedback = _awaited(Chat, Chat.withdraw_feedback)
    list_feedback = _awaited(Chat, Chat.list_feedback)
    list_session_feedback = _awaited(Chat, Chat.list_session_feedback)
    feedback_stats = _awaited(Chat, Chat.feedback_stats)
    share_session = _awaited(Chat, Chat.share_session)
    list_shares = _awaited(Chat, Chat.list_shares)
    read_share = _awaited(Chat, Chat.read_share)
    revoke_share = _awaited(Chat, Chat.revoke_share)
    import_chat = _awaited(Chat, Chat.import_chat)

    async def export_session(
        self,
        session_id: int,
        *,
        format: ExportFormat | None = None,  # noqa: A002
    ) -> bytes:
        """Export a session as a file."""
        path = f"/v1/chat/sessions/{session_id}/export"
        async with self._calls.download(path, format=format) as response:
            return await response.aread()

    async def export_all(self, *, end_user_id: str | None = None) -> AsyncIterator[dict[str, Any]]:
        """Export every session, each followed by its messages; `type` tells the two apart.

        Raises UnreachableError when the export was cut off.
        """
        async with self._calls.download("/v1/chat/export", end_user_id=end_user_id) as response:
            async for text in response.aiter_lines():
                line = json.loads(text)
                if line["type"] == "end":
                    return
                yield line
        raise UnreachableError("The export was cut off")


class AsyncKeys(_Group):
    """`client.keys` of AsyncGatewayz: the methods of Keys."""

    create_api_key = _awaited(Keys, Keys.create_api_key)
    list_api_keys = _awaited(Keys, Keys.list_api_keys)
    read_api_key = _awaited(Keys, Keys.read_api_key)
    change_api_key = _awaited(Keys, Keys.change_api_key)
    rotate_api_key = _awaited(Keys, Keys.rotate_api_key)
    delete_api_key = _awaited(Keys, Keys.delete_api_key)
    api_key_usage = _awaited(Keys, Keys.api_key_usage)
    list_audit_log = _awaited(Keys, Keys.list_audit_log)
    activity_log = _awaited(Keys, Keys.activity_log)
    activity_stats = _awaited(Keys, Keys.activity_stats)
    list_rate_limits = _awaited(Keys, Keys.list_rate_limits)
    get_rate_limit_usage = _awaited(Keys, Keys.get_rate_limit_usage)
    set_rate_limits = _awaited(Keys, Keys.set_rate_limits)
    set_all_rate_limits = _awaited(Keys, Keys.set_all_rate_limits)


class AsyncAccount(_Group):
    """`client.account` of AsyncGatewayz: the methods of Account."""

    sign_in = _awaited(Account, Account.sign_in)
    sign_up = _awaited(Account, Account.sign_up)
    request_password_reset = _awaited(Account, Account.request_password_reset)
    reset_password = _awaited(Account, Account.reset_password)
    change_password = _awaited(Account, Account.change_password)
    get_profile = _awaited(Account, Account.get_profile)
    patch_profile = _awaited(Account, Account.patch_profile)
    list_plans = _awaited(Account, Account.list_plans)
    get_plan = _awaited(Account, Account.get_plan)
    get_user_plan = _awaited(Account, Account.get_user_plan)
    get_plan_usage = _awaited(Account, Account.get_plan_usage)
    get_entitlements = _awaited(Account, Account.get_entitlements)
    get_environment_usage = _awaited(Account, Account.get_environment_usage)
    list_notifications = _awaited(Account, Account.list_notifications)
    read_notification_preferences = _awaited(Account, Account.read_notification_preferences)
    change_notification_preferences = _awaited(Account, Account.change_notification_preferences)
    send_test_notification = _awaited(Account, Account.send_test_notification)
    send_usage_report = _awaited(Account, Account.send_usage_report)
    generate_referral_code = _awaited(Account, Account.generate_referral_code)
    read_referral_code = _awaited(Account, Account.read_referral_code)
    validate_referral_code = _awaited(Account, Account.validate_referral_code)
    apply_referral_code = _awaited(Account, Account.apply_referral_code)
    read_referral_stats = _awaited(Account, Account.read_referral_stats)

    async def export_account(
        self,
        *,
        format: AccountExportFormat | None = None,  # noqa: A002
    ) -> AsyncIterator[bytes]:
        """Export everything that the account owns, in pieces."""
        async with self._calls.download("/v1/user/export", format=format) as response:
            async for piece in response.aiter_bytes():
                yield piece


class AsyncGatewayz:
    """A client with one key, for one event loop. Tasks may share it.

    The arguments are those of Gatewayz; `transport` is an asynchronous one.
    """

    def __init__(
        self,
        api_key: str | None,
        base_url: str = "http://127.0.0.1:8000",
        *,
        timeout_seconds: float = 15,
        attempts: int = 4,
        longest_wait_seconds: float = 30,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=timeout_seconds,
            transport=transport,
        )
        calls = _AsyncCalls(self._http, RetryPolicy(attempts, longest_wait_seconds))
        self.chat = AsyncChat(calls)
        self.keys = AsyncKeys(calls)
        self.account = AsyncAccount(calls)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self: Client) -> Client:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
