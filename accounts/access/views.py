"""The HTTP face of accounts."""

from rest_framework.permissions import IsAuthenticated

from accounts.access import key_lookup
from accounts.access.permissions import HasScope, IsStaff
from accounts.access.serializers import KeyCacheClearInput, KeyCacheInput
from accounts.principals.principal import AuthenticatedRequest
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.serializing import validated
from gatewayz.api.view import ApiView


class KeyCacheView(ApiView):
    """The key cache, as the process that answers has it; changes reach every process."""

    # Without a `scope_resource`: only for keys without scopes, whosever they are.
    permission_classes = (IsAuthenticated, HasScope, IsStaff)
    staff_permission = "accounts.change_apikey"

    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        return success(key_lookup.get_cache_stats())

    def put(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(KeyCacheInput, request.data)
        key_lookup.set_cache_ttl(given["ttl_seconds"])
        return success(key_lookup.get_cache_stats(), message="Time to live set")

    def delete(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(KeyCacheClearInput, request.data)
        key_lookup.clear_cache(given.get("api_key"))
        return success(None, message="Key cache cleared")
