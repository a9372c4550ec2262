"""The worker does its work by whatever method Python starts processes."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from accounts.models import ActivityEvent
from tests.gatewayz.processes import CHECKOUT, start_method_environ
from tests.waiting import wait_until
from tests.web import database_environ

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]


@pytest.fixture(
    params=[
        "fork",  # Linux before Python 3.14
        "spawn",  # macOS
        "forkserver",  # Linux since Python 3.14
    ]
)
def worker(request, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "manage.py", "qcluster"],
        cwd=CHECKOUT,
        env=database_environ() | start_method_environ(request.param, tmp_path) | {"WORKERS": "1"},
    )
    yield psutil.Process(process.pid)
    process.kill()
    process.wait()


def await_activity(api):
    """Do something, and wait until it is in the activity log."""
    written = ActivityEvent.objects.count()
    api.post_json("/v1/chat/sessions", {})
    wait_until(lambda: ActivityEvent.objects.count() > written)


def test_activity_is_written_after_a_process_was_killed(worker, api):
    await_activity(api)
    (sentinel,) = [child for child in worker.children() if child.children()]

    os.kill(sentinel.children()[0].pid, signal.SIGKILL)
    psutil.wait_procs([sentinel])

    await_activity(api)


def test_the_worker_ends_on_a_signal(worker, api):
    await_activity(api)

    worker.terminate()

    assert worker.wait() == 0
