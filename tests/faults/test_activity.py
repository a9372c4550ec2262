"""Any process may be killed: an event that a 2xx promised is in the activity log, exactly once.

`make test-all` runs the small form, which plays the passing of time; `make faults` runs the long
form, which waits for real, and keeps sending requests meanwhile.
"""

import os
import signal
import time
from collections import deque
from contextlib import contextmanager
from functools import partial

import psutil
import pytest

from gatewayz.development import embedded
from tests.faults.service import PATIENCE_WITH_DATABASE, Service
from tests.gatewayz.processes import living
from tests.waiting import wait_until

LONG = os.environ.get("FAULTS") == "long"
# The end of a lease, the next run of the sweep, and the next look of django-q2 at its schedules.
SWEPT_SECONDS = 30.0 + 60.0 + 60.0

# Within the time-out of a task.
LONG_TASK_SECONDS = 50

only_long = pytest.mark.skipif(not LONG, reason="make faults")
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def service():
    home = embedded.default_data_dir() / "test" / f"faults-{os.getpid()}"
    running = Service(home, **PATIENCE_WITH_DATABASE)
    try:
        running.start_web()
        yield running
    finally:
        running.stop()


@pytest.fixture
def cluster(service):
    """A running cluster, gone again after the test."""
    service.start_cluster()
    try:
        yield
    finally:
        if service.runs("cluster"):
            # After writing a batch, the worker still looks whom to notify.
            wait_until(lambda: not service.leases())
            service.kill("cluster")


@contextmanager
def nobody_writes_activity(service):
    """A worker that has taken a batch has to wait, with its INSERT, for the end of the block."""
    # Another connection watches, because a transaction does not see what others change.
    with service.database() as connection, service.database() as onlooker:
        with connection.transaction():
            connection.execute("LOCK TABLE activity_log IN ACCESS EXCLUSIVE MODE")
            yield onlooker


def waiting_writers(connection):
    return connection.execute("""
        SELECT pid FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND query LIKE '%WITH incoming AS%'
    """).fetchall()


def create_sessions_until_a_batch_is_taken(service, connection):
    """Promised sessions, and the database's processes that cannot write them."""
    promised = []

    def look():
        # The flag that a worker is awake outlives a worker that was killed, by some seconds.
        promised.extend(service.create_sessions(1))
        return waiting_writers(connection)

    return promised, wait_until(look)


def create_sessions_until_redis_is_used(service):
    """Promised sessions, the last of whose events waits in Redis.

    A web process does not use Redis for a moment after Redis has come back. An event that it
    cannot write to the database either is then lost, as the docs say: a test must not begin with
    one.
    """
    before = service.waiting()
    promised = []

    def look():
        promised.extend(service.create_sessions(1))
        return service.waiting() > before

    wait_until(look)
    return promised


def pid_of(lease):
    return int(lease.split(":")[1])


def test_the_worker_writes_every_recorded_event(service, cluster):
    promised = service.create_sessions(20)

    service.assert_written_once(promised)


@pytest.mark.parametrize("write", ["dies with the worker", "goes on without it"])
def test_a_worker_killed_between_taking_and_writing_loses_nothing(service, cluster, write):
    with nobody_writes_activity(service) as connection:
        promised, ((backend,),) = create_sessions_until_a_batch_is_taken(service, connection)
        (lease,) = service.leases()
        os.kill(pid_of(lease), signal.SIGKILL)
        if write == "dies with the worker":
            connection.execute("SELECT pg_terminate_backend(%s)", [backend])
            wait_until(lambda: not waiting_writers(connection))
    promised += service.create_sessions(5)

    if LONG:
        service.assert_written_once(promised, SWEPT_SECONDS)
    else:
        service.end_leases()
        service.sweep()
        service.assert_written_once(promised)
    wait_until(lambda: lease not in service.leases())


@pytest.mark.parametrize("name", ["sentinel", "worker", "monitor", "pusher"])
def test_a_cluster_restarts_when_a_process_is_killed(service, cluster, name):
    service.assert_written_once(service.create_sessions(1))
    processes = service.cluster_processes()

    processes[name].kill()

    service.assert_written_once(service.create_sessions(5))
    wait_until(lambda: not living(processes.values()))


def test_a_restarting_cluster_finishes_its_tasks_and_can_be_stopped(service, cluster):
    with nobody_writes_activity(service) as connection:
        promised, _ = create_sessions_until_a_batch_is_taken(service, connection)
        processes = service.cluster_processes()
        processes["monitor"].kill()
        wait_until(lambda: not living([processes["pusher"]]))
        service.signal("cluster", signal.SIGTERM)

    assert service.wait("cluster") == 0
    assert set(promised) <= service.written().keys()


def test_a_restarting_cluster_does_not_wait_for_a_long_task(service, cluster, tmp_path):
    service.assert_written_once(service.create_sessions(1))
    before = service.cluster_processes()
    has_begun, has_ended = tmp_path / "begun", tmp_path / "ended"
    task = f"touch {has_begun}; sleep {LONG_TASK_SECONDS}; touch {has_ended}"
    service.manage(
        "shell", "-c", f"from accounts.background import enqueue; enqueue('os.system', '{task}')"
    )
    wait_until(has_begun.exists)

    before["monitor"].kill()
    wait_until(lambda: not living([before["sentinel"]]))

    assert not has_ended.exists()
    service.assert_written_once(service.create_sessions(5))


def test_a_restarting_cluster_waits_for_redis(service, cluster):
    service.assert_written_once(service.create_sessions(1))
    worker = service.cluster_processes()["worker"]

    service.stop_redis()
    worker.kill()
    wait_until(lambda: "could not restart yet" in service.log("cluster"))
    service.start_redis()

    service.assert_written_once(create_sessions_until_redis_is_used(service))


def test_no_process_of_a_cluster_outlives_its_parent(service, cluster):
    service.assert_written_once(service.create_sessions(1))
    processes = service.cluster_processes().values()

    service.signal("cluster", signal.SIGKILL)

    service.wait("cluster")
    wait_until(lambda: not living(processes))


def test_a_cluster_that_gets_a_signal_to_end_finishes_its_batch(service, cluster):
    with nobody_writes_activity(service) as connection:
        promised, _ = create_sessions_until_a_batch_is_taken(service, connection)
        service.signal("cluster", signal.SIGTERM)
    service.wait("cluster")

    assert service.leases() == []
    service.sweep()
    service.assert_written_once(promised)


def test_a_cluster_killed_while_it_writes_loses_nothing(service, cluster):
    with nobody_writes_activity(service) as connection:
        promised, ((backend,),) = create_sessions_until_a_batch_is_taken(service, connection)
        service.kill("cluster")
        # Its statement would be completed without it.
        connection.execute("SELECT pg_terminate_backend(%s)", [backend])
        wait_until(lambda: not waiting_writers(connection))
    promised += service.create_sessions(20)
    assert service.waiting() > 0

    if LONG:
        service.start_cluster()
        service.assert_written_once(promised, SWEPT_SECONDS)
    else:
        service.end_leases()
        service.sweep()
        service.assert_written_once(promised)


def test_a_web_process_killed_after_its_responses_loses_nothing(service):
    with service.traffic(threads=4) as promised:
        wait_until(lambda: len(promised) > 50)
        service.kill("web")
    service.start_web()

    service.sweep()
    service.assert_written_once(promised)


def test_a_redis_restart_loses_no_waiting_events(service):
    promised = service.create_sessions(20)
    assert service.waiting() == 20

    service.stop_redis()
    promised += service.create_sessions(5)
    service.start_redis()
    promised += create_sessions_until_redis_is_used(service)

    service.sweep()
    service.assert_written_once(promised)


def test_without_redis_an_event_is_written_before_its_response(service):
    service.stop_redis()
    try:
        for _ in range(5):
            (session_id,) = service.create_sessions(1)
            assert service.written()[session_id] == 1
    finally:
        service.start_redis()
        create_sessions_until_redis_is_used(service)


def test_a_postgresql_restart_loses_no_events(service, cluster):
    with service.traffic(threads=2) as promised:
        wait_until(lambda: len(promised) > 20)
        service.stop_postgres()
        before = len(promised)
        service.start_postgres()
        wait_until(lambda: len(promised) > before + 20)

    if LONG:
        service.assert_written_once(promised, SWEPT_SECONDS)
    else:
        service.sweep()
        service.assert_written_once(promised)


@only_long
def test_killing_everything_in_turn_loses_no_events(service, cluster):
    def writes_more_than(events):
        return service.written().total() > events

    def workers_at_work():
        pids = map(pid_of, service.leases())
        return [psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)]

    def kill_a_worker():
        with nobody_writes_activity(service):
            # Other leases may be those of workers killed before.
            wait_until(lambda: living(workers_at_work()))[0].kill()

    def restart_cluster():
        service.kill("cluster")
        service.start_cluster()

    def restart_web():
        service.kill("web")
        service.start_web()

    def restart_redis():
        service.stop_redis()
        service.start_redis()
        # Until the requests that keep coming use it again, they have only PostgreSQL.
        lengths = deque([service.waiting()], maxlen=2)
        wait_until(lambda: lengths.append(service.waiting()) or lengths[1] > lengths[0])

    def restart_postgres():
        service.stop_postgres()
        service.start_postgres()

    with service.traffic(threads=4) as promised:
        for _ in range(3):
            for fault in (
                kill_a_worker,
                restart_web,
                restart_redis,
                restart_cluster,
                restart_postgres,
            ):
                fault()
                # Django-q2 takes ten seconds to recover when its queue did not answer.
                wait_until(partial(writes_more_than, service.written().total()))

    service.assert_written_once(promised, SWEPT_SECONDS)


@only_long
def test_a_killed_redis_loses_at_most_its_last_two_seconds(service):
    """An orderly stop writes the append-only file; the file of a killed one may lack its end."""
    with service.traffic(threads=4) as promised:
        wait_until(lambda: len(promised) > 2000)
        times = []
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            times.append((time.monotonic(), len(promised)))
        service.kill_redis()
        killed_at = time.monotonic()
    service.start_redis()
    service.sweep()

    written = service.written()
    safe = max(count for moment, count in times if moment < killed_at - 2)
    lost = [session_id for session_id in promised if session_id not in written]
    print(f"\n{len(lost)} of {len(promised)} events lost by kill -9 of Redis")
    assert not set(lost) & set(promised[:safe])
    assert max(written.values()) == 1


@only_long
def test_redis_without_persistence_loses_only_waiting_events(service):
    with service.redis() as client:
        client.config_set("appendonly", "no")
    written_before = service.create_sessions(20)
    service.sweep()
    waiting = service.create_sessions(20)

    service.kill_redis()
    after = service.create_sessions(5)
    service.start_redis()

    service.sweep()
    service.assert_written_once(written_before + after)
    # The file that was written last is older than these.
    assert not set(waiting) & service.written().keys()
