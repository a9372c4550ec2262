"""Erasing a person's data from the audit log without breaking the hash chain."""

from django.db import transaction

from accounts.audit.recording import record
from accounts.models import AuditPersonalData

ERASED = "personal_data_erased"


def has_more_personal_data(user_id: int, entries: int) -> bool:
    """Return whether more than `entries` entries hold personal data of a user."""
    return AuditPersonalData.objects.filter(user_id=user_id)[entries : entries + 1].exists()


def erase_personal_data(user_id: int, at_most: int | None = None) -> None:
    """Erase a user's personal data from the audit log, and record that it was erased.

    Only the user's id stays. Call it in the transaction that erases the user, after the last entry
    about the user is recorded. To erase in batches, call it before that with `at_most` entries,
    while `has_more_personal_data` is true.
    """
    with transaction.atomic():
        record(ERASED, user_id=user_id)
        data = AuditPersonalData.objects.filter(user_id=user_id)
        AuditPersonalData.objects.filter(
            pk__in=list(data.values_list("pk", flat=True)[:at_most])
        ).delete()
