"""Views of public links."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from accounts.limits.throttles import AddressThrottle
from accounts.principals.principal import AuthenticatedRequest
from chat.idempotency import idempotent
from chat.messages.read import PAGE_BYTES, page_of_messages
from chat.messages.serializers import MessagePageInput
from chat.models import ChatMessage, Share
from chat.shares import old_shapes, openapi, pages, write
from chat.shares.serializers import (
    SharedMessageSerializer,
    SharedSessionSerializer,
    ShareInput,
    ShareSerializer,
)
from chat.view import ChatView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.paging import PageInput, page_of
from gatewayz.api.serializing import represented, represented_all, validated

# Roles of messages that were not written by people and are rarely meant for readers of a link.
INSTRUCTIONS = (ChatMessage.Role.SYSTEM, ChatMessage.Role.DEVELOPER)


class SharesView(ChatView):
    @openapi.share_session
    @idempotent
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(ShareInput, request.data)
        share = write.share_session(request.user, **given)
        return success(
            ShareSerializer(share, context={"request": request}).data,
            message="Chat shared successfully",
            status=HTTPStatus.CREATED,
            old=old_shapes.share,
        )

    @openapi.list_shares
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        page = validated(PageInput, request.query_params)
        owned = Share.objects.owned_by(request.user).not_revoked().newest_first()
        found, count = page_of(owned, **page)
        return success(
            ShareSerializer(found, many=True, context={"request": request}).data,
            count=count,
        )


class ShareView(ChatView):
    """A shared session: JSON for programs, and a page for people who open the link.

    Reading needs only the token; a key that is sent along is ignored.
    """

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if pages.is_for_people(request):
            request.as_page = pages.instead_of  # type: ignore[attr-defined]
        response = super().dispatch(request, *args, **kwargs)
        patch_vary_headers(response, ["Accept"])
        return response

    def perform_authentication(self, request: Request) -> None:
        if request.method not in SAFE_METHODS:
            super().perform_authentication(request)

    def get_permissions(self) -> Sequence[Any]:
        return [] if self.request.method in SAFE_METHODS else super().get_permissions()

    def get_throttles(self) -> list[Any]:
        return (
            [AddressThrottle()] if self.request.method in SAFE_METHODS else super().get_throttles()
        )

    def handle_exception(self, exc: Exception) -> Any:
        response = super().handle_exception(exc)
        return pages.instead_of(response) if pages.is_for_people(self.request) else response

    @openapi.read_share
    def get(self, request: Request, token: str) -> HttpResponse:
        page = validated(MessagePageInput, request.query_params)
        # Programs that preview a link use HEAD. Turning to the next page of a conversation is not
        # another view.
        counts = request.method == "GET" and not page.keys() & {"before", "after"}
        share = write.view_share(token, counts=counts)
        without_roles = () if share.include_system else INSTRUCTIONS
        if pages.is_for_people(request):
            return pages.shared_chat_page(
                share, request.path, after=page.get("after"), without_roles=without_roles
            )
        messages, has_more = page_of_messages(
            share.session,
            without_roles=without_roles,
            # Its messages are in the answer a second time, in their old shape.
            max_bytes=PAGE_BYTES // 2 if settings.OLD_SHAPES else PAGE_BYTES,
            **page,
        )
        response = success(
            {
                **represented(SharedSessionSerializer, share.session),
                "messages": represented_all(SharedMessageSerializer, messages),
                "has_more_messages": has_more,
                "view_count": share.view_count,
                "expires_at": share.expires_at,
            },
            old=old_shapes.shared_session(share.session_id, messages),
        )
        # A revoked link must not survive in caches and search engines.
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex"
        return response

    @openapi.revoke_share
    def delete(self, request: AuthenticatedRequest, token: str) -> JSONResponse:
        share = write.revoke_share(request.user, token)
        return success(
            None,
            message="Share link revoked and deleted successfully",
            old=old_shapes.revoked(share),
        )
