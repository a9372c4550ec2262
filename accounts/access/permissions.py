"""What a principal may do, as DRF permissions."""

from typing import Any, cast

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.models import User
from accounts.principals import scopes
from accounts.principals.principal import AuthenticatedRequest, Principal


class IsStaff(BasePermission):
    """Only staff: users who may log in to the admin.

    A change also needs the view's `staff_permission`, as in the admin: support staff only read.
    That costs a look-up in the database, which is fine for requests this rare.
    """

    message = "Only staff may do this, and only operators may change anything here."
    code = "staff_only"

    def has_permission(self, request: AuthenticatedRequest, view: Any) -> bool:  # type: ignore[override]
        if not request.user.is_staff or request.method in SAFE_METHODS:
            return request.user.is_staff
        user: User = User.objects.get(pk=request.user.user_id)
        return bool(user.has_perm(view.staff_permission))


class HasScope(BasePermission):
    """The key's scopes hold the view's `scope_resource`, at `read` or `write` by the method.

    A view may name its `scope_level` itself. One without a `scope_resource` is closed to keys
    that have scopes.
    """

    code = "insufficient_scope"

    def has_permission(self, request: Request, view: Any) -> bool:
        principal = cast("Principal", request.user)
        resource = getattr(view, "scope_resource", None)
        level = getattr(view, "scope_level", "read" if request.method in SAFE_METHODS else "write")
        self.message = f"This API key may not do this: it lacks the scope {resource}:{level}."
        return scopes.allows(principal.scopes, resource, level)
