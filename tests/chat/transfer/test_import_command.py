"""`manage.py import_chats USER FILE`."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from chat.models import ChatMessage, ChatSession
from tests.chat.transfer import foreign_files as files


def run(user, path):
    out, err = io.StringIO(), io.StringIO()
    call_command("import_chats", str(user), str(path), stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_a_file_is_imported_once_and_says_what_became_of_it(user, tmp_path):
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps([files.chatgpt(), {"mapping": 1}, files.claude()]))

    first, problems = run(user.email, path)
    again, _ = run(user.pk, path)

    assert first.endswith("2 imported, 0 there already, 1 failed\n")
    bar, error = problems.split("\n", 1)
    assert bar.startswith(f"\r[{'#' * 30}] 100 %")
    assert error.startswith("[1]: ")
    assert again.endswith("0 imported, 2 there already, 1 failed\n")
    assert set(ChatSession.objects.values_list("user_id", flat=True)) == {user.pk}
    assert ChatMessage.objects.count() == 6


def test_nobody_and_nothing_are_errors(user, tmp_path):
    path = tmp_path / "x.json"
    path.write_text("[")

    with pytest.raises(CommandError, match="no user"):
        run("nobody@example.com", path)
    with pytest.raises(CommandError, match="Nothing was imported"):
        run(user.email, path)
    with pytest.raises(CommandError, match="Cannot read"):
        run(user.email, tmp_path / "missing.json")
