"""Downloading everything that a user owns, for staff who are asked for it."""

from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.principals.principal import Principal
from accounts.profile.export import ACCOUNT_KINDS, FORMS
from chat.admin.permitted_user import permitted_user
from chat.transfer.account_export import CHAT_KINDS
from gatewayz.streaming.downloads import Download

RIGHTS = ("accounts.change_user", "chat.view_chatsession")


@require_POST
def export_user(request: HttpRequest) -> HttpResponseBase:
    """Return the ZIP archive that the user `user` of the form could download, and audit it.

    Raises what `permitted_user` raises.
    """
    given = request.POST.get("user", "")
    # No user has the id 0.
    user_id = int(given) if given.isdecimal() and len(given) < 19 else 0
    user = permitted_user(request, user_id, RIGHTS)
    owner = Principal.without_key(user.pk)
    download = Download(
        user.pk,
        FORMS["zip"].pieces(owner, (*ACCOUNT_KINDS, *CHAT_KINDS)),
        filename=f"gatewayz-user-{user.pk}.zip",
        content_type=FORMS["zip"].content_type,
    )
    with transaction.atomic():
        audit.record("user_exported", user_id=user.pk)
    return download
