from accounts.models.activity import ActivityDeadLetter, ActivityEvent
from accounts.models.api_keys import ApiKey
from accounts.models.audit import AuditEntry, AuditHead, AuditLink, AuditPersonalData
from accounts.models.daily_totals import ActivityDay, ApiKeyDay
from accounts.models.notifications import ApiKeyNetwork, Notification, NotificationPreferences
from accounts.models.plans import Plan
from accounts.models.rate_limits import RateLimitConfig
from accounts.models.referrals import Credit, Referral, ReferralCode
from accounts.models.storage import StorageUse
from accounts.models.users import User

__all__ = [
    "ActivityDay",
    "ActivityDeadLetter",
    "ActivityEvent",
    "ApiKey",
    "ApiKeyDay",
    "ApiKeyNetwork",
    "AuditEntry",
    "AuditHead",
    "AuditLink",
    "AuditPersonalData",
    "Credit",
    "Notification",
    "NotificationPreferences",
    "Plan",
    "RateLimitConfig",
    "Referral",
    "ReferralCode",
    "StorageUse",
    "User",
]
