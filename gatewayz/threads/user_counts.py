"""Counts of a bounded resource that the threads of a process hold, by user."""

import weakref
from collections import Counter
from threading import Lock

from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException


class UserCounts:
    """Counts by user (None: no key); neither a user nor all users together may have too much.

    A caller without a key may be counted by its address.

    `of_user` is the error when the user would have too much, `of_all` when all would.
    """

    def __init__(self, of_user: type[APIException], of_all: type[APIException]) -> None:
        self._of_user = of_user
        self._of_all = of_all
        self._counts: Counter[int | str | None] = Counter()
        self._lock = Lock()

    def __getitem__(self, user_id: int | str | None) -> int:
        """How much a user has."""
        return self._counts[user_id]

    def __len__(self) -> int:
        """How many users have something."""
        return len(self._counts)

    def excess(
        self, user_id: int | str | None, amount: int, max_of_user: int, max_of_all: int
    ) -> type[APIException] | None:
        """Return the error that `take` would raise."""
        if self._counts[user_id] + amount > max_of_user:
            return self._of_user
        if self._counts.total() + amount > max_of_all:
            return self._of_all
        return None

    def take(
        self, user_id: int | str | None, amount: int, max_of_user: int, max_of_all: int
    ) -> None:
        """Count `amount` for a user. Raises the error that `excess` returns."""
        with self._lock:
            if error := self.excess(user_id, amount, max_of_user, max_of_all):
                raise error
            self._counts[user_id] += amount

    def give_back(self, user_id: int | str | None, amount: int) -> None:
        """Count `amount` less for a user."""
        with self._lock:
            self._counts[user_id] -= amount
            if self._counts[user_id] <= 0:
                del self._counts[user_id]  # users who have nothing take no room

    def take_while_sent(
        self,
        response: HttpResponseBase,
        user_id: int | str | None,
        amount: int,
        max_of_user: int,
        max_of_all: int,
    ) -> None:
        """`take`, until the server closes the response or nothing refers to it any more."""
        self.take(user_id, amount, max_of_user, max_of_all)
        # It gives back once, however often it is called.
        give_back = weakref.finalize(response, self.give_back, user_id, amount)
        response._resource_closers.append(give_back)  # type: ignore[attr-defined]
