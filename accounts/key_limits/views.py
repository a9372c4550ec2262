"""Views of the rate limits of a user's own keys."""

from django.shortcuts import get_object_or_404

from accounts.key_limits import old_shapes, openapi
from accounts.key_limits.configuration import configure_all_keys, configure_key
from accounts.key_limits.serializers import RateLimitInput, WindowInput
from accounts.key_limits.status import describe_keys
from accounts.models import ApiKey
from accounts.principals.principal import AuthenticatedRequest
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.paging import PageInput, page_of
from gatewayz.api.serializing import validated
from gatewayz.api.view import ApiView


class RateLimitView(ApiView):
    scope_resource = "limits"


class RateLimitsView(RateLimitView):
    @openapi.list_rate_limits
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        page = validated(PageInput, request.query_params)
        owned = ApiKey.objects.owned_by(request.user).select_related("rate_limits")
        keys, count = page_of(owned.newest_first(), **page)
        described = describe_keys(request.user, keys)
        return success(described, count=count, old=old_shapes.listed(request.user.user_id))


class KeyRateLimitsView(RateLimitView):
    @openapi.set_rate_limits
    def put(self, request: AuthenticatedRequest, key_id: int) -> JSONResponse:
        given = validated(RateLimitInput, request.data)
        key = get_object_or_404(ApiKey.objects.owned_by(request.user), pk=key_id)
        configure_key(request.user, key, given)
        return success(given, message="Rate limits set", old=old_shapes.changed(key_id))


class BulkRateLimitsView(RateLimitView):
    @openapi.set_all_rate_limits
    def post(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(RateLimitInput, request.data)
        updated = configure_all_keys(request.user, given)
        return success(
            given,
            message=f"Rate limits of {updated} keys set",
            old=old_shapes.changed_all(updated),
        )


class KeyRateLimitUsageView(RateLimitView):
    @openapi.get_rate_limit_usage
    def get(self, request: AuthenticatedRequest, key_id: int) -> JSONResponse:
        given = validated(WindowInput, request.query_params)
        owned = ApiKey.objects.owned_by(request.user).select_related("rate_limits")
        (described,) = describe_keys(request.user, [get_object_or_404(owned, pk=key_id)])
        return success(described, old=old_shapes.usage(given["time_window"]))
