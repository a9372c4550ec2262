"""Tasks wait in Redis, where others may write: only tasks that we signed are unpickled."""

import pickle

import pytest
from django.core import signing
from django_q.conf import Conf
from django_q.signing import BadSignature, SignedPackage
from django_redis import get_redis_connection

from accounts import background

OLD, NEW, FOREIGN = "o" * 50, "n" * 50, "f" * 50


@pytest.fixture
def signed_with(settings, monkeypatch):
    """Set SECRET_KEY and its fallbacks, as in a process started with them."""

    def set_key(key, *fallbacks):
        settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = key, list(fallbacks)
        monkeypatch.setattr(Conf, "SECRET_KEY", key)
        background.sealed_call.cache_clear()

    yield set_key
    background.sealed_call.cache_clear()


def queued():
    background.enqueue("accounts.worker.drain.drain")
    _, task = get_redis_connection("default").blpop(background.broker().list_key, 1)
    return task


def sealed():
    return background.sealed_call("accounts.worker.drain.drain")[1]


@pytest.mark.parametrize("make", [queued, sealed])
@pytest.mark.parametrize(
    ("signed", "read"),
    [
        ([OLD], [OLD]),
        # The three steps of a rotation, with a process on either side of each.
        ([OLD], [OLD, NEW]),
        ([OLD, NEW], [OLD]),
        ([OLD, NEW], [NEW, OLD]),
        ([NEW, OLD], [OLD, NEW]),
        ([NEW, OLD], [NEW]),
        ([NEW], [NEW, OLD]),
    ],
)
def test_a_task_survives_the_rotation_of_the_key(signed_with, make, signed, read):
    signed_with(*signed)
    task = make()

    signed_with(*read)

    assert SignedPackage.loads(task)["func"] == "accounts.worker.drain.drain"


@pytest.mark.parametrize("read", [[NEW], [NEW, OLD]])
def test_a_task_signed_with_a_foreign_key_is_rejected(signed_with, read):
    signed_with(FOREIGN)
    task = sealed()

    signed_with(*read)

    with pytest.raises(BadSignature):
        SignedPackage.loads(task)


class Exploit:
    def __reduce__(self):
        return pytest.fail, ("It was unpickled.",)


def test_unsigned_data_is_never_unpickled(signed_with):
    signed_with(NEW, OLD)
    payload = signing.b64_encode(pickle.dumps(Exploit())).decode()
    signature = sealed().rsplit(":", 2)[1:]

    for forged in (b"\xff", "", payload, f"{payload}:x:y", ":".join([payload, *signature])):
        with pytest.raises(BadSignature):
            SignedPackage.loads(forged)


def test_a_signature_made_for_another_purpose_is_rejected(signed_with):
    signed_with(NEW)

    with pytest.raises(BadSignature):
        SignedPackage.loads(signing.dumps({"func": "os.abort"}))
