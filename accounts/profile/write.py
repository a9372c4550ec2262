"""Changing a user's profile."""

from typing import Any

from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import ValidationError

from accounts import activity, audit
from accounts.confirmation.addresses import ask_to_confirm
from accounts.models import User
from accounts.principals.principal import Principal
from gatewayz.errors import Conflict


class UsernameTaken(Conflict):
    """409: another user has this name."""

    default_detail = "Another user has this name."
    default_code = "username_taken"


def update_profile(
    owner: Principal, *, email: str | None = None, **given: Any
) -> tuple[User, bool]:
    """Set the fields in `given` on the profile of `owner`, and record the change.

    `email` is not set directly: a link is sent to it, and opening the link makes it the user's.
    Returns the user, and whether a link was sent.

    Raises ValidationError for a new name that looks like an e-mail address, UsernameTaken (409),
    Http404 when the user was erased meanwhile, and the errors of `ask_to_confirm`; then nothing
    has changed.
    """
    try:
        with transaction.atomic():
            locked = User.objects.select_for_update(no_key=True)
            user: User = get_object_or_404(locked, pk=owner.user_id)
            before = {name: getattr(user, name) for name in given}
            changed = {name: value for name, value in given.items() if before[name] != value}
            if changed:
                _change(user, before, changed)
            is_asked = email is not None and ask_to_confirm(user, email)
    except IntegrityError as exc:
        constraint = getattr(getattr(exc.__cause__, "diag", None), "constraint_name", None)
        if constraint != "idx_users_username":
            raise
        raise UsernameTaken from exc
    return user, is_asked


def _change(user: User, before: dict[str, Any], changed: dict[str, Any]) -> None:
    if "@" in changed.get("username", ""):
        # An operator's new user is named by the address at first, so names with @ exist.
        raise ValidationError({"username": ["A user name must not contain @."]})
    for name, value in changed.items():
        setattr(user, name, value)
    user.save(update_fields=[*changed, "updated_at"])
    audit.record(
        "profile_changed",
        user_id=user.pk,
        before={name: before[name] for name in changed},
        after=changed,
    )
    activity.record(
        user_id=user.pk,
        finish_reason="profile_changed",
        app="Profile",
        metadata={"changed": sorted(changed)},
    )
