"""The base of views for staff."""

from django.http import Http404
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import IsAuthenticated

from accounts.access.permissions import HasScope, IsStaff
from accounts.models import User
from accounts.principals.principal import AuthenticatedRequest
from gatewayz.admin_site.rights import DENIED
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.view import ApiView


class StaffView(ApiView):
    """Base of what only keys of staff without any scopes may use."""

    permission_classes = (IsAuthenticated, HasScope, IsStaff)
    staff_permission = "accounts.change_user"

    def check_may_act_on(self, owner: User) -> None:
        """Raise PermissionDenied (403) when `owner` is staff and the caller no superuser."""
        if owner.is_staff or owner.is_superuser:
            self.check_is_superuser(DENIED)

    def check_is_superuser(self, detail: str) -> None:
        """Raise PermissionDenied (403) with `detail` when the caller is no superuser."""
        if not User.objects.filter(pk=self.request.user.pk, is_superuser=True).exists():
            raise PermissionDenied(detail)


class NoSuchStaffView(StaffView):
    """Answers 404 to staff and 401 or 403 to others, where Django would show its log-in."""

    def get(self, request: AuthenticatedRequest, rest: str) -> JSONResponse:
        raise Http404

    post = put = patch = delete = get
