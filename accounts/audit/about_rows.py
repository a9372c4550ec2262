"""Reading the audit entries about a row that the admin shows."""

from collections.abc import Collection
from operator import attrgetter

from django.db.models import Model
from django.http import HttpRequest

from accounts.models import ApiKey, AuditEntry, Plan, RateLimitConfig, User
from accounts.models.audit import key_target

SHOWN_ENTRIES = 100

# The names that entries give to rows, where they are not those of the models.
_KINDS = {"chatsession": "session"}


def audit_entries(request: HttpRequest, row: Model, owner: str | None) -> list[AuditEntry]:
    """Return the newest SHOWN_ENTRIES entries about `row`; for a user, also about their rows.

    `owner` is the path of fields from the row to its user, as in `OwnedRows`.
    Three statements, which indexes serve. Empty for staff who may not view the audit log.
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
        name = str(row._meta.model_name)
        target = key_target(row.pk) if is_key else f"{_KINDS.get(name, name)}:{row.pk}"
        if not owner:
            return []
        user = attrgetter(owner.replace("__", "."))(row)
        entries = AuditEntry.objects.filter(user_id=user.pk, target=target)
    found = list(entries.newest_first()[:SHOWN_ENTRIES])
    add_names(found)
    return found


def add_names(entries: Collection[AuditEntry]) -> None:
    """Add to `entries` who acted, as `actor`, and name the plans that they hold by id.

    For showing them only: an entry must not be saved after that. At most two statements.
    """
    actors = User.objects.in_bulk({entry.actor_user_id for entry in entries} - {None})
    with_plan = []
    for entry in entries:
        entry.actor = actors.get(entry.actor_user_id)  # type: ignore[attr-defined]
        with_plan += [
            values for values in (entry.before, entry.after) if values and "plan" in values
        ]
    names = dict(Plan.objects.values_list("pk", "name")) if with_plan else {}
    for values in with_plan:
        values["plan"] = names.get(values["plan"], values["plan"])
