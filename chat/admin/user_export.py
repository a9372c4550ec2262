"""Downloading everything that a user owns, for staff who are asked for it."""

from http import HTTPStatus
from typing import cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.models import User
from accounts.principals.principal import Principal
from accounts.profile.export import ACCOUNT_KINDS, FORMS
from chat.transfer.account_export import CHAT_KINDS
from gatewayz.admin_site.rights import DENIED, OwnedRows
from gatewayz.api.problems import admin_error_page
from gatewayz.streaming.downloads import Download

RIGHTS = ("accounts.change_user", "chat.view_chatsession")


@require_POST
def export_user(request: HttpRequest) -> HttpResponseBase:
    """Return the ZIP archive that the user `user` of the form could download, and audit it.

    Raises PermissionDenied without RIGHTS, and for staff's data unless a superuser asks.
    """
    if not request.user.has_perms(RIGHTS):
        raise PermissionDenied
    given = request.POST.get("user", "")
    user = User.objects.filter(pk=given).first() if given.isdecimal() and len(given) < 19 else None
    if user is None:
        return admin_error_page(HTTPStatus.NOT_FOUND, "There is no such user.")
    if not cast("OwnedRows", admin.site.get_model_admin(User)).may_act_on(request, user):
        raise PermissionDenied(DENIED)
    owner = Principal.without_key(user.pk)
    download = Download(
        user.pk,
        FORMS["zip"].pieces(owner, (*ACCOUNT_KINDS, *CHAT_KINDS)),
        filename=f"gatewayz-user-{user.pk}.zip",
        content_type=FORMS["zip"].content_type,
    )
    with transaction.atomic():
        audit.record("user_exported", user_id=user.pk, target=audit.user_target(user.pk))
    return download
