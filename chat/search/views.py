"""Views of search."""

from accounts.principals.principal import AuthenticatedRequest
from chat.idempotency import idempotent
from chat.search import openapi
from chat.search.cursors import cursor_at, read_cursor
from chat.search.query import search_chats
from chat.search.serializers import MatchSerializer, SearchInput
from chat.search.slots import process_searches
from chat.view import ChatView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.serializing import represented_all, validated
from gatewayz.database.replica import reads_replica


class SearchView(ChatView):
    # A POST, but it changes nothing.
    scope_level = "read"

    @openapi.search_chats
    @idempotent
    @reads_replica
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(SearchInput, request.data)
        cursor = given.get("cursor")
        offset = given["offset"] if cursor is None else read_cursor(cursor)
        limit = given["limit"]
        with process_searches().slot(request.user.user_id):
            page = search_chats(
                request.user,
                given["query"],
                limit=limit,
                offset=offset,
                is_by_time=given["sort"] == "recent",
                end_user_id=given.get("end_user_id"),
            )
        end = offset + limit
        return success(
            represented_all(MatchSerializer, page.matches),
            count=page.count,
            count_is_exact=page.is_count_exact,
            next_cursor=cursor_at(end) if end < page.count else None,
        )
