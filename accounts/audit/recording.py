"""Writing an audit entry together with the change that it describes."""

from typing import Any

from django.db import transaction

from accounts.audit.origin import Origin, current_origin
from accounts.audit.personal_data import sealed, split
from accounts.audit.redaction import redacted
from accounts.models import AuditEntry, AuditPersonalData
from accounts.models.audit import user_target


def record(
    action: str,
    *,
    user_id: int,
    target: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write an audit entry about a change to something that user `user_id` owns.

    `action` names the change, such as `key_rotated`; `target` is a kind and an id, never a name,
    see `key_target`; without it, the entry is about the user. `before` and `after` hold the
    changed fields; secrets in them are redacted, and personal data can be erased later. The actor,
    address and request id come from the current request. Runs two statements.

    Call it after the change: deferred checks run at the COMMIT in the order of the statements, and
    foreign keys, which may wait for other transactions, must come before the chain, where other
    transactions wait for this one.

    Raises django.db.transaction.TransactionManagementError outside a transaction, since an entry
    must be committed with its change or not at all. Raises TypeError for values that are not JSON.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            "An audit entry must be written in the transaction of its change"
        )
    write_entry(current_origin(), action, user_id, target or user_target(user_id), before, after)


def write_entry(
    origin: Origin,
    action: str,
    user_id: int,
    target: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write an entry as `record` does, for an `origin` that is already known."""
    plain_before, personal_before = split(redacted(before or {}))
    plain_after, personal_after = split(redacted(after or {}))
    personal: dict[int, dict[str, Any]] = {}
    if origin.address:
        # An address is personal data of whoever acted, even when an operator changes another
        # user's rows.
        owner = origin.user_id if origin.user_id is not None else user_id
        personal[owner] = {"address": origin.address}
    for name, values in {"before": personal_before, "after": personal_after}.items():
        if values:
            personal.setdefault(user_id, {})[name] = values
    commitments, rows = {}, []
    for owner, data in personal.items():
        commitments[owner], row = sealed(owner, data)
        rows.append(row)
    entry = AuditEntry.objects.create(
        created_at=origin.at,
        action=action,
        user_id=user_id,
        target=target,
        channel=origin.channel,
        actor_user_id=origin.user_id,
        actor_key_id=origin.key_id,
        request_id=origin.request_id,
        before=None if before is None else plain_before,
        after=None if after is None else plain_after,
        commitments=commitments,
    )
    for row in rows:
        row.entry_id = entry.pk
    AuditPersonalData.objects.bulk_create(rows)
