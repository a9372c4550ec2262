"""The base class of chat views."""

from typing import Any, ClassVar

from rest_framework.permissions import SAFE_METHODS

from accounts.activity import OUTCOME_UNKNOWN
from accounts.principals.principal import Principal
from chat.activity import record_chat
from gatewayz.api.view import ApiView
from gatewayz.database.after_commit import is_statement_in_doubt


class ChatView(ApiView):
    """Base of views that need the scope `chat`.

    When a broken connection leaves it unknown whether a change was made, this records a use of the
    key. Changes in transactions do so themselves.
    """

    scope_resource: ClassVar[str] = "chat"

    def handle_exception(self, exc: Exception) -> Any:
        if is_statement_in_doubt(exc):
            self._record_doubt()
        return super().handle_exception(exc)

    def _record_doubt(self) -> None:
        method = self.request.method
        reads = method in SAFE_METHODS or getattr(self, "scope_level", None) == "read"
        # Not `request.user`, which would look up the key again; that may be what failed.
        principal = getattr(self.request, "_user", None)
        if not reads and isinstance(principal, Principal):
            route = getattr(self.request.resolver_match, "route", "")
            record_chat(principal, f"{method} /{route}", OUTCOME_UNKNOWN)
