"""Compares the cost of saving an answer while it is written with that of saving it at its end.

`python -m benchmarks growing [UPDATES [CHARACTERS]]` saves answers in progress by PATCH and by
sending them again with their `client_id`, and prints ratios to answers that are written whole.
"""

from collections.abc import Callable
from typing import Any

from benchmarks.search_size import _texts

_ANSWERS = 20
_WAL = "SELECT pg_current_wal_insert_lsn() - '0/0'"
_DEAD = "SELECT n_tup_upd + n_tup_del FROM pg_stat_user_tables WHERE relname = 'chat_messages'"
_SEARCH = """
SELECT sum(n_tup_ins + n_tup_upd) FROM pg_stat_user_tables
WHERE relname IN ('chat_search_pending', 'chat_search_documents', 'chat_search_words')
"""


def main(updates: str = "50", characters: str = "4000") -> None:
    """Print WAL, rows made dead, and rows written for search, per answer."""
    from accounts.models import User
    from accounts.principals.principal import Principal
    from chat.messages.write import append_messages, change_message
    from chat.sessions.write import create_session

    count, length = int(updates), int(characters)
    owner = Principal.without_key(User.objects.create_user("growing@example.com").pk)
    prose = " ".join(_texts(2_000))
    texts = [prose[at * length :][:length] for at in range(3 * (_ANSWERS + 1))]
    pieces = [length * (step + 1) // (count + 1) for step in range(count)]

    def write_once(session_id: int, text: str) -> None:
        append_messages(owner, session_id, [{"role": "assistant", "content": text}])

    def patch(session_id: int, text: str) -> None:
        begun: Any = {"role": "assistant", "content": "", "status": "in_progress"}
        message_id = append_messages(owner, session_id, [begun])[0].message.pk
        for end in pieces:
            change_message(owner, session_id, message_id, {"content": text[:end]})
        change_message(owner, session_id, message_id, {"content": text, "status": "completed"})

    def send_again(session_id: int, text: str) -> None:
        growing: Any = {"role": "assistant", "client_id": text[:50], "status": "in_progress"}
        for end in [0, *pieces]:
            append_messages(owner, session_id, [growing | {"content": text[:end]}])
        append_messages(owner, session_id, [growing | {"content": text, "status": "completed"}])

    print(f"{_ANSWERS} answers of {length:,} characters, each saved {count} times before its end")
    once: tuple[float, ...] = ()
    for name, write in (("once", write_once), ("PATCH", patch), ("client_id", send_again)):
        session_id = create_session(owner, title="A chat").pk
        write(session_id, texts.pop())
        wal, dead, search = _cost(lambda write=write, to=session_id: write(to, texts.pop()))
        once = once or (wal, search)
        print(
            f"{name:>9}: {wal / once[0]:6.2f} times the WAL of one write "
            f"({(wal / once[0] - 1) / (count + 1):.2f} an update), {dead:.1f} rows made dead, "
            f"{search / once[1]:.2f} times the rows of search"
        )


def _cost(write: Callable[[], None]) -> tuple[float, float, float]:
    """Bytes of WAL, dead rows of messages and rows of search, for each of _ANSWERS calls.

    The WAL is that of writing alone; then the index of search is brought up to date.
    """
    from chat.search.index import index_listed

    for _ in index_listed():
        pass
    before = [_figure(counted) for counted in (_WAL, _DEAD, _SEARCH)]
    for _ in range(_ANSWERS):
        write()
    after = [_figure(counted) for counted in (_WAL, _DEAD)]
    for _ in index_listed():
        pass
    after.append(_figure(_SEARCH))
    wal, dead, search = ((now - was) / _ANSWERS for was, now in zip(before, after, strict=True))
    return wal, dead, search


def _figure(counted: str) -> float:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(counted)
        return float(cursor.fetchone()[0])
