"""DRF permissions: who may use a view, and with which scope."""

from typing import Any, cast

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import User
from accounts.principals import scopes
from accounts.principals.principal import AuthenticatedRequest, Principal


class IsStaff(BasePermission):
    """Allow staff only, that is users who may log in to the admin.

    Reading is open to all staff; a change also needs the view's `staff_permission`, as in the
    admin. Checking it costs a database query, which is acceptable for such rare requests.
    """

    message = "Only staff may read this, and only operators may change it."
    code = "staff_only"

    def has_permission(self, request: AuthenticatedRequest, view: Any) -> bool:  # type: ignore[override]
        if not request.user.is_staff or request.method in SAFE_METHODS:
            return request.user.is_staff
        user: User = User.objects.get(pk=request.user.user_id)
        return bool(user.has_perm(view.staff_permission))


class HasScope(BasePermission):
    """Require the view's `scope_resource` among the key's scopes.

    The level is `read` or `write` by the method, unless the view sets `scope_level`. A view
    without a `scope_resource` is closed to keys that have scopes.
    """

    code = "insufficient_scope"

    def has_permission(self, request: Request, view: Any) -> bool:
        principal = cast("Principal", request.user)
        resource = getattr(view, "scope_resource", None)
        level = getattr(view, "scope_level", "read" if request.method in SAFE_METHODS else "write")
        self.message = (
            f"This request needs the scope {resource}:{level}, which this API key lacks."
        )
        return scopes.allows(principal.scopes, resource, level)
