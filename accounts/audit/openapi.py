"""OpenAPI description of the audit log."""

from accounts.audit import old_shapes
from accounts.audit.serializers import AuditEntrySerializer, AuditLogInput
from gatewayz.api.openapi import Shape, listed

_ENTRY = {
    "id": 31,
    "user_id": 7,
    "timestamp": "2026-03-01T12:00:00Z",
    "action": "key_created",
    "api_key_id": 12,
    "target": "api_key:12",
    "details": {"after": {"key_name": "CI", "environment_tag": "live"}},
    "channel": "api",
    "ip_address": "192.0.2.1",
    "request_id": "6f1c…",
}

list_audit_log = listed(
    "List changes to your keys and account, newest first",
    name="listAuditLog",
    query=AuditLogInput,
    answer=Shape(AuditEntrySerializer, _ENTRY),
    old=old_shapes.log(total=1),
)
