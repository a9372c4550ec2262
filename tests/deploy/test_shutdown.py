"""A web process that is told to end answers what it has begun, as in a rolling update."""

import re
import signal
from pathlib import Path
from threading import Thread

from tests.waiting import WAIT_SECONDS, wait_until

DOCKERFILE = (Path(__file__).resolve().parents[2] / "Dockerfile").read_text()


def test_a_process_finishes_its_request_and_ends(installation, redis_url):
    environ = {
        name: value
        for name, value in re.findall(r"(GRANIAN_[A-Z_]+)=(\S+)", DOCKERFILE)
        if name not in {"GRANIAN_HOST", "GRANIAN_PORT"}
    }
    web = installation.start_web("web", {"REDIS_URL": redis_url, **environ})
    session = web.create_session()
    answers = []

    with installation.database() as connection:
        with connection.transaction():
            connection.execute("SELECT FROM chat_sessions WHERE id = %s FOR UPDATE", [session])
            path = f"/v1/chat/sessions/{session}"
            rename = Thread(target=lambda: answers.append(web.ask("PUT", path, {"title": "late"})))
            rename.start()
            wait_until(
                lambda: (
                    connection.execute(
                        "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    ).rowcount
                )
            )
            ended = installation.ask_to_end("web", signal.SIGTERM)
            # One that is connected just then is never answered; the rename does not wait for long.
            wait_until(lambda: not web.is_healthy(within_seconds=0.5))
        rename.join()

    assert [answer.status for answer in answers] == [200]
    assert ended.wait(WAIT_SECONDS) == 0
