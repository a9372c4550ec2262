"""Work that a change needs once its transaction has committed.

It differs from Django's `on_commit` in two ways. It has time of its own, even if the request is
late. And it can do something when nobody knows whether the transaction has committed, because the
connection broke or the request's deadline passed while the COMMIT was on its way.
"""

import logging
from collections.abc import Callable

from django.db import DatabaseError, transaction

from gatewayz.database.connections import CommitInDoubtError, InDoubtError
from gatewayz.request import deadline

logger = logging.getLogger(__name__)

Work = Callable[[], object]


class AfterCommit:
    """One entry in Django's `run_on_commit`; `gatewayz.database.base` calls its other parts."""

    def __init__(self, work: Work, before: Work | None, in_doubt: Work | None) -> None:
        self.work = work
        self.before = before
        self.in_doubt = in_doubt
        # Django puts this into the log when the work fails.
        self.__qualname__ = getattr(work, "__qualname__", "work")

    def __call__(self) -> None:
        with deadline.extended():
            self.work()

    def run_in_doubt(self) -> None:
        """Do what is needed when nobody knows whether the transaction has committed."""
        if self.in_doubt is None:
            return
        try:
            with deadline.extended():
                self.in_doubt()
        except Exception:
            # Logged and not raised, as Django does with `work`: other entries must run too.
            logger.exception("Work after a COMMIT that was not answered has failed")


def after_commit(work: Work, *, before: Work | None = None, in_doubt: Work | None = None) -> None:
    """Call `work` once the surrounding transaction has committed; without one, immediately.

    Args:
        work: what to do after the commit. Its errors are logged.
        before: called just before the COMMIT is sent. Its errors roll the transaction back.
        in_doubt: called instead of `work` when the COMMIT was sent and no answer came. Its errors
            are logged.

    Nothing is called after a rollback.
    """
    transaction.on_commit(AfterCommit(work, before, in_doubt), robust=True)


def is_commit_in_doubt(error: Exception) -> bool:
    """Whether the transaction that ended with `error` may have committed."""
    return isinstance(error, DatabaseError) and isinstance(error.__cause__, CommitInDoubtError)


def is_statement_in_doubt(error: Exception) -> bool:
    """Whether a statement outside a transaction that raised `error` may have taken effect."""
    return (
        isinstance(error, DatabaseError)
        and isinstance(error.__cause__, InDoubtError)
        and not is_commit_in_doubt(error)
    )
