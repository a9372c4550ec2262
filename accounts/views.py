"""The HTTP face of accounts."""

from rest_framework.permissions import IsAuthenticated

from accounts import key_cache
from accounts.authentication import AuthenticatedRequest
from accounts.permissions import HasScope, IsStaff
from accounts.serializers import KeyCacheClearInput, KeyCacheInput
from gatewayz.api_view import ApiView
from gatewayz.envelope import success
from gatewayz.json_bodies import JSONResponse
from gatewayz.serializing import validated


class KeyCacheView(ApiView):
    """The key cache, as the process that answers has it; changes reach every process."""

    # Without a `scope_resource`: only for keys without scopes, whosever they are.
    permission_classes = (IsAuthenticated, HasScope, IsStaff)

    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        return success(key_cache.get_cache_stats())

    def put(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(KeyCacheInput, request.data)
        key_cache.set_cache_ttl(given["ttl_seconds"])
        return success(key_cache.get_cache_stats(), message="Time to live set")

    def delete(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(KeyCacheClearInput, request.data)
        key_cache.clear_cache(given.get("api_key"))
        return success(None, message="Key cache cleared")
