"""Search in OpenAPI."""

from rest_framework import serializers

from chat.search.serializers import MatchSerializer, SearchInput
from chat.sessions.openapi import SESSION_EXAMPLE
from gatewayz.api.openapi import Shape, listed

search_chats = listed(
    "Search titles and messages",
    name="searchChats",
    request=Shape(SearchInput, {"query": '"warm in March" -snow holi', "limit": 10}),
    answer=Shape(
        MatchSerializer,
        {
            **SESSION_EXAMPLE,
            "message_id": 99,
            "rank": 0.2,
            "snippet": "Where is it <mark>warm</mark>",
        },
    ),
    beside={
        "count_is_exact": Shape(
            serializers.BooleanField(help_text="Whether there are no more than `count`."), True
        ),
        "next_cursor": Shape(serializers.CharField(allow_null=True), None),
    },
    idempotent=True,
)
