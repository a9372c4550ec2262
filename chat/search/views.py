"""The HTTP face of search."""

from accounts.principals.principal import AuthenticatedRequest
from chat.idempotency import idempotent
from chat.search import openapi
from chat.search.query import search_chats
from chat.search.serializers import MatchSerializer, SearchInput
from chat.search.slots import process_searches
from chat.view import ChatView
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.serializing import represented_all, validated
from gatewayz.database.replica import reads_replica


@openapi.search
class SearchView(ChatView):
    # A POST, but it changes nothing.
    scope_level = "read"

    @idempotent
    @reads_replica
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(SearchInput, request.data)
        with process_searches().slot(request.user.user_id):
            matches, count = search_chats(request.user, **given)
        return success(represented_all(MatchSerializer, matches), count=count)
