"""The base of views for staff."""

from django.http import Http404
from rest_framework.permissions import IsAuthenticated

from accounts.access.permissions import HasScope, IsStaff
from accounts.principals.principal import AuthenticatedRequest
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.view import ApiView


class StaffView(ApiView):
    """Base of what only keys of staff without any scopes may use."""

    permission_classes = (IsAuthenticated, HasScope, IsStaff)
    staff_permission = "accounts.change_user"


class NoSuchStaffView(StaffView):
    """Answers 404 to staff and 401 or 403 to others, where Django would show its log-in."""

    def get(self, request: AuthenticatedRequest, rest: str) -> JSONResponse:
        raise Http404

    post = put = patch = delete = get
