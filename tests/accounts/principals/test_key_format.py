"""The text of API keys."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import ApiKey
from accounts.principals import key_format


@pytest.mark.parametrize("environment", key_format.ENVIRONMENT_PREFIXES)
def test_a_new_key_is_well_formed_and_names_its_environment(environment):
    key = key_format.generate(environment)

    assert key_format.is_well_formed(key)
    assert key.startswith(key_format.ENVIRONMENT_PREFIXES[environment])


def test_every_environment_of_the_model_has_a_prefix():
    assert key_format.ENVIRONMENT_PREFIXES.keys() == set(ApiKey.Environment.values)


def test_new_keys_differ():
    assert len({key_format.generate("live") for _ in range(1000)}) == 1000


def test_any_single_wrong_character_is_detected():
    key = key_format.generate("live")

    for position in range(len("gw_live_"), len(key)):
        other = "a" if key[position] != "a" else "b"
        assert not key_format.is_well_formed(key[:position] + other + key[position + 1 :])


def test_a_changed_environment_is_detected():
    assert not key_format.is_well_formed(
        key_format.generate("live").replace("gw_live_", "gw_test_")
    )


@given(st.text())
def test_made_up_text_is_not_a_key(text):
    assert not key_format.is_well_formed(text)
    assert not key_format.is_well_formed("gw_live_" + text)


@pytest.mark.parametrize("wrap", ["{} ", " {}", "{}\n", "\x00{}", "{}{}"])
def test_text_around_a_key_is_not_a_key(wrap):
    key = key_format.generate("live")

    assert not key_format.is_well_formed(wrap.format(key, key))


def test_a_new_key_is_never_mistaken_for_a_legacy_one():
    assert not key_format.is_legacy(key_format.generate("live"))
    assert key_format.is_legacy("gw_live_" + "A-_z" * 10 + "abc")


def test_the_digest_is_hmac_sha256():
    # RFC 4231, test case 2.
    assert key_format.digest("what do ya want for nothing?", b"Jefe") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_a_masked_key_shows_only_its_beginning_and_end():
    key = key_format.generate("test")

    masked = key_format.mask(*key_format.shown_parts(key))

    assert masked == f"{key[:10]}…{key[-4:]}"


@given(st.text(alphabet=st.characters(codec="latin-1")))
def test_any_header_can_be_checked_and_digested(text):
    """Anything that a client can send after `Bearer`, as WSGI passes it in."""
    assert not key_format.is_well_formed(text)
    assert len(key_format.digest(text, b"pepper")) == 64
