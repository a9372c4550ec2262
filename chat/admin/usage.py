"""The page of the heaviest users, models and sessions."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.models import ActivityDay, User
from chat.models import ChatMessage, ChatSession

DAYS = (1, 7, 30)
SHOWN_ROWS = 20
# Sessions have no totals of their own, so those of the newest messages are added up.
COUNTED_MESSAGES = 10_000


def usage(request: HttpRequest) -> HttpResponse:
    """List the users, models and sessions with the most tokens. Five statements.

    Sessions are shown only to staff who may read them. Raises PermissionDenied.
    """
    if not request.user.has_perms(["accounts.view_user", "accounts.view_activityevent"]):
        raise PermissionDenied
    asked = request.GET.get("days")
    days = next((number for number in DAYS if f"{number}" == asked), DAYS[1])
    first = datetime.now(UTC).date() - timedelta(days=days - 1)
    totals = ActivityDay.objects.in_days(first, None)
    rows = list(totals.heaviest("user_id")[:SHOWN_ROWS])
    users = User.objects.in_bulk([row["user_id"] for row in rows])
    may_see_chats = request.user.has_perm("chat.view_chatsession")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Most used",
        "days": days,
        "choices": DAYS,
        "users": [(users.get(row["user_id"]), row) for row in rows],
        "models": totals.heaviest("model", "provider")[:SHOWN_ROWS],
        "sessions": _sessions(request) if may_see_chats else None,
        "counted_messages": COUNTED_MESSAGES,
    }
    return TemplateResponse(request, "admin/chat/chatsession/usage.html", context)


def _sessions(request: HttpRequest) -> list[tuple[ChatSession, dict[str, Any]]]:
    """The sessions with the most tokens among the newest messages, if the caller may see them."""
    rows = ChatMessage.objects.newest_totals(COUNTED_MESSAGES)[:SHOWN_ROWS]
    shown = admin.site.get_model_admin(ChatSession).get_queryset(request)
    sessions = shown.select_related("user").in_bulk([row["session_id"] for row in rows])
    return [(sessions[row["session_id"]], row) for row in rows if row["session_id"] in sessions]
