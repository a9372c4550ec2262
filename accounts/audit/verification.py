"""Detecting tampering with the audit log.

Each link of the hash chain holds the SHA-256 (hexadecimal) of the previous link's hash and the
text of its entry: a JSON array of the entry's columns, as PostgreSQL prints it. An entry therefore
cannot be changed, removed, inserted or moved without changing every later hash, up to the head.
Somebody who can change the head too is only detected by an anchor: a head that was stored
elsewhere.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.audit.erasure import ERASED
from accounts.audit.personal_data import commitment
from accounts.models import AuditHead, AuditLink

# How many rows one statement reads. Each statement sees the log at a different moment, but entries
# never change, and new ones come after the head.
FETCHED_ROWS = 2000

# The same expression as in the trigger `audit_chain_entry`.
_LINKS = """
SELECT link.sequence, link.hash, link.entry_id, CASE WHEN entry.id IS NOT NULL THEN
    jsonb_build_array(
        entry.id, entry.created_at AT TIME ZONE 'UTC', entry.action, entry.target, entry.user_id,
        entry.channel, entry.actor_user_id, entry.actor_key_id, entry.request_id, entry.before,
        entry.after, entry.commitments
    )::text END
FROM (
    SELECT * FROM audit_chain WHERE sequence > %s AND sequence <= %s ORDER BY sequence LIMIT %s
) AS link LEFT JOIN audit_log AS entry ON entry.id = link.entry_id
ORDER BY link.sequence
"""

# Personal data may be missing only where a later entry records that it was erased.
_ENTRIES = """
SELECT entry.id,
    EXISTS (SELECT FROM audit_chain AS link WHERE link.entry_id = entry.id),
    EXISTS (
        SELECT FROM jsonb_object_keys(entry.commitments) AS owner
        WHERE NOT EXISTS (
            SELECT FROM audit_personal_data AS data
            WHERE data.entry_id = entry.id AND data.user_id = owner::bigint
        ) AND NOT EXISTS (
            SELECT FROM audit_log AS erased
            WHERE erased.user_id = owner::bigint AND erased.action = %s AND erased.id >= entry.id
        )
    )
FROM (SELECT * FROM audit_log WHERE id > %s ORDER BY id LIMIT %s) AS entry
ORDER BY entry.id
"""

_PERSONAL = """
SELECT data.entry_id, data.user_id, data.salt, data.content,
    entry.commitments ->> data.user_id::text
FROM (
    SELECT * FROM audit_personal_data WHERE (entry_id, user_id) > (%s, %s)
    ORDER BY entry_id, user_id LIMIT %s
) AS data LEFT JOIN audit_log AS entry ON entry.id = data.entry_id
ORDER BY data.entry_id, data.user_id
"""


class BrokenAuditLogError(Exception):
    """The audit log has been tampered with; the message names the first bad entry."""


@dataclass(frozen=True)
class Anchor:
    """The head of the chain at some moment: the number of entries and the last hash."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """Parse the output of `str`. Raises ValueError for anything else."""
        sequence, _, hash_ = text.partition(":")
        return cls(int(sequence), hash_)


def verify(anchor: Anchor | None = None, *, whole: bool = False) -> Anchor:
    """Verify the audit log in pieces, while it is written to.

    With an anchor, verifies its link and what came after it. With `whole`, or without an anchor,
    verifies everything.

    Returns the head. Store it out of reach of anybody who can change the database, and pass it as
    `anchor` the next time.

    Raises BrokenAuditLogError.
    """
    # Read before the head, which can only have moved on since.
    newest = AuditLink.objects.order_by("-sequence").first()
    found = AuditHead.objects.first()
    head = Anchor(found.sequence, found.hash) if found else Anchor(0, "")
    if newest is not None and newest.sequence > head.sequence:
        raise BrokenAuditLogError(f"link {newest.sequence} is beyond the head, {head.sequence}")
    entry_id = _find(anchor, head) if anchor is not None and anchor.sequence else 0
    if anchor is None or whole:
        anchor, entry_id = Anchor(0, ""), 0
    _verify_chain(anchor, head)
    _verify_entries(entry_id)
    _verify_personal_data(entry_id)
    return head


def _find(anchor: Anchor, head: Anchor) -> int:
    """Return the id of the entry of an anchor."""
    link = AuditLink.objects.filter(sequence=anchor.sequence).first()
    if anchor.sequence > head.sequence or link is None:
        raise BrokenAuditLogError(
            f"the entries after link {head.sequence}, up to the anchor, are gone"
        )
    if link.hash != anchor.hash:
        raise BrokenAuditLogError(f"link {anchor.sequence} is not that of the anchor")
    return link.entry_id


def _verify_chain(last: Anchor, head: Anchor) -> None:
    """Verify every link after `last` up to the head."""
    while rows := _rows(_LINKS, last.sequence, head.sequence, FETCHED_ROWS):
        for sequence, hash_, entry_id, content in rows:
            if sequence != last.sequence + 1:
                raise BrokenAuditLogError(f"link {last.sequence + 1} is missing")
            if content is None:
                raise BrokenAuditLogError(f"entry {entry_id} is missing, at link {sequence}")
            if hashlib.sha256((last.hash + content).encode()).hexdigest() != hash_:
                raise BrokenAuditLogError(f"entry {entry_id} has been changed, at link {sequence}")
            last = Anchor(sequence, hash_)
    if last != head:
        raise BrokenAuditLogError(f"the entries after link {last.sequence} are missing")


def _verify_entries(last_id: int) -> None:
    """Verify that every entry after one is in the chain and has its personal data."""
    while rows := _rows(_ENTRIES, ERASED, last_id, FETCHED_ROWS):
        for last_id, is_linked, is_incomplete in rows:
            if not is_linked:
                raise BrokenAuditLogError(f"entry {last_id} is not in the chain")
            if is_incomplete:
                raise BrokenAuditLogError(f"the personal data of entry {last_id} is missing")


def _verify_personal_data(entry_id: int) -> None:
    """Verify the personal data of the entries after one."""
    user_id = 2**63 - 1
    while rows := _rows(_PERSONAL, entry_id, user_id, FETCHED_ROWS):
        for entry_id, _, salt, content, committed in rows:
            if commitment(salt, content) != committed:
                raise BrokenAuditLogError(
                    f"the personal data of entry {entry_id} has been changed"
                )
        user_id = rows[-1][1]


def _rows(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
