"""Recording log-ins to the admin, which Django announces by signals only."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db import transaction

from accounts.audit.denials import record_wrong_password
from accounts.audit.recording import record
from accounts.models import User
from gatewayz.request.context import current_request


def record_log_ins() -> None:
    """Record each successful log-in, and failed ones to a known user once an hour."""
    user_logged_in.connect(_record_log_in, dispatch_uid="audit")
    user_login_failed.connect(_record_failure, dispatch_uid="audit")


def _record_log_in(sender: Any, user: User, **given: Any) -> None:
    # Tests and commands log in without a request.
    if current_request() is not None:
        with transaction.atomic():
            record("admin_log_in", user_id=user.pk)


def _record_failure(sender: Any, credentials: dict[str, Any], **given: Any) -> None:
    email = credentials.get("username")
    known = User.objects.with_email(email).values_list("pk", flat=True) if email else ()
    for user_id in known:
        record_wrong_password(user_id)
