"""The most that a search costs a user of many messages: hypothesis drives queries to be slow.

`python -m benchmarks search_worst [QUERIES [MESSAGES [OTHERS]]]` loads what `search_speed` loads,
and prints the queries that took most processor time, and the longest time that passed.
"""

import itertools
from collections import Counter

from benchmarks.search_size import prose
from benchmarks.search_speed import Search, become_web_process, load, measured

_SAMPLE = 20_000
_COMMON = 150
_SYNTAX = ["or", "or", "-", '"', "a", "*"]
# Every chat of the user has the first of them, and none has the others: then as many chats as the
# bounds allow are looked at.
_NARROWED = ["role:user", "model:m", "in:title", "after:2020"]
_NARROWED += ["role:none", "model:none", "tag:none", "before:2020"]
_PASTED = [
    "a-b-c-d",
    "https://a.example/b?c=d",
    "天气很好",
    "สวัสดี",
    "🎉",
    "C++",
    ".env",
    "ﬁ",
    "a" * 90,
]
_PRINTED = 5


def main(queries: str = "300", messages: str = "300000", others: str = "500000") -> None:
    """Print the slowest of `queries` searches."""
    from hypothesis import HealthCheck, Phase, given, settings, target
    from hypothesis import strategies as st

    from accounts.principals.principal import Principal
    from chat.search.query import MAX_QUERY

    (user_id, count), _ = load(int(messages), int(others))
    become_web_process()
    principal = Principal(user_id, 1, True, True, False, "live", None)
    counts = Counter(word for text in itertools.islice(prose(), _SAMPLE) for word in text.split())
    words = [word for word, _ in counts.most_common(_COMMON)]
    tokens = st.sampled_from(
        [*words, *(word[:3] for word in words), *(f"-{word}" for word in words[-20:])]
    ) | st.sampled_from([*_SYNTAX, *_PASTED])
    spent: dict[str, Search] = {}

    @given(
        st.lists(tokens, min_size=1, max_size=80),
        st.lists(st.sampled_from(_NARROWED), max_size=2),
    )
    @settings(
        max_examples=int(queries),
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate, Phase.target],
        suppress_health_check=list(HealthCheck),
    )
    def ask(sought: list[str], narrowed: list[str]) -> None:
        query = " ".join([*narrowed, *sought])[:MAX_QUERY]
        (its,) = measured(principal, query, 1)
        spent[query] = its
        target(its.postgresql, label="PostgreSQL")
        target(its.python, label="Python")

    ask()
    print(f"\n{count:,} messages, {len(spent)} queries")
    print(f"the longest took {max(one.passed for one in spent.values()) * 1e3:.0f} ms")
    slowest = sorted(spent.items(), key=lambda one: -one[1].postgresql - one[1].python)
    print("PostgreSQL, ms; Python, ms; passed, ms; found; query")
    for query, its in slowest[:_PRINTED]:
        print(
            f"{its.postgresql * 1e3:5.0f}{its.python * 1e3:6.0f}{its.passed * 1e3:6.0f}"
            f"{its.found:>7} {query[:200]}",
            flush=True,
        )
