"""Attempts with keys that exist but may not act, and with wrong passwords of known users.

Recorded at most once per key or user, reason and hour, however many there are, and by a thread
beside the requests, so that a flood of them costs the callers and the log next to nothing.
"""

import logging
import time
from datetime import timedelta
from functools import partial
from threading import Lock

from django.db import Error, connection, transaction
from django.http import HttpRequest
from rest_framework.request import Request

from accounts.audit.origin import Origin, current_origin, origin_of
from accounts.audit.recording import write_entry
from accounts.models import AuditEntry, User
from accounts.models.audit import key_target, user_target
from accounts.principals.principal import Principal
from gatewayz.threads.background import BackgroundThread

logger = logging.getLogger(__name__)

_HOUR_SECONDS = 3600
# The user, what was tried, the reason and the hour (since the epoch) of what this process has
# recorded. Beyond so many it begins anew; the database is asked in any case.
_MAX_KNOWN = 10_000
_known: set[tuple[int, str, str, int]] = set()
_known_lock = Lock()
_thread = BackgroundThread("refusals")


def record_denial(principal: Principal, reason: str, request: HttpRequest | Request) -> None:
    """Record soon that a known key was refused, once per key, `reason` and hour.

    `reason` is the `code` of the problem, such as `expired_key`. It costs the request some
    microseconds. When too many wait, or the process is killed, it is not recorded.
    """
    target = key_target(principal.key_id)
    _record_once(principal.user_id, target, reason, origin_of(principal, request))


def record_wrong_password(user_id: int) -> None:
    """Record soon that somebody tried to be this user with a wrong password, as above.

    In a thread beside, so that the answer does not tell by its time that there is such a user.
    """
    _record_once(user_id, user_target(user_id), "wrong_password", current_origin())


def _record_once(user_id: int, target: str, reason: str, origin: Origin) -> None:
    this = (user_id, target, reason, int(time.time()) // _HOUR_SECONDS)
    if this in _known:
        return
    with _known_lock:
        if len(_known) >= _MAX_KNOWN:
            _known.clear()
        _known.add(this)
    _thread.submit(repr(this), partial(_write, user_id, target, reason, origin))


def _write(user_id: int, target: str, reason: str, origin: Origin) -> None:
    try:
        with transaction.atomic():
            # Two processes at once: the second one waits, and finds the entry of the first. A
            # user who has been erased meanwhile is not written about.
            users = User.objects.select_for_update(no_key=True)
            exists = users.filter(pk=user_id).exists()
            if exists and not _is_recorded(user_id, target, reason, origin):
                write_entry(origin, f"refused_{reason}", user_id, target)
    except Error as error:
        logger.warning("A refusal could not be recorded: %s", error)
    finally:
        connection.close()


def _is_recorded(user_id: int, target: str, reason: str, origin: Origin) -> bool:
    hour = origin.at.replace(minute=0, second=0, microsecond=0)
    return AuditEntry.objects.filter(
        user_id=user_id,
        target=target,
        action=f"refused_{reason}",
        created_at__gte=hour,
        created_at__lt=hour + timedelta(hours=1),
    ).exists()
