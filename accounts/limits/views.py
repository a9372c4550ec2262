"""The HTTP face of rate limits: those of one's own keys."""

from django.shortcuts import get_object_or_404
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import AuthenticatedRequest
from accounts.limits import openapi
from accounts.limits.configuration import configure_all_keys, configure_key
from accounts.limits.serializers import RateLimitInput, WindowInput
from accounts.limits.usage import describe_keys
from accounts.models import ApiKey
from gatewayz.envelope import success
from gatewayz.paging import PageInput, page_of


class RateLimitView(APIView):
    scope_resource = "limits"


@openapi.rate_limits
class RateLimitsView(RateLimitView):
    def get(self, request: AuthenticatedRequest) -> Response:
        page = PageInput(data=request.query_params)
        page.is_valid(raise_exception=True)
        owned = ApiKey.objects.owned_by(request.user).select_related("rate_limits")
        keys, count = page_of(owned.newest_first(), **page.validated_data)
        described = describe_keys(request.user, keys)
        # Beside `data` too, where clients of the old service look.
        return success(described, count=count, rate_limit_configs=described)


@openapi.key_rate_limits
class KeyRateLimitsView(RateLimitView):
    def put(self, request: AuthenticatedRequest, key_id: int) -> Response:
        given = RateLimitInput(data=request.data)
        given.is_valid(raise_exception=True)
        key = get_object_or_404(ApiKey.objects.owned_by(request.user), pk=key_id)
        configure_key(request.user, key, given.validated_data)
        return success(
            given.validated_data, message="Rate limits set", updated_config=given.validated_data
        )


@openapi.bulk_update
class BulkRateLimitsView(RateLimitView):
    def post(self, request: AuthenticatedRequest) -> Response:
        given = RateLimitInput(data=request.data)
        given.is_valid(raise_exception=True)
        updated = configure_all_keys(request.user, given.validated_data)
        return success(
            given.validated_data,
            message=f"Rate limits of {updated} keys set",
            updated_count=updated,
            updated_config=given.validated_data,
        )


@openapi.key_usage
class KeyRateLimitUsageView(RateLimitView):
    def get(self, request: AuthenticatedRequest, key_id: int) -> Response:
        given = WindowInput(data=request.query_params)
        given.is_valid(raise_exception=True)
        window = given.validated_data["time_window"]
        owned = ApiKey.objects.owned_by(request.user).select_related("rate_limits")
        (described,) = describe_keys(request.user, [get_object_or_404(owned, pk=key_id)])
        return success(
            described,
            time_window=window,
            usage_stats=described["usage_stats"][window],
            rate_limit_config=described["rate_limit_config"],
        )
