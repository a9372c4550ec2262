"""Restricts who may act on which rows in the admin, on every page and in every action.

Django's permissions say what a person may do with a table. This module says with which rows: only
superusers may act on rows that belong to staff, including their own. Otherwise an operator could
create a key for a superuser, or change the address to which a superuser's password is reset.
"""

from functools import wraps
from operator import attrgetter
from typing import Any, ClassVar

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

DENIED = "This belongs to a member of the staff: only superusers may act on it."


def is_superuser(request: HttpRequest) -> bool:
    """Whether a superuser makes this request."""
    return bool(request.user.is_active and getattr(request.user, "is_superuser", False))


class OwnedRows:
    """A mixin for every ModelAdmin that lets only superusers act on rows of staff.

    `owner` is the path of fields from a row to its user: "user", "api_key__user", "" for users
    themselves, None for rows without an owner. Each class sets it; there is no default.

    Django asks `has_change_permission` and `has_delete_permission` about single rows. It does not
    ask about the rows selected for an action, nor about the row that a form is about to save,
    which may be new or have got another owner. This class checks both.

    With `is_private`, only superusers see rows of staff.
    """

    owner: ClassVar[str | None]
    is_private: ClassVar[bool] = False

    def may_act_on(self, request: HttpRequest, row: Model) -> bool:
        """Whether the caller may act on rows of the owner of `row`."""
        if is_superuser(request) or self.owner is None:
            return True
        owner: Any = row
        if self.owner:
            try:
                owner = attrgetter(self.owner.replace("__", "."))(row)
            except ObjectDoesNotExist:
                # Rows of this kind outlive their user.
                return True
        return owner is None or not (owner.is_staff or owner.is_superuser)

    def rows_of_staff(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows that belong to staff."""
        if self.owner is None:
            return rows.none()
        prefix = f"{self.owner}__" if self.owner else ""
        return rows.filter(Q(**{f"{prefix}is_staff": True}) | Q(**{f"{prefix}is_superuser": True}))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)  # type: ignore[misc]
        if not self.is_private or is_superuser(request):
            return rows
        prefix = f"{self.owner}__" if self.owner else ""
        return rows.filter(**{f"{prefix}is_staff": False, f"{prefix}is_superuser": False})

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may_change: bool = super().has_change_permission(request, obj)  # type: ignore[misc]
        return may_change and (obj is None or self.may_act_on(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may_delete: bool = super().has_delete_permission(request, obj)  # type: ignore[misc]
        return may_delete and (obj is None or self.may_act_on(request, obj))

    def save_form(self, request: HttpRequest, form: ModelForm, change: bool) -> Any:
        row = super().save_form(request, form, change)  # type: ignore[misc]
        if not self.may_act_on(request, row):
            raise PermissionDenied(DENIED)
        return row

    def get_actions(self, request: HttpRequest, *more: Any, **options: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().get_actions(request, *more, **options)  # type: ignore[misc]
        return {
            name: (self._checked(action), name, description)
            for name, (action, _, description) in found.items()
        }

    def _checked(self, action: Any) -> Any:
        """Wrap `action` so that it is denied when a selected row belongs to staff."""

        @wraps(action)
        def checked(model_admin: Any, request: HttpRequest, rows: QuerySet[Any]) -> Any:
            if not is_superuser(request) and self.rows_of_staff(rows).exists():
                raise PermissionDenied(DENIED)
            return action(model_admin, request, rows)

        return checked
