"""Forgetting a person, without breaking the chain."""

from django.db import transaction

from accounts.audit.recording import record
from accounts.models import AuditPersonalData
from accounts.models.audit import user_target

ERASED = "personal_data_erased"


def forget_person(user_id: int) -> None:
    """Erase what the audit log knows of a person but the bare id; that it was erased stays.

    Call it in the transaction that erases the user, after the last that is recorded of it.
    """
    with transaction.atomic():
        record(ERASED, user_id=user_id, target=user_target(user_id))
        AuditPersonalData.objects.filter(user_id=user_id).delete()
