"""The HTTP face of the audit log: one's own, and nobody else's."""

from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.audit import openapi
from accounts.audit.serializers import AuditEntrySerializer, AuditLogInput
from accounts.authentication import AuthenticatedRequest
from accounts.models import AuditEntry
from gatewayz.envelope import success
from gatewayz.paging import page_of
from gatewayz.serializing import represented_all, validated


@openapi.audit_log
class AuditLogView(APIView):
    scope_resource = "audit"

    def get(self, request: AuthenticatedRequest) -> Response:
        given = validated(AuditLogInput, request.query_params)
        page = {name: given.pop(name) for name in ("limit", "offset")}
        found = AuditEntry.objects.owned_by(request.user).matching(**given)
        entries, total = page_of(found.with_personal_data().newest_first(), **page)
        logs = represented_all(AuditEntrySerializer, entries)
        # Beside `data` too, where clients of the old service look.
        return success(logs, count=total, logs=logs, total_logs=total)
