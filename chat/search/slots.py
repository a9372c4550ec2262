"""Limits how many searches run at a time, so that other requests still get the database.

A search of many chats keeps a processor of PostgreSQL busy for up to
DATABASE_STATEMENT_TIMEOUT_SECONDS. Each process runs a few of them, and one per user at a time;
that user's others wait.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http import HTTPStatus
from threading import Condition

from rest_framework.exceptions import APIException

from gatewayz.errors import RETRY_AFTER_SECONDS
from gatewayz.middleware.load_shedding import process_gate
from gatewayz.request.deadline import within_deadline
from gatewayz.threads.user_counts import UserCounts

# Of one process.
MAX_RUNNING = 2
MAX_RUNNING_OF_USER = 1
# Where there is no pool, and so no gate with slots: in commands and tests.
MAX_ASKED_WITHOUT_GATE = 32

WAIT_SECONDS = 3.0


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
    """The searches of a process, by user: at most `max_asked` of them run or wait.

    A waiting search holds a slot of `gatewayz.middleware.load_shedding`. A user has at most three
    quarters of `max_asked`, so that another user's search finds a place.
    """

    def __init__(self, max_asked: int) -> None:
        self.max_asked = max_asked
        self.max_asked_of_user = max_asked * 3 // 4
        self._asked = UserCounts(TooManySearches, SearchesBusy)
        self._running = UserCounts(TooManySearches, SearchesBusy)
        self._one_ended = Condition()

    @contextmanager
    def slot(self, user_id: int) -> Iterator[None]:
        """A slot for the search in the block. Waits for it up to WAIT_SECONDS.

        Raises TooManySearches or SearchesBusy.
        """
        self._asked.take(user_id, 1, self.max_asked_of_user, self.max_asked)
        try:
            self._begin(user_id)
            try:
                yield
            finally:
                with self._one_ended:
                    self._running.give_back(user_id, 1)
                    self._one_ended.notify_all()
        finally:
            self._asked.give_back(user_id, 1)

    def _begin(self, user_id: int) -> None:
        search = (user_id, 1, MAX_RUNNING_OF_USER, MAX_RUNNING)
        with self._one_ended:
            self._one_ended.wait_for(
                lambda: self._running.excess(*search) is None, within_deadline(WAIT_SECONDS)
            )
            self._running.take(*search)


@cache
def process_searches() -> Searches:
    """The searches of this process. Half of its slots are left to other requests."""
    return Searches(process_gate().slots // 2 or MAX_ASKED_WITHOUT_GATE)
