"""Changing one's profile."""

from http import HTTPStatus
from typing import Any

from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import APIException, ValidationError

from accounts import activity, audit
from accounts.models import User
from accounts.principals.principal import Principal

# Of a violated constraint, what to tell.
_TAKEN = {
    "idx_users_email": ("email_taken", "Another user has this e-mail address."),
    "idx_users_username": ("username_taken", "Another user has this name."),
}


class Taken(APIException):
    status_code = HTTPStatus.CONFLICT
    default_code = "taken"


def update_profile(owner: Principal, **given: Any) -> User:
    """Set the fields of `given` in the profile of `owner`; the audit log tells what they were.

    Raises ValidationError for a new name that looks like an e-mail address, Taken (409) when
    another user has the name or address, and Http404 when the user was erased meanwhile.
    """
    try:
        with transaction.atomic():
            locked = User.objects.select_for_update(no_key=True)
            user: User = get_object_or_404(locked, pk=owner.user_id)
            before = {name: getattr(user, name) for name in given}
            changed = {name: value for name, value in given.items() if before[name] != value}
            if not changed:
                return user
            if "@" in changed.get("username", ""):
                # A new user is called by its address until it says otherwise.
                raise ValidationError({"username": ["A user name has no @ in it."]})
            for name, value in changed.items():
                setattr(user, name, value)
            user.save(update_fields=[*changed, "updated_at"])
            audit.record(
                "profile_changed",
                user_id=user.pk,
                target=audit.user_target(user.pk),
                before={name: before[name] for name in changed},
                after=changed,
            )
            activity.record(
                user_id=user.pk,
                finish_reason="profile_changed",
                app="Profile",
                metadata={"changed": sorted(changed)},
            )
    except IntegrityError as exc:
        constraint = getattr(getattr(exc.__cause__, "diag", None), "constraint_name", None)
        if constraint not in _TAKEN:
            raise
        code, detail = _TAKEN[constraint]
        raise Taken(detail, code=code) from exc
    return user
