"""Views of the key cache, for operators."""

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
    """Show the key cache of the process that answers; change it in every process."""

    # There is no `scope_resource`: only staff keys without any scopes are allowed.
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
