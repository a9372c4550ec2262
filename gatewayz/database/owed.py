"""What is owed for a change, once its transaction has committed.

It is done when the request is late too, and not only after a COMMIT that was answered: when the
connection breaks while the COMMIT is on its way, or the deadline of the request passes, nobody
knows whether the change is there.
"""

import logging
from collections.abc import Callable

from django.db import DatabaseError, transaction

from gatewayz.database.connections import CommitInDoubtError, InDoubtError
from gatewayz.request import deadline

logger = logging.getLogger(__name__)

Work = Callable[[], object]


class Owed:
    """Work of Django's `on_commit`, with what surrounds it."""

    def __init__(self, work: Work, before: Work | None, in_doubt: Work | None) -> None:
        self.work = work
        self.before = before
        self.in_doubt = in_doubt
        # Django logs it when the work fails.
        self.__qualname__ = getattr(work, "__qualname__", "work")

    def __call__(self) -> None:
        with deadline.extended():
            self.work()

    def settle_doubt(self) -> None:
        """Do what is to be done when nobody knows whether the transaction has committed."""
        if self.in_doubt is None:
            return
        try:
            with deadline.extended():
                self.in_doubt()
        except Exception:
            # As Django has it with the work: the others are to be done too.
            logger.exception("What is owed after a COMMIT without an answer could not be done")


def owe(work: Work, *, before: Work | None = None, in_doubt: Work | None = None) -> None:
    """Have `work` done once the surrounding transaction commits; without one, immediately.

    `before` is called just before the COMMIT is sent, and `in_doubt` instead of `work` when it
    was sent and its answer is not heard. After a rollback nothing is owed. What these two raise
    is logged; what `before` raises rolls the transaction back.
    """
    transaction.on_commit(Owed(work, before, in_doubt), robust=True)


def is_commit_in_doubt(error: Exception) -> bool:
    """Whether the transaction that ended with `error` may have been committed."""
    return isinstance(error, DatabaseError) and isinstance(error.__cause__, CommitInDoubtError)


def is_statement_in_doubt(error: Exception) -> bool:
    """Whether a statement outside a transaction, which raised `error`, may have taken effect."""
    return (
        isinstance(error, DatabaseError)
        and isinstance(error.__cause__, InDoubtError)
        and not is_commit_in_doubt(error)
    )
