"""Files longer than a body are imported by the worker, in slices."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from accounts.models import Plan, StorageUse
from chat.models import ChatImport, ChatImportChunk, ChatMessage, ChatSession
from chat.transfer import importing, jobs, spool
from tests.chat.transfer import foreign_files as files
from tests.problems import assert_problem

IMPORT, IMPORTS = "/v1/chat/import", "/v1/chat/imports"
CONVERSATIONS = 8

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _little_is_long(settings, monkeypatch):
    settings.MAX_BODY_BYTES = 2_000
    monkeypatch.setattr(spool, "CHUNK_BYTES", 1_500)


@pytest.fixture
def short_slices(monkeypatch):
    """Each slice imports one conversation."""
    monkeypatch.setattr(jobs, "BATCH_SECONDS", 0)
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.001)


def conversations(count=CONVERSATIONS):
    return [
        (files.chatgpt if number % 2 else files.claude)(
            **{"conversation_id" if number % 2 else "uuid": f"c{number}"}
        )
        for number in range(count)
    ]


def own_lines():
    lines = []
    for number in range(CONVERSATIONS):
        lines.append({"type": "session", "id": number, "created_at": 1, "title": f"S{number}"})
        lines += [
            {"type": "message", "session_id": number, "role": "user", "content": text}
            for text in "abc"
        ]
    return [*lines, {"type": "end", "id": None, "lines": len(lines)}]


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "."), text)
    return buffer.getvalue()


def ndjson(values):
    return "\n".join(map(json.dumps, values)).encode()


BODIES = {
    "list": (lambda: json.dumps(conversations()).encode(), "application/json"),
    "lines": (lambda: ndjson(conversations()), "application/x-ndjson"),
    "zip of two": (
        lambda: zipped(
            conversations__json=json.dumps(conversations()[:4]) + " " * 4_000,
            conversations2__json=json.dumps(conversations()[4:]),
        ),
        "application/zip",
    ),
    "list in an object": (
        lambda: json.dumps({"conversations": conversations()}).encode(),
        "application/json",
    ),
    "own lines": (lambda: ndjson(own_lines()), "application/x-ndjson"),
    "own account": (
        lambda: zipped(
            chat_message__ndjson=ndjson(own_lines()[1::4]) + b"\n",
            chat_session__ndjson=ndjson(own_lines()[:-1:4]) + b"\n" * 4_000,
        ),
        "application/zip",
    ),
}


def send(api, body, kind="application/json"):
    return api.post(IMPORT, body, content_type=kind)


def begin(api, body=None, kind="application/json"):
    body = json.dumps(conversations()).encode() if body is None else body
    answer = send(api, body, kind)
    assert answer.status_code == 202, answer.content
    assert answer["Location"] == f"{IMPORTS}/{answer.json()['data']['id']}"
    return answer.json()["data"]["id"]


def shown(api, import_id):
    return api.get(f"{IMPORTS}/{import_id}").json()["data"]


def run_to_the_end(api, import_id):
    """Run slices until the import has ended. Returns it, and how many slices that took."""
    slices = 0
    while shown(api, import_id)["state"] == "running":
        jobs.run()
        slices += 1
        assert slices < 3 * CONVERSATIONS
    return shown(api, import_id), slices


@pytest.mark.parametrize("name", BODIES)
def test_a_long_file_is_imported_slice_by_slice(api, short_slices, monkeypatch, name):
    make, kind = BODIES[name]
    body = make()
    if len(body) <= 2_000:
        body += b"\n" * 2_000

    import_id = begin(api, body, kind)
    begun = shown(api, import_id)
    done, slices = run_to_the_end(api, import_id)

    assert (begun["state"], begun["progress"], begun["imported"]) == ("running", 0, 0)
    assert begun["size_bytes"] == len(body)
    assert (done["state"], done["progress"]) == ("completed", 1)
    assert (done["imported"], done["existing"], done["failed"]) == (CONVERSATIONS, 0, 0)
    assert slices >= CONVERSATIONS
    assert ChatSession.objects.count() == CONVERSATIONS
    assert ChatMessage.objects.values("session").distinct().count() == CONVERSATIONS


def test_a_long_file_of_a_form_is_imported_under_its_name(api):
    text = json.dumps(conversations()).encode()

    answer = api.post(IMPORT, {"file": SimpleUploadedFile("mine.json", text)})

    assert answer.status_code == 202
    done, _ = run_to_the_end(api, answer.json()["data"]["id"])
    assert (done["file_name"], done["imported"]) == ("mine.json", CONVERSATIONS)


def test_a_long_form_without_a_file_or_with_two_leaves_nothing(api):
    text = b"x" * 3_000

    nothing = api.post(IMPORT, {"other": "x" * 3_000})
    two = [SimpleUploadedFile(name, text) for name in ("a.json", "b.json")]
    many = api.post(IMPORT, {"file": two})

    assert_problem(nothing, 400, "malformed_form")
    assert_problem(many, 400, "malformed_form")
    assert not ChatImport.objects.exists()


@pytest.mark.parametrize("max_body_bytes", [2_000, 100_000])
def test_a_form_that_is_malformed_after_a_whole_file_is_rejected(api, settings, max_body_bytes):
    settings.MAX_BODY_BYTES = max_body_bytes
    part = '--b\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
    body = part.format("f", '; filename="a.json"', "x" * 3_000)
    encoded = '; filename="b.json"\r\nContent-Transfer-Encoding: base64'
    body += part.format("x", encoded, "A") + "--b--\r\n"

    answer = send(api, body, "multipart/form-data; boundary=b")

    assert_problem(answer, 400, "malformed_form")
    assert not ChatImport.objects.exists()


def test_a_batch_that_fails_leaves_no_trace_and_is_repeated(api, short_slices, monkeypatch):
    import_id = begin(api)
    jobs.run()

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(jobs.ImportWork, "save", killed)
        jobs.run()
    assert ChatSession.objects.count() == shown(api, import_id)["imported"] == 1

    done, _ = run_to_the_end(api, import_id)
    assert done["imported"] == ChatSession.objects.count() == CONVERSATIONS


def test_the_same_file_again_is_the_same_import_and_later_makes_nothing_twice(api):
    first = begin(api)
    assert begin(api) == first
    run_to_the_end(api, first)

    later, _ = run_to_the_end(api, begin(api))

    assert (later["imported"], later["existing"]) == (0, CONVERSATIONS)
    assert ChatSession.objects.count() == CONVERSATIONS


def test_what_cannot_be_read_is_reported_with_its_place_and_stops_nothing(api):
    body = [*conversations(3), {"mapping": 1, "x": "y" * 3_000}, files.claude(uuid="last")]

    done, _ = run_to_the_end(api, begin(api, json.dumps(body).encode()))

    assert (done["state"], done["imported"], done["failed"]) == ("completed", 4, 1)
    assert [one["place"] for one in done["errors"]] == ["[3]"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"PK\x03\x04" + b"x" * 3_000, "damaged"),
        (b"[" + b"[" * 3_000, "ends before"),
        (b"[" + b" " * 3_000 + b"]", "no conversation"),
        (json.dumps([1, "x" * 3_000]).encode(), "not"),
        (b" " * 3_000, "valid JSON"),
    ],
)
def test_a_file_of_which_nothing_can_be_read_fails_and_says_why(api, body, reason):
    done, _ = run_to_the_end(api, begin(api, body, "application/octet-stream"))

    assert done["state"] == "failed"
    assert reason in done["reason"]


def test_a_bomb_is_rejected_by_the_job(api):
    bomb = zipped(
        conversations__json="[" + " " * 5_000_000 + "]", x__bin="".join(map(chr, range(3000)))
    )

    done, _ = run_to_the_end(api, begin(api, bomb, "application/zip"))

    assert (done["state"], done["reason"]) == ("failed", "The ZIP archive unpacks to too much.")


def test_a_cancelled_import_ends_and_keeps_what_is_imported(api, short_slices):
    import_id = begin(api)
    jobs.run()

    answer = api.delete(f"{IMPORTS}/{import_id}")

    assert answer.json()["data"]["state"] == "cancelled"
    assert jobs.run() == 0
    jobs.prune()
    assert ChatSession.objects.count() == 1
    assert not ChatImportChunk.objects.exists()
    assert api.delete(f"{IMPORTS}/{import_id}").json()["data"]["state"] == "cancelled"


def test_an_import_that_is_cancelled_during_a_batch_commits_none_of_it(api, monkeypatch):
    import_id = begin(api)
    import_some = jobs.ImportWork.import_some

    def cancelled_meanwhile(work):
        import_some(work)
        jobs.cancel(ChatImport.objects.filter(pk=import_id))

    monkeypatch.setattr(jobs.ImportWork, "import_some", cancelled_meanwhile)
    with transaction.atomic():  # the batch is rolled back, and with it this cancellation
        jobs.run()

    assert not ChatSession.objects.exists()


def test_nobody_sees_or_cancels_the_imports_of_others(api, stranger_api):
    import_id = begin(api)

    assert [one["id"] for one in api.get(IMPORTS).json()["data"]] == [import_id]
    assert stranger_api.get(IMPORTS).json()["data"] == []
    assert_problem(stranger_api.get(f"{IMPORTS}/{import_id}"), 404, "not_found")
    assert_problem(stranger_api.delete(f"{IMPORTS}/{import_id}"), 404, "not_found")
    assert shown(api, import_id)["state"] == "running"


def test_a_user_has_a_bounded_number_of_imports_that_are_not_finished(api):
    for number in range(spool.MAX_UNFINISHED):
        begin(api, json.dumps([*conversations(), number]).encode())

    answer = send(api, json.dumps(conversations()).encode())

    assert_problem(answer, 429, "too_many_imports")
    assert ChatImport.objects.count() == spool.MAX_UNFINISHED


def test_imports_of_several_users_take_turns(api, stranger_api, short_slices):
    mine, others = begin(api), begin(stranger_api)

    for _ in range(4):
        jobs.run()

    assert shown(api, mine)["imported"] == shown(stranger_api, others)["imported"] == 2


def test_a_file_longer_than_allowed_or_than_the_storage_left_is_rejected(api, user, settings):
    settings.MAX_IMPORT_BYTES = 5_000
    assert_problem(send(api, b"x" * 5_001), 413, "payload_too_large")

    StorageUse.objects.update_or_create(user=user, defaults={"bytes": 1_000})
    Plan.objects.filter(users=user).update(max_storage_bytes=4_000)
    assert_problem(send(api, b"x" * 4_000), 429, "plan_storage")
    assert not ChatImport.objects.exists()


def test_an_import_ends_when_the_storage_of_the_plan_is_used_up(api, user, short_slices):
    import_id = begin(api)
    jobs.run()
    Plan.objects.filter(users=user).update(max_storage_bytes=1)

    done, _ = run_to_the_end(api, import_id)

    assert (done["state"], done["imported"]) == ("failed", 1)
    assert "storage" in done["reason"]


def test_an_import_that_ends_its_process_again_and_again_fails(api, monkeypatch):
    import_id = begin(api)

    def killed(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs.ImportWork, "import_batch", killed)
    for _ in range(jobs.MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            jobs.run()
    jobs.run()

    assert shown(api, import_id)["state"] == "failed"
    assert "same place" in shown(api, import_id)["reason"]


def test_retention_deletes_files_of_finished_imports_what_stopped_arriving_and_old_imports(
    api, user
):
    import_id = begin(api)
    arriving = ChatImport.objects.create(user=user)
    ChatImportChunk.objects.create(chat_import=arriving, number=0, bytes=b"x")

    jobs.prune()
    assert ChatImportChunk.objects.filter(chat_import=import_id).exists()

    run_to_the_end(api, import_id)
    long_ago = timezone.now() - timedelta(seconds=spool.ABANDONED_SECONDS + 1)
    ChatImport.objects.filter(pk=arriving.pk).update(updated_at=long_ago)
    jobs.prune()
    assert not ChatImportChunk.objects.exists()
    assert shown(api, arriving.pk)["state"] == "failed"

    month_ago = timezone.now() - timedelta(days=jobs.KEPT_DAYS + 1)
    ChatImport.objects.filter(pk=import_id).update(finished_at=month_ago)
    jobs.prune()
    assert_problem(api.get(f"{IMPORTS}/{import_id}"), 404, "not_found")


def test_a_short_file_that_takes_too_long_goes_on_as_a_job(api, settings, monkeypatch):
    settings.MAX_BODY_BYTES = 1_000_000
    monkeypatch.setattr(importing, "MIN_SECONDS", 1_000.0)
    body = json.dumps(conversations()).encode()

    answer = api.post(IMPORT, body, content_type="application/json", HTTP_IDEMPOTENCY_KEY="k")
    again = api.post(IMPORT, body, content_type="application/json", HTTP_IDEMPOTENCY_KEY="k")

    assert answer.status_code == again.status_code == 202
    assert answer.json()["data"]["id"] == again.json()["data"]["id"]
    done, _ = run_to_the_end(api, answer.json()["data"]["id"])
    assert (done["imported"], done["existing"]) == (CONVERSATIONS, 0)


def test_an_idempotency_key_does_not_repeat_an_answer_that_was_not_complete(api, monkeypatch):
    two = [SimpleUploadedFile(f"{n}.json", json.dumps(conversations(2)).encode()) for n in "ab"]
    monkeypatch.setattr(spool, "MAX_UNFINISHED", 0)
    with monkeypatch.context() as patched:
        patched.setattr(importing, "MIN_SECONDS", 1_000.0)
        patched.setattr("django.conf.settings.MAX_BODY_BYTES", 1_000_000)
        cut = api.post(IMPORT, {"file": two}, HTTP_IDEMPOTENCY_KEY="k")
    for one in two:
        one.seek(0)
    with monkeypatch.context() as patched:
        patched.setattr("django.conf.settings.MAX_BODY_BYTES", 1_000_000)
        whole = api.post(IMPORT, {"file": two}, HTTP_IDEMPOTENCY_KEY="k")

    assert (cut.status_code, cut.json()["data"]["is_complete"]) == (202, False)
    assert whole.json()["data"]["is_complete"] is True
    assert "Idempotent-Replayed" not in whole
