"""The JSON of searches and what they find."""

from typing import Any

from rest_framework import serializers

from chat.search.query import MAX_QUERY, Match
from chat.sessions.serializers import SessionSerializer
from gatewayz.api.paging import MAX_PAGE
from gatewayz.api.serializing import represented


class SearchInput(serializers.Serializer):
    query = serializers.CharField(max_length=MAX_QUERY, trim_whitespace=False)
    limit = serializers.IntegerField(min_value=1, max_value=MAX_PAGE, default=20)


class MatchSerializer(SessionSerializer):
    message_id = serializers.IntegerField(allow_null=True)
    rank = serializers.FloatField()
    snippet = serializers.CharField(help_text="Safe HTML; what was found is in <mark>.")

    class Meta(SessionSerializer.Meta):
        fields = [*SessionSerializer.Meta.fields, "message_id", "rank", "snippet"]

    def to_representation(self, match: Match) -> dict[str, Any]:
        return {
            **represented(SessionSerializer, match.session),
            "message_id": match.message_id,
            "rank": match.rank,
            "snippet": match.snippet,
        }
