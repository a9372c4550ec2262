"""Builds the search index of chats.

A document is some consecutive messages of one session: their folded text, packed, and a key for
each word in it. Keys are hashes of words with the user's own salt, so a look-up reads no rows of
other users. A user's documents are numbered, and each ERA of them has different keys, so one
look-up reads at most one era of documents, however many there are.

Triggers list the messages that are not indexed yet. Searches read that list too, so every message
is found immediately; the worker empties the list every minute.
"""

import hashlib
import logging
import secrets
import time
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import batched, groupby

from django.db import Error, connection, transaction
from django.db.models.expressions import RawSQL

from accounts.models import User
from chat.messages.read import PAGE_BYTES
from chat.models import (
    ChatMessage,
    ChatMessageQuerySet,
    ChatSession,
    SearchDocument,
    SearchOwner,
    SearchWords,
)
from chat.search.documents import Document, Prepared, prepared
from chat.search.message_text import heading
from chat.search.text import VERSION, fold, terms
from gatewayz.database.distribution import is_distributed

logger = logging.getLogger(__name__)

# A document ends with the message that fills it.
DOCUMENT_CHARACTERS = 32_000
DOCUMENT_MESSAGES = 100

# This many documents of a user share their keys.
ERA = 4_096

# Longer words are found only as a whole.
MAX_LISTED_WORD = 64
# A row of words that is longer gets a successor.
WORDS_CHARACTERS = 64_000
# Parts of words are looked for in the newest of a user's rows only, this many.
MAX_WORDS_ROWS = 128

_BATCH_SESSIONS = 100
_BATCH_LISTED = 5_000
# In an import, the lines of all sessions come before those of their messages. Lines of one session
# that are so far apart are still taken together, or the session would be indexed twice.
_LISTED_APART = 500_000
_BATCH_MESSAGES = 200
# The most memory that a message can take: compressed JSON may unpack to a hundred times its size,
# and measuring it would mean reading it.
_MOST_BYTES = "octet_length(content) + COALESCE(octet_length(reasoning), 0)" + "".join(
    f" + COALESCE(pg_column_size({name}), 0)"
    f" * CASE WHEN pg_column_compression({name}) IS NULL THEN 1 ELSE 100 END"
    for name in ("content_parts", "metadata", "extra")
)
# A scheduled run ends before django-q2's time-out and leaves the rest to the next.
_RUN_SECONDS = 40


def key(salt: bytes, term: str) -> int:
    """Return the key of a user's term before it is combined with an era; 32 bits."""
    digest = hashlib.blake2b(term.encode(), digest_size=4, key=salt).digest()
    return int.from_bytes(digest, signed=True)


def era_mask(number: int) -> int:
    """Return the mask that is XORed into the keys of the era of `number`; 32 bits."""
    return zlib.crc32(b"%d" % (number // ERA)) - 2**31


def queue_outdated() -> int:
    """List every session that an older version indexed. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO chat_search_pending (user_id, session_id)"
            " SELECT DISTINCT user_id, session_id FROM chat_search_documents WHERE version < %s",
            [VERSION],
        )
        count: int = cursor.rowcount
    return count


def is_outdated() -> bool:
    """Whether an older version indexed some documents; reads one index entry."""
    return SearchDocument.objects.filter(version__lt=VERSION).exists()


def index_pending() -> int:
    """Index the listed sessions, every minute by a schedule. Returns how many."""
    ends_at = time.monotonic() + _RUN_SECONDS
    done = 0
    for count in index_listed():
        done += count
        if time.monotonic() >= ends_at:
            break
    return done


def index_listed() -> Iterator[int]:
    """Index the listed sessions until the list is empty, each batch in its own transaction.

    May run during traffic and alongside other runs, and may be interrupted at any time, because
    each batch removes what it has indexed from the list. A session that cannot be indexed is
    logged and stays on the list. A user whom another run is indexing is left to that run. Yields
    the number of sessions of each batch. Raises django.db.Error.
    """
    failed: list[int] = []
    busy: set[int] = set()
    while lines := _next_lines(failed, busy):
        for sessions in _batches(lines):
            if batch := {its: lines[its] for its in sessions if its[0] not in busy}:
                yield _index_batch(batch, failed, busy)


def _batches(lines: Iterable[tuple[int, int]]) -> Iterator[Sequence[tuple[int, int]]]:
    """Yield sessions to index in one transaction; of a single user where users are distributed."""
    if not is_distributed():
        yield from batched(lines, _BATCH_SESSIONS)
        return
    for _, its in groupby(lines, key=lambda line: line[0]):
        yield from batched(its, _BATCH_SESSIONS)


def _index_batch(
    lines: dict[tuple[int, int], list[int]], failed: list[int], busy: set[int]
) -> int:
    """Index sessions together, or one by one when that fails. Returns how many were indexed.

    Adds the sessions that failed to `failed`, and the users whom another run is indexing to
    `busy`.
    """
    try:
        busy |= _index(
            {user_id for user_id, _ in lines}, [one for its in lines.values() for one in its]
        )
    except Error as error:
        logger.info("Indexing %d chat sessions one by one: %s", len(lines), error)
    else:
        return sum(user_id not in busy for user_id, _ in lines)
    indexed = 0
    for (user_id, session_id), its in lines.items():
        try:
            busy |= _index({user_id}, its)
        except Error:
            logger.exception("Could not index chat session %d", session_id)
            failed.append(session_id)
        else:
            indexed += user_id not in busy
    return indexed


def _next_lines(failed: list[int], busy: set[int]) -> dict[tuple[int, int], list[int]]:
    """The oldest lines of the list, by (user, session), in order of users.

    Leaves out sessions that failed and users who are busy. The later lines of the others are taken
    as well.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH first AS MATERIALIZED (SELECT id, session_id FROM chat_search_pending"
            " WHERE session_id <> ALL(%s) AND user_id <> ALL(%s) ORDER BY id LIMIT %s)"
            " SELECT user_id, session_id, array_agg(id) FROM chat_search_pending"
            " WHERE id <= (SELECT max(id) + %s FROM first)"
            " AND session_id IN (SELECT session_id FROM first)"
            " GROUP BY user_id, session_id ORDER BY user_id, session_id",
            [failed, list(busy), _BATCH_LISTED, _LISTED_APART],
        )
        return {(user_id, session_id): ids for user_id, session_id, ids in cursor.fetchall()}


def _index(user_ids: set[int], line_ids: list[int]) -> set[int]:
    """Index some lines of the list, which belong to the given users.

    Returns the users whom another run is indexing, and whose lines are left to it.
    """
    present = _not_erased(user_ids)
    _add_owners(present)
    with transaction.atomic():
        owners = _locked_owners(present)
        busy = present - owners.keys()
        user_ids = user_ids - busy
        with connection.cursor() as cursor:
            # The changes on these lines are committed, and read below. Later changes add other
            # lines.
            cursor.execute(
                "DELETE FROM chat_search_pending WHERE id = ANY(%s) AND user_id = ANY(%s)"
                " RETURNING session_id, message_id",
                [line_ids, list(user_ids)],
            )
            listed: dict[int, list[int | None]] = defaultdict(list)
            for session_id, message_id in cursor.fetchall():
                listed[session_id].append(message_id)
        kept = {
            session.pk: session
            for session in _locked_sessions(user_ids, list(listed))
            if session.is_active and session.user_id in owners
        }
        parts = _parts(user_ids, listed)
        made: list[SearchDocument] = []
        new_words: dict[int, set[str]] = defaultdict(set)
        _drop(user_ids, {its: parts[its][0] if its in kept else 0 for its in listed})
        for session, messages in _messages(kept.values(), parts):
            owner = owners[session.user_id]
            first_part = parts[session.pk][0]
            for document, words in _documents(owner, session, messages, first_part):
                made.append(document)
                new_words[owner.user_id] |= words
        SearchDocument.objects.bulk_create(made)
        SearchOwner.objects.bulk_update(owners.values(), ["next_number"])
        for user_id, words in new_words.items():
            _add_words(user_id, words)
    return busy


def _not_erased(user_ids: set[int]) -> set[int]:
    """Those of the users that exist and are not being erased, which takes their messages away."""
    kept = User.objects.filter(pk__in=user_ids, erased_from__isnull=True)
    return set(kept.values_list("pk", flat=True))


def _add_owners(user_ids: set[int]) -> None:
    """Create missing rows of the index.

    In a transaction of its own, because another run that creates the same row waits for its end.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO chat_search_owners (user_id, salt, next_number)"
            " SELECT id, given.salt, 0 FROM users"
            " JOIN unnest(%s::bigint[], %s::bytea[]) AS given (user_id, salt) ON id = user_id"
            " ORDER BY id ON CONFLICT DO NOTHING",
            [sorted(user_ids), [secrets.token_bytes(16) for _ in user_ids]],
        )


def _locked_owners(user_ids: set[int]) -> dict[int, SearchOwner]:
    """Lock the index rows of those users whom no other run is indexing."""
    locked = SearchOwner.objects.filter(pk__in=user_ids).order_by("pk")
    return {owner.user_id: owner for owner in locked.select_for_update(skip_locked=True)}


_LOCKED = """
SELECT * FROM chat_sessions WHERE id = ANY(%s) AND user_id = ANY(%s) ORDER BY id FOR KEY SHARE
"""


def _locked_sessions(user_ids: set[int], session_ids: list[int]) -> Iterable[ChatSession]:
    """Sessions that can be written to but not deleted until the transaction ends."""
    return ChatSession.objects.raw(_LOCKED, [session_ids, list(user_ids)])


def _parts(user_ids: set[int], listed: dict[int, list[int | None]]) -> dict[int, tuple[int, int]]:
    """For each session, the first part to rebuild, and that part's first message.

    Messages are mostly added at the end, so earlier parts stay unchanged.
    """
    parts = dict.fromkeys(listed, (0, 0))
    only_messages = {
        session_id: min(one for one in messages if one is not None)
        for session_id, messages in listed.items()
        if None not in messages
    }
    rows = SearchDocument.objects.filter(
        user_id__in=user_ids, session_id__in=only_messages, version=VERSION
    )
    for session_id, part, first_message_id in rows.order_by("session_id", "part").values_list(
        "session_id", "part", "first_message_id"
    ):
        if first_message_id <= only_messages[session_id]:
            parts[session_id] = part, first_message_id
    return parts


def _drop(user_ids: set[int], first_parts: dict[int, int]) -> None:
    """Delete the documents of each session from a part on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM chat_search_documents AS document"
            " USING unnest(%s::bigint[], %s::integer[]) AS given (session_id, part)"
            " WHERE document.session_id = given.session_id AND document.part >= given.part"
            " AND document.user_id = ANY(%s)",
            [list(first_parts), list(first_parts.values()), list(user_ids)],
        )


def _messages(
    sessions: Collection[ChatSession], parts: dict[int, tuple[int, int]]
) -> Iterator[tuple[ChatSession, Iterator[Prepared]]]:
    """Each session with its messages from the first part to rebuild."""
    whole = {session.pk: session for session in sessions if parts[session.pk][0] == 0}
    owners = {session.user_id for session in whole.values()}
    messages = ChatMessage.objects.filter(user_id__in=owners, session_id__in=whole)
    messages = messages.order_by("session_id", "id")
    seen = set()
    for session_id, its in groupby(_read(messages), key=lambda message: message.session_id):
        seen.add(session_id)
        yield whole[session_id], map(prepared, its)
    for session_id in whole.keys() - seen:
        yield whole[session_id], iter(())
    for session in sessions:
        if session.pk not in whole:
            first_id = parts[session.pk][1]
            rest = ChatMessage.objects.of(session).filter(id__gte=first_id)
            yield session, map(prepared, _read(rest.order_by("id")))


def _read(messages: ChatMessageQuerySet) -> Iterator[ChatMessage]:
    """Read the messages of a queryset, PAGE_BYTES at a time, but at least one.

    Messages that are deleted meanwhile are left out.
    """
    sizes = messages.annotate(size=RawSQL(_MOST_BYTES, []))  # noqa: S611 - names of columns
    ids: list[int] = []
    total_bytes = 0
    for message_id, size_bytes in sizes.values_list("pk", "size").iterator(chunk_size=2_000):
        if ids and (total_bytes + size_bytes > PAGE_BYTES or len(ids) == _BATCH_MESSAGES):
            yield from _read_by_ids(ids)
            ids, total_bytes = [], 0
        ids.append(message_id)
        total_bytes += size_bytes
    yield from _read_by_ids(ids)


def _read_by_ids(ids: list[int]) -> Iterator[ChatMessage]:
    found = ChatMessage.objects.in_bulk(ids)
    return (found[message_id] for message_id in ids if message_id in found)


def _documents(
    owner: SearchOwner, session: ChatSession, messages: Iterator[Prepared], first_part: int
) -> Iterator[tuple[SearchDocument, set[str]]]:
    """The documents of a session from `first_part` on, each with its words.

    Each has the words of the title and tags too, so that a query may combine these with words of a
    message. A session without messages has a document of these words alone.
    """
    title_words, title_others = terms(fold(heading(session)))
    part = first_part
    for some in _filled(messages) if first_part else _filled_or_empty(messages):
        words, others = set(title_words), set(title_others)
        for one in some:
            its_words, its_others = terms(one.text)
            words |= its_words
            others |= its_others
        salt, mask = bytes(owner.salt), era_mask(owner.next_number)
        keys = {key(salt, term) ^ mask for term in (*words, *others)}
        document = SearchDocument(
            session_id=session.pk,
            part=part,
            user_id=owner.user_id,
            number=owner.next_number,
            version=VERSION,
            first_message_id=some[0].message_id if some else 0,
            characters=sum(len(one.text) for one in some),
            keys=sorted(keys),
            body=Document.of(some).packed(),
        )
        owner.next_number += 1
        part += 1
        yield document, words


def _filled(messages: Iterator[Prepared]) -> Iterator[list[Prepared]]:
    some: list[Prepared] = []
    characters = 0
    for one in messages:
        some.append(one)
        characters += len(one.text)
        if characters >= DOCUMENT_CHARACTERS or len(some) >= DOCUMENT_MESSAGES:
            yield some
            some, characters = [], 0
    if some:
        yield some


def _filled_or_empty(messages: Iterator[Prepared]) -> Iterator[list[Prepared]]:
    is_empty = True
    for some in _filled(messages):
        is_empty = False
        yield some
    if is_empty:
        yield []


def _add_words(user_id: int, words: set[str]) -> None:
    """Add the words that are new to a user to the user's rows of words."""
    rows = list(SearchWords.objects.filter(user_id=user_id).order_by("-part")[:MAX_WORDS_ROWS])
    new = {word for word in words if 2 <= len(word) <= MAX_LISTED_WORD}
    for row in rows:
        new.difference_update(row.words.split("\n"))
    if not new:
        return
    text = "\n".join(sorted(new)) + "\n"
    if rows and len(rows[0].words) + len(text) <= WORDS_CHARACTERS:
        SearchWords.objects.filter(pk=rows[0].pk).update(words=rows[0].words + text)
        return
    SearchWords.objects.create(
        user_id=user_id, part=rows[0].part + 1 if rows else 0, words="\n" + text
    )


def words_with(rows: Iterable[str], piece: str, *, before: bool, after: bool) -> list[str]:
    """The words in rows of words that contain `piece`, the shortest first.

    `before` and `after` say whether the word may continue on that side.
    """
    found: set[str] = set()
    sought = ("" if before else "\n") + piece + ("" if after else "\n")
    for row in rows:
        at = row.find(sought)
        while at >= 0 and len(found) < 2_000:
            start = row.rfind("\n", 0, at + 1) + 1
            end = row.find("\n", at + 1)
            found.add(row[start:end])
            at = row.find(sought, end)
    return sorted(found, key=lambda word: (not word.startswith(piece), len(word), word))
