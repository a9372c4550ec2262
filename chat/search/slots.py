"""How many searches run at a time, so that they leave the database to others.

A search of many chats keeps a processor of PostgreSQL busy for up to
DATABASE_STATEMENT_TIMEOUT_SECONDS. Each process runs few of them, and one of each user, whose
others wait for it.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from threading import Condition

from rest_framework.exceptions import APIException

from gatewayz.request.deadline import RETRY_AFTER_SECONDS, within_deadline

# Of one process.
MAX_RUNNING = 2
MAX_RUNNING_OF_USER = 1
# Running and waiting: each that waits has a turn of `gatewayz.middleware.load_shedding`.
MAX_ASKED_OF_USER = 4

WAIT_SECONDS = 1.0


class TooManySearches(APIException):
    """429: the user has as many searches as one user may have at a time."""

    status_code = HTTPStatus.TOO_MANY_REQUESTS
    default_detail = "You have other searches that are not done yet. Please try again."
    default_code = "too_many_searches"
    wait = RETRY_AFTER_SECONDS


class SearchesBusy(APIException):
    """503: this process has as many searches as it may have at a time."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_detail = "There are too many searches at the moment. Please try again."
    default_code = "searches_busy"
    wait = RETRY_AFTER_SECONDS


class Searches:
    """The searches of this process, by user."""

    def __init__(self) -> None:
        self._asked: Counter[int] = Counter()
        self._running: Counter[int] = Counter()
        self._one_ended = Condition()

    @contextmanager
    def slot(self, user_id: int) -> Iterator[None]:
        """A slot for the search in the block. Waits for it up to WAIT_SECONDS.

        Raises TooManySearches or SearchesBusy.
        """
        with self._one_ended:
            if self._asked[user_id] >= MAX_ASKED_OF_USER:
                raise TooManySearches
            self._asked[user_id] += 1
        try:
            self._begin(user_id)
            try:
                yield
            finally:
                with self._one_ended:
                    _take_one(self._running, user_id)
                    self._one_ended.notify_all()
        finally:
            with self._one_ended:
                _take_one(self._asked, user_id)

    def _begin(self, user_id: int) -> None:
        with self._one_ended:
            has_slot = self._one_ended.wait_for(
                lambda: (
                    self._running[user_id] < MAX_RUNNING_OF_USER
                    and self._running.total() < MAX_RUNNING
                ),
                within_deadline(WAIT_SECONDS),
            )
            if not has_slot:
                raise TooManySearches if self._running[user_id] else SearchesBusy
            self._running[user_id] += 1


def _take_one(counter: Counter[int], user_id: int) -> None:
    counter[user_id] -= 1
    if not counter[user_id]:
        del counter[user_id]  # users who have none take no room


searches = Searches()
