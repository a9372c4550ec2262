"""Recording attempts with keys that exist but may not be used, and wrong passwords.

Each combination of key or user, reason and hour is recorded at most once, by a background thread,
so that a flood of attempts slows neither the requests nor the log.
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
# The denials that this process has recorded: user, target, reason and hour since the epoch.
# Cleared when it holds this many; the database is checked for duplicates in any case.
MAX_RECORDED = 10_000
recorded: set[tuple[int, str, str, int]] = set()
_recorded_lock = Lock()
writer = BackgroundThread("refusals")


def record_denial(principal: Principal, reason: str, request: HttpRequest | Request) -> None:
    """Record in the background that a key was denied, once per key, `reason` and hour.

    `reason` is the problem's `code`, such as `expired_key`. It costs the request microseconds. It
    is not recorded when too many wait or the process is killed.
    """
    target = key_target(principal.key_id)
    _record_once(principal.user_id, target, reason, origin_of(principal, request))


def record_wrong_password(user_id: int) -> None:
    """Record in the background that somebody tried a wrong password for this user.

    The background thread keeps the response time from revealing whether the user exists.
    """
    _record_once(user_id, user_target(user_id), "wrong_password", current_origin())


def _record_once(user_id: int, target: str, reason: str, origin: Origin) -> None:
    this = (user_id, target, reason, int(time.time()) // _HOUR_SECONDS)
    if this in recorded:
        return
    with _recorded_lock:
        if len(recorded) >= MAX_RECORDED:
            recorded.clear()
        recorded.add(this)
    writer.submit(repr(this), partial(write_denial, user_id, target, reason, origin))


def write_denial(user_id: int, target: str, reason: str, origin: Origin) -> None:
    """Write the entry of a denial unless this hour already has one."""
    try:
        with transaction.atomic():
            # A concurrent process waits here and then finds this entry. No entry is written about
            # a user who has been erased meanwhile.
            users = User.objects.select_for_update(no_key=True)
            exists = users.filter(pk=user_id).exists()
            if exists and not _is_recorded(user_id, target, reason, origin):
                write_entry(origin, f"refused_{reason}", user_id, target)
    except Error as error:
        logger.warning("Could not record a denial: %s", error)
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
