"""Detecting tampering with the audit log.

Each link of the hash chain holds the SHA-256 (hexadecimal) of the previous link's hash and the
text of its entry: a JSON array of the entry's columns, as PostgreSQL prints it. An entry therefore
cannot be changed, removed, inserted or moved without changing every later hash, up to the head.
Somebody who can change the head too is only detected by an anchor: a head that was stored
elsewhere.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction

from accounts.audit.erasure import ERASED
from accounts.audit.personal_data import commitment
from accounts.models import AuditHead

FETCHED_ROWS = 2000

# The same expression as in the trigger `audit_chain_entry`.
_LINKS = """
SELECT link.sequence, link.hash, link.entry_id, CASE WHEN entry.id IS NOT NULL THEN
    jsonb_build_array(
        entry.id, entry.created_at AT TIME ZONE 'UTC', entry.action, entry.target, entry.user_id,
        entry.channel, entry.actor_user_id, entry.actor_key_id, entry.request_id, entry.before,
        entry.after, entry.commitments
    )::text END
FROM audit_chain AS link LEFT JOIN audit_log AS entry ON entry.id = link.entry_id
ORDER BY link.sequence
"""

_UNCHAINED = """
SELECT id FROM audit_log AS entry
WHERE NOT EXISTS (SELECT FROM audit_chain AS link WHERE link.entry_id = entry.id)
ORDER BY id LIMIT 1
"""

_PERSONAL = """
SELECT data.entry_id, data.salt, data.content, entry.commitments ->> data.user_id::text
FROM audit_personal_data AS data LEFT JOIN audit_log AS entry ON entry.id = data.entry_id
ORDER BY data.entry_id
"""

# Personal data may be missing only where a later entry records that it was erased.
_TAKEN = """
SELECT entry.id FROM audit_log AS entry, jsonb_object_keys(entry.commitments) AS owner
WHERE NOT EXISTS (
    SELECT FROM audit_personal_data AS data
    WHERE data.entry_id = entry.id AND data.user_id = owner::bigint
) AND NOT EXISTS (
    SELECT FROM audit_log AS erased
    WHERE erased.user_id = owner::bigint AND erased.action = %s AND erased.id >= entry.id
)
ORDER BY entry.id LIMIT 1
"""


class BrokenAuditLogError(Exception):
    """The audit log has been tampered with; the message names the first bad entry."""


@dataclass(frozen=True)
class Anchor:
    """A head of the chain at some time: the number of entries and the last hash."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """Parse the output of `str`. Raises ValueError for anything else."""
        sequence, _, hash_ = text.partition(":")
        return cls(int(sequence), hash_)


def verify(anchor: Anchor | None = None) -> Anchor:
    """Verify the whole audit log, in bounded memory, as of one moment.

    Returns its head. Store that where nobody who can change the database can change it, and pass
    it as `anchor` the next time.

    Raises BrokenAuditLogError.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            # One snapshot, so that concurrent entries do not matter. On a long log, a statement
            # may take longer than a request's statement may.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
        head = _verify_chain(anchor)
        _verify_entries()
    return head


def _verify_chain(anchor: Anchor | None) -> Anchor:
    """Verify every link from the first to the head. Returns the head."""
    last = Anchor(0, "")
    for sequence, hash_, entry_id, content in _rows("audit_links", _LINKS):
        if sequence != last.sequence + 1:
            raise BrokenAuditLogError(f"link {last.sequence + 1} is missing")
        if content is None:
            raise BrokenAuditLogError(f"entry {entry_id} is missing, at link {sequence}")
        if hashlib.sha256((last.hash + content).encode()).hexdigest() != hash_:
            raise BrokenAuditLogError(f"entry {entry_id} has been changed, at link {sequence}")
        last = Anchor(sequence, hash_)
        if anchor is not None and anchor.sequence == sequence and anchor != last:
            raise BrokenAuditLogError(f"link {sequence} is not that of the anchor")
    head = AuditHead.objects.first()
    if last != (Anchor(head.sequence, head.hash) if head else Anchor(0, "")):
        raise BrokenAuditLogError(f"the entries after link {last.sequence} are missing")
    if anchor is not None and anchor.sequence > last.sequence:
        raise BrokenAuditLogError(
            f"the entries after link {last.sequence}, up to the anchor, are gone"
        )
    return last


def _verify_entries() -> None:
    """Verify that every entry is in the chain and has its personal data."""
    with connection.cursor() as cursor:
        cursor.execute(_UNCHAINED)
        for (entry_id,) in cursor.fetchall():
            raise BrokenAuditLogError(f"entry {entry_id} is not in the chain")
        for entry_id, salt, content, committed in _rows("audit_personal", _PERSONAL):
            if commitment(salt, content) != committed:
                raise BrokenAuditLogError(
                    f"the personal data of entry {entry_id} has been changed"
                )
        cursor.execute(_TAKEN, [ERASED])
        for (entry_id,) in cursor.fetchall():
            raise BrokenAuditLogError(f"the personal data of entry {entry_id} is missing")


def _rows(name: str, statement: str) -> Iterator[tuple]:
    """Yield the rows of a statement in batches, through a server-side cursor called `name`."""
    with connection.cursor() as cursor:
        cursor.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {statement}")
        while True:
            cursor.execute(f"FETCH {FETCHED_ROWS} FROM {name}")
            rows = cursor.fetchall()
            yield from rows
            if len(rows) < FETCHED_ROWS:
                return
