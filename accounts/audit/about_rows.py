"""Reading the audit entries about a row that the admin shows."""

from operator import attrgetter

from django.db.models import Model
from django.http import HttpRequest

from accounts.models import ApiKey, AuditEntry, Plan, RateLimitConfig, User
from accounts.models.audit import key_target

SHOWN_ENTRIES = 100


def audit_entries(request: HttpRequest, row: Model, owner: str | None) -> list[AuditEntry]:
    """Return the newest SHOWN_ENTRIES entries about `row`, and of a user also about their rows.

    `owner` is the path of fields from the row to its user, as in `OwnedRows`.
    One statement, which an index serves. Empty for staff who may not view the audit log.
    """
    if not request.user.has_perm("accounts.view_auditentry"):
        return []
    if isinstance(row, User):
        entries = AuditEntry.objects.filter(user_id=row.pk)
    elif isinstance(row, Plan):
        # These entries belong to the operators who changed the plan.
        actions = ("plan_created", "plan_changed")
        entries = AuditEntry.objects.filter(action__in=actions, target=f"plan:{row.pk}")
    else:
        is_key = isinstance(row, (ApiKey, RateLimitConfig))
        target = key_target(row.pk) if is_key else f"{row._meta.model_name}:{row.pk}"
        if not owner:
            return []
        user = attrgetter(owner.replace("__", "."))(row)
        entries = AuditEntry.objects.filter(user_id=user.pk, target=target)
    return list(entries.newest_first()[:SHOWN_ENTRIES])
