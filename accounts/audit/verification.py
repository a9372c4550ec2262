"""Finding out whether the audit log is what was written to it.

Each link of the chain holds the SHA-256 (hexadecimal) of the link before it and the text of its
entry: a JSON array, as PostgreSQL writes it, of the entry's columns. So no entry can be changed,
left out, put in or moved without changing every hash after it, up to the head. Who may change the
head too can only be found out by an anchor: a head that was noted down elsewhere.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection, transaction

from accounts.audit.erasure import ERASED
from accounts.audit.personal_data import commitment
from accounts.models import AuditHead

_FETCHED_ROWS = 2000

# As the trigger `audit_chain_entry` wrote it.
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

# Personal data may be missing only where it was erased by the rules, which is recorded later.
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
    """The audit log is not what was written to it; the text names the first such entry."""


@dataclass(frozen=True)
class Anchor:
    """The head of the chain at some time: how many entries there were, and the last hash."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"

    @classmethod
    def parse(cls, text: str) -> "Anchor":
        """What `str` made. Raises ValueError for anything else."""
        sequence, _, hash_ = text.partition(":")
        return cls(int(sequence), hash_)


def verify(anchor: Anchor | None = None) -> Anchor:
    """Read the whole audit log, in bounded memory, as it is at one moment.

    Returns its head, to be kept where nobody who can change the database can change it, and to
    be given here as `anchor` the next time.

    Raises BrokenAuditLogError.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            # One snapshot, so that entries written meanwhile make no difference; of a long log,
            # a statement may take longer than one of a request.
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
        head = _verify_chain(anchor)
        _verify_entries()
    return head


def _verify_chain(anchor: Anchor | None) -> Anchor:
    """Every link, from the first one to the head. Returns the head."""
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
    """That there are no entries but those of the chain, and the personal data of each."""
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
    """The rows of a statement, some at a time, by a cursor `name` of PostgreSQL."""
    with connection.cursor() as cursor:
        cursor.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {statement}")
        while True:
            cursor.execute(f"FETCH {_FETCHED_ROWS} FROM {name}")
            rows = cursor.fetchall()
            yield from rows
            if len(rows) < _FETCHED_ROWS:
                return
