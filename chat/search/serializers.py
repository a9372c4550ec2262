"""Request and response bodies of searches."""

from typing import Any

from rest_framework import serializers

from chat.search.query import MAX_QUERY, Match
from chat.sessions.serializers import SessionSerializer
from gatewayz.api.paging import MAX_OFFSET, MAX_PAGE
from gatewayz.api.serializing import IdField, represented

DEFAULT_PAGE = 20


class QueryField(serializers.CharField):
    """Any text that a person can paste; characters that cannot be stored separate words."""

    def run_validation(self, data: Any = serializers.empty) -> Any:
        if isinstance(data, str):
            data = data.encode(errors="replace").decode().replace("\x00", " ")
        return super().run_validation(data)


class LimitField(serializers.IntegerField):
    """How many to return; more than MAX_PAGE, as older clients ask for, is MAX_PAGE."""

    def to_internal_value(self, data: Any) -> int:
        limit: int = super().to_internal_value(data)
        return min(limit, MAX_PAGE)

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return (True, DEFAULT_PAGE) if data is None else super().validate_empty_values(data)


class SearchInput(serializers.Serializer):
    query = QueryField(max_length=MAX_QUERY, trim_whitespace=False)
    limit = LimitField(min_value=1, allow_null=True, default=DEFAULT_PAGE)
    offset = serializers.IntegerField(min_value=0, max_value=MAX_OFFSET, default=0)
    cursor = serializers.CharField(max_length=64, required=False, allow_null=True)
    end_user_id = IdField(required=False, allow_null=True)
    sort = serializers.ChoiceField(choices=["relevance", "recent"], default="relevance")


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
