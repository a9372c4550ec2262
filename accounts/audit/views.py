"""The view of a user's own audit log."""

from accounts.audit import old_shapes, openapi
from accounts.audit.serializers import AuditEntrySerializer, AuditLogInput
from accounts.models import AuditEntry
from accounts.principals.principal import AuthenticatedRequest
from gatewayz.api.bodies import JSONResponse
from gatewayz.api.envelope import success
from gatewayz.api.paging import page_of
from gatewayz.api.serializing import represented_all, validated
from gatewayz.api.view import ApiView


class AuditLogView(ApiView):
    scope_resource = "audit"

    @openapi.list_audit_log
    def get(self, request: AuthenticatedRequest) -> JSONResponse:
        given = validated(AuditLogInput, request.query_params)
        page = {name: given.pop(name) for name in ("limit", "offset")}
        found = AuditEntry.objects.owned_by(request.user).matching(**given)
        entries, total = page_of(found.with_personal_data().newest_first(), **page)
        logs = represented_all(AuditEntrySerializer, entries)
        return success(logs, count=total, old=old_shapes.log(total))
