"""Rows that the service writes and operators may delete."""

from typing import Any, ClassVar, cast

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from accounts import audit
from accounts.models import User
from gatewayz.admin_site.lists import BigTableAdmin, ReadOnlyAdmin


class DeletableRowsAdmin(ReadOnlyAdmin):
    """Read-only except for deletions, which are audited as `deleted_action`.

    These rows belong to nobody, so the entry is about the operator who deletes.
    """

    owner = None
    deleted_action: ClassVar[str]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return BigTableAdmin.has_delete_permission(self, request, obj)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        super().delete_model(request, obj)
        audit_count(request, self.deleted_action, 1)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            count, _ = queryset.delete()
            audit_count(request, self.deleted_action, count)


def audit_count(request: HttpRequest, action: str, count: int) -> None:
    """Write an audit entry that the operator has done `action` with `count` rows."""
    operator = cast("User", request.user)
    audit.record(action, user_id=operator.pk, after={"rows": count})
