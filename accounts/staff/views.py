"""The base of views for staff."""

from django.http import Http404
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated

from accounts.access.permissions import HasScope, IsStaff
from accounts.models import User
from accounts.principals.principal import AuthenticatedRequest
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.view import ApiView


class StaffView(ApiView):
    """Base of what only keys of staff without any scopes may use."""

    permission_classes = (IsAuthenticated, HasScope, IsStaff)
    staff_permission = "accounts.change_user"

    def may_act_on(self, owner: User) -> None:
        """Raise PermissionDenied (403) when `owner` is staff and the caller no superuser."""
        is_superuser = User.objects.filter(pk=self.request.user.pk, is_superuser=True).exists()
        if (owner.is_staff or owner.is_superuser) and not is_superuser:
            raise PermissionDenied(
                "This belongs to a member of the staff: only superusers may act on it."
            )


class NoSuchStaffView(StaffView):
    """Answers 404 to staff and 401 or 403 to others, where Django would show its log-in."""

    def get(self, request: AuthenticatedRequest, rest: str) -> JSONResponse:
        raise Http404

    post = put = patch = delete = get
