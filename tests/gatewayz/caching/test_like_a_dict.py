"""Whatever is done to it, one after another: the cache holds what a dictionary would."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

KEYS = ("a", "b", "ünïcode 👋", "with space\n", "{a}")

keys = st.sampled_from(KEYS)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
operations = st.one_of(
    st.tuples(st.just("set"), keys, values),
    st.tuples(st.just("add"), keys, values),
    st.tuples(st.just("delete"), keys),
    st.tuples(st.just("touch"), keys),
    st.tuples(st.just("get"), keys),
    st.tuples(st.just("get_many")),
    st.tuples(st.just("end"), keys, values),
    st.tuples(st.just("clear")),
)


def do(cache, model, operation, key=None, value=None):
    """Do it to both; what it returns is the same."""
    match operation:
        case "set":
            cache.set(key, value)
            model[key] = value
        case "add":
            assert cache.add(key, value) is (key not in model)
            model.setdefault(key, value)
        case "delete":
            assert cache.delete(key) is (model.pop(key, model) is not model)
        case "touch":
            assert cache.touch(key) is (key in model)
        case "get":
            assert cache.get(key, "missing") == model.get(key, "missing")
        case "get_many":
            assert cache.get_many(KEYS) == model
        case "end":
            cache.set(key, value, timeout=0)
            model.pop(key, None)
        case "clear":
            cache.clear()
            model.clear()


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(operations, max_size=20))
def test_it_holds_what_a_dictionary_would(cache, other, done):
    cache.clear()
    other.shared.local.forget_all()  # who asks it now asks Redis
    model = {}

    for operation in done:
        do(cache, model, *operation)

    assert cache.get_many(KEYS) == model
    assert other.get_many(KEYS) == model
