"""What a principal may do, as DRF permissions."""

from typing import Any

from rest_framework.permissions import BasePermission

from accounts.authentication import AuthenticatedRequest


class IsStaff(BasePermission):
    """Only staff: users who may log in to the admin."""

    message = "Only staff may do this."
    code = "staff_only"

    def has_permission(self, request: AuthenticatedRequest, view: Any) -> bool:  # type: ignore[override]
        return request.user.is_staff
