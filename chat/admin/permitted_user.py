"""The user that an operator acts for, once it is known that the operator may."""

from collections.abc import Sequence
from typing import cast

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from gatewayz.admin_site.rights import DENIED, OwnedRows


def permitted_user(request: HttpRequest, user_id: int, rights: Sequence[str]) -> User:
    """Return the user `user_id`, for whom the caller may act.

    Raises PermissionDenied without `rights`, and for staff unless a superuser asks; Http404 for an
    id that nobody has.
    """
    if not request.user.has_perms(rights):
        raise PermissionDenied
    user = get_object_or_404(User, pk=user_id)
    if not cast("OwnedRows", admin.site.get_model_admin(User)).may_act_on(request, user):
        raise PermissionDenied(DENIED)
    return user
