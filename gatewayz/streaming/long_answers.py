"""Answers that are longer than most, which a process holds until their clients have received them.

A client that reads slowly keeps its answer in memory. The bytes of such answers are bounded, for
the process and for each caller, and an answer is sent as a download is: in pieces, to a client
that reads, and not for longer than a download may take.
"""

from collections.abc import Callable, Iterator
from typing import TypeGuard

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from gatewayz.api.problems import response_to
from gatewayz.database.base import give_back_connections
from gatewayz.errors import Unavailable
from gatewayz.request.client_address import client_address, subscriber_of
from gatewayz.request.context import current_user_id
from gatewayz.streaming.downloads import in_pieces
from gatewayz.threads.user_counts import UserCounts

LONG_ANSWER_BYTES = 1_000_000

# Of the answers that are being sent: of a process, and of a user or, without a key, of an address.
MAX_HELD_BYTES = 200_000_000
MAX_HELD_BYTES_OF_CALLER = 100_000_000


class AnswersBusy(Unavailable):
    """503: the memory for long answers of this process, or of this caller, is full."""

    default_detail = "Too many long answers are being sent at the moment. Please try again."
    default_code = "answers_busy"


_held_bytes = UserCounts(AnswersBusy, AnswersBusy)


class LongAnswerMiddleware:
    """Rejects a request whose long answer finds no memory, and counts those that do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not is_long(response):
            return response
        caller = current_user_id() or subscriber_of(client_address(request))
        size_bytes = len(response.content)
        try:
            _held_bytes.take_while_sent(
                response, caller, size_bytes, MAX_HELD_BYTES_OF_CALLER, MAX_HELD_BYTES
            )
        except AnswersBusy as busy:
            return response_to(busy)
        give_back_connections()
        return response


def is_long(response: HttpResponseBase) -> TypeGuard[HttpResponse]:
    """Whether an answer other than a download is longer than LONG_ANSWER_BYTES."""
    return isinstance(response, HttpResponse) and len(response.content) > LONG_ANSWER_BYTES


class LongAnswer:
    """A long response as the server sends it, at the pace at which its client reads.

    `began` is when its request began (monotonic seconds).
    """

    streaming = True

    def __init__(self, response: HttpResponse, began: float) -> None:
        self._response = response
        self._began = began

    def __iter__(self) -> Iterator[bytes]:
        return in_pieces(iter((self._response.content,)), self._began)

    def close(self) -> None:
        self._response.close()
