from accounts.models.activity import ActivityDeadLetter, ActivityEvent
from accounts.models.api_keys import ApiKey
from accounts.models.audit import AuditEntry, AuditHead, AuditLink, AuditPersonalData
from accounts.models.usage import ActivityDay, ApiKeyDay
from accounts.models.users import User

__all__ = [
    "ActivityDay",
    "ActivityDeadLetter",
    "ActivityEvent",
    "ApiKey",
    "ApiKeyDay",
    "AuditEntry",
    "AuditHead",
    "AuditLink",
    "AuditPersonalData",
    "User",
]
