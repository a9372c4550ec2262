"""Roles of users, as the old service had them.

The paths are below /admin and answer JSON, though Django's admin is there too.
"""

from typing import Any

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from accounts.audit.serializers import AuditEntrySerializer
from accounts.models import AuditEntry, User
from accounts.principals.principal import AuthenticatedRequest
from accounts.staff.views import NoSuchStaffView, StaffView
from accounts.staff.write import ADMIN, USER, check_is_superuser, role_of, set_staff
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.old_shapes import flat
from gatewayz.api.paging import MAX_PAGE
from gatewayz.api.serializing import MAX_ID, represented, validated

DEVELOPER = "developer"


class RoleInput(serializers.Serializer):
    user_id = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    new_role = serializers.ChoiceField(choices=[USER, DEVELOPER, ADMIN])
    reason = serializers.CharField(max_length=1_000, required=False, allow_null=True)


class StaffPageInput(serializers.Serializer):
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=50)
    user_id = serializers.IntegerField(min_value=1, max_value=MAX_ID, required=False)


class RoleView(StaffView):
    def get(self, request: AuthenticatedRequest, user_id: int) -> JSONResponse:
        user = get_object_or_404(User, pk=user_id)
        role = role_of(user)
        return success(
            {"user_id": user.pk, "role": role, "permissions": _permissions(role)}, old=flat
        )


class RoleUpdateView(StaffView):
    """Make users staff, or end that. Only superusers may, as in the admin."""

    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(RoleInput, request.data)
        check_is_superuser(request.user, "Only superusers may change roles.")
        if given["user_id"] == request.user.user_id:
            raise ValidationError({"user_id": ["You cannot change your own role."]})
        # `developer` has no rights of its own here, so it is a user.
        is_staff = given["new_role"] == ADMIN
        user = set_staff(given["user_id"], is_staff=is_staff, reason=given.get("reason"))
        data = {"user_id": user.pk, "role": role_of(user)}
        message = f"User {user.pk} role updated to {given['new_role']}"
        return success(data, message=message, old=flat)


class RoleAuditView(StaffView):
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(StaffPageInput, request.query_params)
        entries = AuditEntry.objects.filter(action="role_changed")
        if "user_id" in given:
            entries = entries.filter(user_id=given["user_id"])
        newest = entries.with_personal_data().newest_first()[: given["limit"]]
        logs = [
            {
                "id": shown["id"],
                "user_id": entry.user_id,
                "changed_by": entry.actor_user_id,
                "old_role": shown["details"].get("before", {}).get("role"),
                "new_role": shown["details"].get("after", {}).get("role"),
                "created_at": entry.created_at,
            }
            for entry in newest
            for shown in [represented(AuditEntrySerializer, entry)]
        ]
        return success(logs, old=lambda data: flat({"logs": data, "total": len(data)}))


class RoleListView(StaffView):
    def get(self, request: AuthenticatedRequest, role: str) -> JSONResponse:
        given = validated(StaffPageInput, request.query_params)
        _check(role)
        staff = Q(is_staff=True) | Q(is_superuser=True)
        users = User.objects.filter(staff) if role == ADMIN else User.objects.exclude(staff)
        if role == DEVELOPER:
            users = users.none()
        found = [
            {"id": user.pk, "username": user.username, "email": user.email or "", "role": role}
            for user in users.order_by("id")[: given["limit"]]
        ]
        return success(
            found, old=lambda data: flat({"role": role, "users": data, "total": len(data)})
        )


class RolePermissionsView(StaffView):
    def get(self, request: AuthenticatedRequest, role: str) -> JSONResponse:
        _check(role)
        return success(
            _permissions(role),
            old=lambda data: flat({"role": role, "permissions": data, "total": len(data)}),
        )


def _check(role: str) -> None:
    if role not in {USER, DEVELOPER, ADMIN}:
        raise ValidationError("Invalid role")


def _permissions(role: str) -> list[dict[str, Any]]:
    resources = ("users", "keys", "plans") if role == ADMIN else ("own account",)
    return [{"resource": name, "action": "manage", "allowed": True} for name in resources]


urlpatterns = [
    path("admin/roles/update", RoleUpdateView.as_view()),
    path("admin/roles/audit/log", RoleAuditView.as_view()),
    path("admin/roles/list/<str:role>", RoleListView.as_view()),
    path("admin/roles/permissions/<str:role>", RolePermissionsView.as_view()),
    path("admin/roles/<int:user_id>", RoleView.as_view()),
    path("admin/roles/<path:rest>", NoSuchStaffView.as_view()),
]
