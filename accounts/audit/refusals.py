"""Attempts with keys that exist but may not act.

Recorded at most once per key, reason and hour, however many there are, and by a thread beside
the requests, so that a flood of them costs the callers and the log next to nothing.
"""

import logging
import time
from datetime import timedelta
from functools import partial
from threading import Lock

from django.db import Error, connection, transaction
from django.http import HttpRequest
from rest_framework.request import Request

from accounts.audit.origin import Origin, origin_of
from accounts.audit.recording import write_entry
from accounts.models import AuditEntry, User
from accounts.models.audit import key_target
from accounts.principal import Principal
from gatewayz.background_thread import BackgroundThread

logger = logging.getLogger(__name__)

_HOUR_SECONDS = 3600
# The key, the reason and the hour (since the epoch) of what this process has recorded. Beyond
# so many it begins anew; the database is asked in any case.
_MAX_KNOWN = 10_000
_known: set[tuple[int, int | None, str, int]] = set()
_known_lock = Lock()
_thread = BackgroundThread("refusals")


def record_refusal(principal: Principal, reason: str, request: HttpRequest | Request) -> None:
    """Record soon that a known key was refused, once per key, `reason` and hour.

    `reason` is the `code` of the problem, such as `expired_key`. It costs the request some
    microseconds. When too many wait, or the process is killed, it is not recorded.
    """
    this = (principal.user_id, principal.key_id, reason, int(time.time()) // _HOUR_SECONDS)
    if this in _known:
        return
    with _known_lock:
        if len(_known) >= _MAX_KNOWN:
            _known.clear()
        _known.add(this)
    origin = origin_of(principal, request)
    _thread.submit(repr(this), partial(_write, principal.user_id, reason, origin))


def _write(user_id: int, reason: str, origin: Origin) -> None:
    try:
        with transaction.atomic():
            # Two processes at once: the second one waits, and finds the entry of the first. A
            # user who has been erased meanwhile is not written about.
            users = User.objects.select_for_update(no_key=True)
            if users.filter(pk=user_id).exists() and not _is_recorded(user_id, reason, origin):
                write_entry(origin, f"refused_{reason}", user_id, key_target(origin.key_id))
    except Error as error:
        logger.warning("A refused key could not be recorded: %s", error)
    finally:
        connection.close()


def _is_recorded(user_id: int, reason: str, origin: Origin) -> bool:
    hour = origin.at.replace(minute=0, second=0, microsecond=0)
    return AuditEntry.objects.filter(
        user_id=user_id,
        target=key_target(origin.key_id),
        action=f"refused_{reason}",
        created_at__gte=hour,
        created_at__lt=hour + timedelta(hours=1),
    ).exists()
