"""Full-text search over one's own chats.

The words of every title and message stand in their columns `search`, which triggers keep (see
the migration 0003_search): each as `@<owner>:<word>`. A search for one user's words therefore
reads entries of the index that hold nothing of anybody else, also for the beginning of a word,
and takes as long as there is of one's own.
"""

import html
import re
from dataclasses import dataclass

from django.conf import settings
from django.db import connections, router

from accounts.principals.principal import Principal
from chat.models import ChatSession

MAX_QUERY = 500

# Of more matches than this, only the newest are compared with each other.
RANKED_MATCHES = 2_000

# How much of a message is looked through for a snippet.
SNIPPET_CHARACTERS = 50_000

# Frame what was found until the rest is escaped; taken out of the text before.
_START, _END = "\x02", "\x03"

_HEADLINE = (
    f"StartSel={_START}, StopSel={_END}, MaxWords=35, MinWords=15, ShortWord=0, MaxFragments=2"
)

# Several hyphens in a row, as of a rule in Markdown, exclude nothing. PostgreSQL takes each for a
# NOT around the next, and errs at more than 32 of them.
_RULE = re.compile(r'(?<!\w)-(?:[^\w"-]*-)+')

# What was asked for: `"a phrase"`, `-without`, `or`, and the last word may be only begun.
_ASKED = r"""
regexp_replace(
    websearch_to_tsquery(%(configuration)s::regconfig, %(query)s)::text, '''$', %(ending)s
)
"""

# The same, in the owner's own words.
_OWN = rf"""
(%(owner)s::tsquery && regexp_replace(
    {_ASKED}, '''((?:[^'']|'''')*)''', %(own_word)s, 'g'
)::tsquery)
"""

_SEARCH = f"""
WITH found AS MATERIALIZED (
    SELECT id, session_id FROM chat_messages
    WHERE search @@ {_OWN} AND numnode({_ASKED}::tsquery) > 0
), titled AS MATERIALIZED (
    SELECT id FROM chat_sessions
    WHERE search @@ {_OWN} AND numnode({_ASKED}::tsquery) > 0
), messages AS (
    SELECT DISTINCT ON (message.session_id)
        message.session_id, message.id, ts_rank(message.search, {_OWN}, 1) AS rank
    FROM (SELECT id FROM found ORDER BY id DESC LIMIT %(ranked)s) AS newest
    JOIN chat_messages AS message ON message.id = newest.id
    ORDER BY message.session_id, rank DESC, message.id DESC
), titles AS (
    SELECT session.id, ts_rank(session.search, {_OWN}, 1) AS rank
    FROM (SELECT id FROM titled ORDER BY id DESC LIMIT %(ranked)s) AS newest
    JOIN chat_sessions AS session ON session.id = newest.id AND session.user_id = %(user_id)s
), page AS (
    SELECT session.*, messages.id AS message_id,
        -- A title says what a chat is about: it counts twice.
        COALESCE(2 * titles.rank, 0) + COALESCE(messages.rank, 0) AS rank
    FROM messages
    FULL JOIN titles ON titles.id = messages.session_id
    JOIN chat_sessions AS session ON session.id = COALESCE(messages.session_id, titles.id)
    WHERE session.user_id = %(user_id)s AND session.is_active
    ORDER BY rank DESC, session.updated_at DESC, session.id DESC
    LIMIT %(limit)s
)
SELECT
    page.id, page.user_id, page.title, page.model, page.is_active, page.created_at,
    page.updated_at, page.is_pinned, page.is_archived, page.message_id, page.rank,
    ts_headline(
        %(configuration)s::regconfig,
        translate(
            left(COALESCE(message.content, page.title), {SNIPPET_CHARACTERS}), %(frames)s, ''
        ),
        {_ASKED}::tsquery,
        %(headline)s
    ),
    (
        SELECT count(*) FROM chat_sessions AS session
        WHERE session.user_id = %(user_id)s AND session.is_active
            AND session.id IN (SELECT session_id FROM found UNION SELECT id FROM titled)
    )
FROM page LEFT JOIN chat_messages AS message ON message.id = page.message_id
ORDER BY page.rank DESC, page.updated_at DESC, page.id DESC
"""  # noqa: S608 - it is put together from the constants above


@dataclass(frozen=True)
class Match:
    """A session that was found. `message_id` is None when only its title matches.

    `snippet` is HTML: escaped text, with what was found in <mark>.
    """

    session: ChatSession
    message_id: int | None
    rank: float
    snippet: str


def search_chats(owner: Principal, query: str, *, limit: int) -> tuple[list[Match], int]:
    """The active sessions of `owner` with `query` in the title or a message, best first.

    Words must all occur in the one text; `"…"` is a phrase, `-word` must not occur, `or` stands
    between alternatives, and the last word may be only begun. One statement.

    Returns at most `limit` matches, and how many sessions match in all.
    """
    with connections[router.db_for_read(ChatSession)].cursor() as cursor:
        cursor.execute(_SEARCH, search_parameters(owner, query, limit=limit))
        rows = cursor.fetchall()
    matches = [
        Match(
            session=ChatSession(*session),
            message_id=message_id,
            rank=rank,
            snippet=_marked(headline),
        )
        for *session, message_id, rank, headline, _ in rows
    ]
    return matches, rows[0][-1] if rows else 0


def search_parameters(owner: Principal, query: str, *, limit: int) -> dict[str, str | int]:
    """What the statement of `search_chats` is given."""
    query = _RULE.sub(" ", query)
    return {
        "configuration": settings.SEARCH_CONFIGURATION,
        "query": query,
        "ending": "':*" if _ends_in_a_word(query) else "'",
        "owner": f"'@{owner.user_id}'",
        "own_word": rf"'@{owner.user_id}:\1'",
        "user_id": owner.user_id,
        "ranked": RANKED_MATCHES,
        "limit": limit,
        "frames": _START + _END,
        "headline": _HEADLINE,
    }


def _ends_in_a_word(query: str) -> bool:
    """Whether the last word is still being typed: not in a phrase, not excluded."""
    return query.count('"') % 2 == 0 and bool(re.search(r"(?:^|\s)(?!-)[^\s\"]*\w$", query))


def _marked(headline: str) -> str:
    escaped = html.escape(headline)
    return escaped.replace(_START, "<mark>").replace(_END, "</mark>")
