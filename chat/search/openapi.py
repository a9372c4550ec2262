"""Search in OpenAPI."""

from rest_framework import serializers

from chat.search.serializers import MatchSerializer, SearchInput
from chat.sessions.openapi import SESSION_EXAMPLE
from gatewayz.api.openapi import describe, listed

search = describe(
    post=listed(
        "Search titles and messages",
        name="searchChats",
        request=SearchInput,
        request_example={"query": '"warm in March" -snow holi', "limit": 10},
        answer=MatchSerializer,
        example={
            **SESSION_EXAMPLE,
            "message_id": 99,
            "rank": 0.2,
            "snippet": "Where is it <mark>warm</mark>",
        },
        beside={
            "count_is_exact": serializers.BooleanField(
                help_text="Whether there are no more than `count`."
            ),
            "next_cursor": serializers.CharField(allow_null=True),
        },
        example_beside={"count_is_exact": True, "next_cursor": None},
        idempotent=True,
    )
)
