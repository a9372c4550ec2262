"""Recording a change, with the change."""

from typing import Any

from django.db import transaction

from accounts.audit.origin import Origin, current_origin
from accounts.audit.personal_data import sealed, split
from accounts.audit.redaction import redacted
from accounts.models import AuditEntry, AuditPersonalData


def record(
    action: str,
    *,
    user_id: int,
    target: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write to the audit log that something of the user `user_id` has changed.

    `action` says what happened, such as `key_rotated`; `target` to what, by `key_target` and the
    like: a kind and an id, never a name. `before` and `after` hold the fields that differ; what
    in them is secret is redacted, what may be personal can be erased. Who did it, from where and
    in which request is taken from the request being answered. Two statements.

    Call it after the change: what is checked at the commit is checked in that order, and foreign
    keys, which may have to wait for somebody, come before the chain, where others wait.

    Raises django.db.transaction.TransactionManagementError outside a transaction: an entry is
    committed with its change or not at all. Raises TypeError for values that are no JSON.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            "An audit entry is written in the transaction of its change"
        )
    write_entry(current_origin(), action, user_id, target, before, after)


def write_entry(
    origin: Origin,
    action: str,
    user_id: int,
    target: str,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """What `record` does, for an `origin` that is known already."""
    plain_before, personal_before = split(redacted(before or {}))
    plain_after, personal_after = split(redacted(after or {}))
    personal: dict[int, dict[str, Any]] = {}
    if origin.address:
        # Where somebody was is that person's, also when an operator changes what is another's.
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
