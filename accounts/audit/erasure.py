"""Forgetting a person, without breaking the chain."""

from django.db import transaction

from accounts.audit.recording import record
from accounts.models import AuditPersonalData
from accounts.models.audit import user_target

ERASED = "personal_data_erased"


def has_more_personal_data(user_id: int, entries: int) -> bool:
    """Whether more entries than that hold personal data of a person."""
    return AuditPersonalData.objects.filter(user_id=user_id)[entries : entries + 1].exists()


def erase_personal_data(user_id: int, at_most: int | None = None) -> None:
    """Erase what the audit log knows of a person but the bare id; that it was erased stays.

    Call it in the transaction that erases the user, after the last that is recorded of it; and
    before that, for `at_most` entries, as long as `has_more_personal_data` so many.
    """
    with transaction.atomic():
        record(ERASED, user_id=user_id, target=user_target(user_id))
        data = AuditPersonalData.objects.filter(user_id=user_id)
        AuditPersonalData.objects.filter(
            pk__in=list(data.values_list("pk", flat=True)[:at_most])
        ).delete()
