"""Verbs of staff on other users: giving a plan, setting a role."""

from django.contrib.auth.models import Group
from django.db import transaction
from django.shortcuts import get_object_or_404
from rest_framework.exceptions import PermissionDenied

from accounts import audit
from accounts.models import Plan, User
from accounts.principals.principal import Principal
from accounts.users import end_access_given_by_operators
from gatewayz.admin_site.groups import OPERATORS
from gatewayz.admin_site.rights import DENIED

USER, ADMIN = "user", "admin"


def assign_plan(user_id: int, plan: Plan, *, by: Principal) -> None:
    """Give a user a plan, which stays until another is given.

    Raises Http404 when there is no such user, or PermissionDenied (403) when `by` may not act on
    the user.
    """
    with transaction.atomic():
        user = _locked(user_id)
        check_may_act_on(user, by=by)
        before = user.plan_id
        user.plan_id = plan.pk
        user.save(update_fields=["plan", "updated_at"])
        audit.record(
            "user_changed",
            user_id=user.pk,
            before={"plan": before},
            after={"plan": plan.pk},
        )


def set_staff(user_id: int, *, is_staff: bool, reason: str | None) -> User:
    """Make a user an operator, or take all rights of staff away. Returns the user.

    A user who becomes staff loses the keys and the password that other operators made.

    Raises Http404 when there is no such user.
    """
    with transaction.atomic():
        user = _locked(user_id)
        before = role_of(user)
        if is_staff and not user.is_staff:
            end_access_given_by_operators(user)
            user.refresh_from_db()
        user.is_staff, user.is_superuser = is_staff, is_staff and user.is_superuser
        user.save(update_fields=["is_staff", "is_superuser", "updated_at"])
        user.groups.set(Group.objects.filter(name=OPERATORS) if is_staff else [])
        audit.record(
            "role_changed",
            user_id=user.pk,
            before={"role": before},
            after={"role": role_of(user), "reason": reason},
        )
    return user


def role_of(user: User) -> str:
    """`admin` for staff, else `user`."""
    return ADMIN if user.is_staff or user.is_superuser else USER


def check_may_act_on(owner: User, *, by: Principal) -> None:
    """Raise PermissionDenied (403) when `owner` is staff and `by` is not a superuser."""
    if owner.is_staff or owner.is_superuser:
        check_is_superuser(by, DENIED)


def check_is_superuser(by: Principal, detail: str) -> None:
    """Raise PermissionDenied (403) with `detail` when `by` is not a superuser."""
    if not User.objects.filter(pk=by.pk, is_superuser=True).exists():
        raise PermissionDenied(detail)


def _locked(user_id: int) -> User:
    user: User = get_object_or_404(User.objects.select_for_update(no_key=True), pk=user_id)
    return user
