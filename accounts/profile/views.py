"""Views of the user's own data."""

from collections.abc import Mapping, Sequence

from django.shortcuts import get_object_or_404

from accounts.models import User
from accounts.principals.principal import AuthenticatedRequest
from accounts.profile import old_shapes, openapi
from accounts.profile.erasure import request_erasure
from accounts.profile.export import FORMS, Form, Kind
from accounts.profile.serializers import (
    ErasureInput,
    ExportInput,
    ProfileChange,
    ProfileSerializer,
)
from accounts.profile.write import update_profile
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.serializing import represented, validated
from gatewayz.api.view import ApiView
from gatewayz.streaming.downloads import Download

_LINK_SENT = (
    "Profile updated successfully. A link was sent to the e-mail address, unless it is somebody "
    "else's: the address changes when you open the link."
)


class ProfileView(ApiView):
    scope_resource = "profile"

    @property
    def scope_level(self) -> str:
        levels = {"GET": "read", "HEAD": "read", "DELETE": "admin"}
        return levels.get(self.request.method or "", "write")

    @openapi.get_profile
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        user = get_object_or_404(User, pk=request.user.user_id)
        return success(represented(ProfileSerializer, user), old=old_shapes.profile(request, user))

    @openapi.update_profile
    def put(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(ProfileChange, request.data)
        user, is_asked = update_profile(request.user, **given)
        return success(
            represented(ProfileSerializer, user),
            message=_LINK_SENT if is_asked else "Profile updated successfully",
            old=old_shapes.profile(request, user),
        )

    @openapi.patch_profile
    def patch(self, request: AuthenticatedRequest) -> JSONResponse:
        return self.put(request)

    @openapi.erase_account
    def delete(self, request: AuthenticatedRequest) -> JSONResponse:
        validated(ErasureInput, request.data)
        request_erasure(request.user.user_id)
        return success(
            None,
            message="The account is deactivated. Everything that belongs to it is being erased.",
            old=old_shapes.erased(request.user.user_id),
        )


class ExportView(ApiView):
    # The export contains as much as all other scopes together can read.
    scope_resource = "profile"
    scope_level = "admin"

    kinds: Sequence[Kind] = ()
    forms: Mapping[str, Form] = FORMS

    @openapi.export_account
    def get(self, request: AuthenticatedRequest) -> Download:
        given = validated(ExportInput, request.query_params)
        form = self.forms[given["format"]]
        download = Download(
            request.user.user_id,
            form.pieces(request.user, self.kinds),
            filename=f"gatewayz-export.{form.suffix}",
            content_type=form.content_type,
        )
        download["Cache-Control"] = "no-store"
        return download
