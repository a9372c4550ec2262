"""Nobody waits past the deadline, in any fault of PostgreSQL and Redis.

`make test-all` runs the short form, `make faults` the long one, whose figures stand in
docs/faults.md.
"""

import os
import signal
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from threading import Thread
from typing import NamedTuple

import pytest

from gatewayz.development import embedded
from gatewayz.redis.breaker import OPEN_SECONDS
from gatewayz.web.server import READY_SECONDS
from tests.faults.load import (
    TABLE_HEAD,
    Answer,
    Caller,
    Load,
    audit,
    held_up,
    hold_ups,
    row_of,
)
from tests.faults.proxy import Proxy, upstream_of
from tests.faults.service import PATIENCE_WITH_DATABASE, Service
from tests.waiting import WAIT_SECONDS, wait_until

LONG = os.environ.get("FAULTS") == "long"
FAULT_SECONDS = 5.0 if LONG else 1.5
# The short form does not wait for the whole deadline.
ALLOWED_SECONDS = 5.0 if LONG else 1.0
# The time that requests have when none may fail, however busy the machine is.
PATIENT_SECONDS = 60.0
CLIENTS = 8
POOL_SIZE = 16
# Of the database, where it bounds what can be answered.
LATENCY_MS = 100


@pytest.fixture(scope="module")
def service():
    home = embedded.default_data_dir() / "test" / f"bounds-{os.getpid()}"
    running = Service(home, **PATIENCE_WITH_DATABASE)
    try:
        running.start_web()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module", autouse=True)
def _table():
    print(f"\n{TABLE_HEAD}")


def report(fault, answers, found=None):
    """Print a line of the table, which pytest shows with -s."""
    print(row_of(fault, answers, found))


def answers_during(
    service: Service,
    fault: Callable[[], None],
    allowed_seconds: float = PATIENT_SECONDS,
    normal_ms: float = 0.0,
) -> list[Answer]:
    """The answers to clients who create sessions, one after the other, during `fault`.

    None of them may hang.
    """
    answers: list[Answer] = []
    over = False

    def create() -> None:
        with closing(Caller(service)) as caller:
            while not over:
                answers.append(caller.create(allowed_seconds=allowed_seconds))

    clients = [Thread(target=create) for _ in range(CLIENTS)]
    with hold_ups() as seconds:
        for client in clients:
            client.start()
        try:
            fault()
        finally:
            over = True
            for client in clients:
                client.join()
    # Work that takes long when nothing is wrong takes as long after the deadline.
    answers = held_up(answers, [*seconds, normal_ms / 1000])
    assert not [answer for answer in answers if answer.is_hung]
    return answers


def median_ms(service: Service, requests: int = 20) -> float:
    with closing(Caller(service)) as caller:
        caller.create(allowed_seconds=PATIENT_SECONDS)
        answers = [caller.create(allowed_seconds=PATIENT_SECONDS) for _ in range(requests)]
    assert {answer.status for answer in answers} == {201}
    return statistics.median(answer.seconds for answer in answers) * 1000


def enough_seconds(normal_ms: float) -> float:
    """The time for a request that a fault may delay, but the machine may not."""
    return ALLOWED_SECONDS + normal_ms / 20


def is_served(service: Service) -> bool:
    with closing(Caller(service)) as caller:
        return caller.create(allowed_seconds=PATIENT_SECONDS).status == 201


def assert_normal_soon(service: Service, ended_at: float, normal_ms: float) -> None:
    """Creation is as fast as it was within 2 s after a fault has ended.

    On a busy machine, which shows before the fault or after it, it may take longer.
    """

    def is_normal(caller: Caller) -> bool:
        answers = [caller.create() for _ in range(3)]
        return all(
            answer.status == 201 and answer.seconds * 1000 < 10 * normal_ms + 20
            for answer in answers
        )

    with closing(Caller(service)) as caller:
        wait_until(lambda: is_normal(caller))
    took_seconds = time.monotonic() - ended_at
    assert took_seconds < 2.0 + max(normal_ms, median_ms(service)) / 10


def hold(network: Proxy, seconds: float) -> None:
    with network.blackhole():
        time.sleep(seconds)


def test_a_creation_takes_one_round_trip_to_the_database(service):
    # To connect takes more, and so does preparing the statement, once on each connection.
    median_ms(service, 20)
    before = service.database_network.round_trips()
    took_ms = median_ms(service, 20)

    # `median_ms` makes one more, to connect.
    assert service.database_network.round_trips() - before == 21
    print(f"median creation: {took_ms:.1f} ms")


def test_a_silent_database_hangs_no_request(service):
    normal_ms = median_ms(service)
    allowed_seconds = enough_seconds(normal_ms)

    answers = answers_during(
        service,
        lambda: hold(service.database_network, FAULT_SECONDS + allowed_seconds - ALLOWED_SECONDS),
        allowed_seconds,
        normal_ms,
    )
    ended_at = time.monotonic()

    report(f"database silent for {FAULT_SECONDS} s", answers)
    assert all(answer.status == 201 or answer.is_clean for answer in answers)
    # Those in flight run into their deadline, and those after them too, unless they have waited
    # for a connection before as long as anybody does.
    assert {answer.code for answer in answers if answer.status != 201} <= {
        "deadline_exceeded",
        "overloaded",
        "database_unavailable",
    }
    assert_normal_soon(service, ended_at, normal_ms)


def test_a_silent_redis_fails_no_request(service):
    normal_ms = median_ms(service)

    network = service.redis_network
    waits = 0

    def fault() -> None:
        nonlocal waits
        with network.blackhole():
            before = network.round_trips()
            time.sleep(FAULT_SECONDS)
            waits = network.round_trips() - before

    began_at = time.monotonic()
    answers = answers_during(service, fault)
    ended_at = time.monotonic()

    report(f"Redis silent for {FAULT_SECONDS} s", answers)
    assert {answer.status for answer in answers} == {201}
    # Those in flight when it begins wait for the time-out of Redis, and then one at a time: it
    # asks, waits REDIS_TIMEOUT_SECONDS, and nobody asks for OPEN_SECONDS. Two more are the thread
    # that listens for changes and the one that writes events.
    assert waits <= CLIENTS + 3 + (ended_at - began_at) / (0.5 + OPEN_SECONDS)
    assert_normal_soon(service, ended_at, normal_ms)


def test_half_open_connections_fail_few_requests(service):
    normal_ms = median_ms(service)

    answers = answers_during(
        service,
        lambda: (service.database_network.half_open(), time.sleep(FAULT_SECONDS)),
        enough_seconds(normal_ms),
        normal_ms,
    )
    service.database_network.cut()  # as keepalives do for those that nobody has used

    report("half-open database connections", answers)
    assert len([answer for answer in answers if answer.status != 201]) <= POOL_SIZE


def test_terminated_connections_fail_no_request(service):
    def terminate() -> None:
        for _ in range(5):
            time.sleep(FAULT_SECONDS / 5)
            service.terminate_connections()

    answers = answers_during(service, terminate)

    report("database connections terminated", answers)
    assert {answer.status for answer in answers} == {201}


def test_reset_connections_fail_at_most_one_request_each(service):
    answers = answers_during(
        service, lambda: (service.database_network.cut(), time.sleep(FAULT_SECONDS))
    )

    report("database connections reset", answers)
    assert len([answer for answer in answers if answer.status != 201]) <= CLIENTS
    assert all(answer.status == 201 or answer.is_clean for answer in answers)


def test_a_restart_of_postgresql_loses_and_duplicates_nothing(service):
    def restart() -> None:
        time.sleep(0.2)
        service.stop_postgres()
        service.start_postgres()
        time.sleep(FAULT_SECONDS)

    with Load(service, CLIENTS, allowed_seconds=PATIENT_SECONDS).running() as ledger:
        restart()

    found = audit(service, ledger)
    report("PostgreSQL restarted", ledger.answers, found)
    failed = [answer for answer in ledger.answers if answer.status >= 400 or not answer.status]
    assert len(failed) <= POOL_SIZE
    assert not [answer for answer in ledger.answers if answer.is_hung]
    assert not found.lost
    assert not found.duplicated


def test_a_restart_of_redis_fails_no_request(service):
    def restart() -> None:
        time.sleep(0.2)
        service.stop_redis()
        time.sleep(FAULT_SECONDS / 2)
        service.start_redis()
        time.sleep(FAULT_SECONDS / 2)

    answers = answers_during(service, restart)

    report("Redis restarted", answers)
    assert {answer.status for answer in answers} == {201}


@contextmanager
def web_restarted(service, workers=1, **environ):
    """The web process with other settings during the block."""
    service.kill("web")
    service.start_web(workers, **environ)
    try:
        yield
    finally:
        service.kill("web")
        service.start_web()


def test_a_failover_to_another_address_is_followed(service):
    url = service.environ["DATABASE_URL"]
    upstream = upstream_of(service.database_url)
    with Proxy(upstream) as first, Proxy(upstream) as second:
        ports = ",".join(proxy.address.split(":")[1] for proxy in (first, second))
        url = (
            "postgresql://postgres@/gatewayz?host=127.0.0.1,127.0.0.1"
            f"&port={ports}&target_session_attrs=read-write"
        )
        with web_restarted(service, DATABASE_URL=url):
            answers = answers_during(
                service,
                lambda: (
                    time.sleep(0.3),
                    first.change(upstream="127.0.0.1:1"),
                    first.cut(),
                    time.sleep(FAULT_SECONDS),
                ),
            )
            wait_until(lambda: is_served(service))

    report("failover to another address", answers)
    failed = [answer for answer in answers if answer.status != 201]
    assert len(failed) <= CLIENTS
    assert all(answer.is_clean for answer in failed)


def test_a_reload_of_the_web_processes_loses_no_request(service):
    def reload() -> None:
        for _ in range(3 if LONG else 1):
            before = set(service.pids("web"))
            service.signal("web", signal.SIGHUP)
            # Each of the two may be tried twice.
            wait_until(lambda old=before: not old & set(service.pids("web")), 4 * READY_SECONDS)
            time.sleep(0.3)

    load = Load(service, CLIENTS, allowed_seconds=PATIENT_SECONDS)
    with web_restarted(service, workers=2), load.running() as ledger:
        time.sleep(0.3)
        reload()

    found = audit(service, ledger)
    report("web processes reloaded", ledger.answers, found)
    failed = [answer for answer in ledger.answers if not 200 <= answer.status < 300]
    assert not failed, service.log("web")
    assert not found.lost
    assert not found.duplicated


def test_the_old_web_process_serves_until_the_new_one_is_ready(service):
    secret = service.home / "secret_key"
    text = secret.read_text()
    (before,) = service.pids("web")
    secret.unlink()
    os.mkfifo(secret)  # whoever reads it waits for somebody to write
    service.signal("web", signal.SIGHUP)
    with closing(Caller(service)) as caller:
        with secret.open("w") as fifo:  # opens when the new process reads
            assert before in service.pids("web")
            assert caller.create(allowed_seconds=PATIENT_SECONDS).status == 201
            secret.unlink()
            secret.write_text(text)
            fifo.write(text)
        wait_until(lambda: before not in service.pids("web"))

        assert caller.create(allowed_seconds=PATIENT_SECONDS).status == 201


def test_the_old_web_process_serves_while_a_dying_new_one_is_restarted(service):
    secret = service.home / "secret_key"
    text = secret.read_text()
    (before,) = service.pids("web")
    secret.unlink()
    secret.mkdir()
    service.signal("web", signal.SIGHUP)
    with closing(Caller(service)) as caller:
        wait_until(lambda: service.log("web").count("did not become ready") >= 2)
        assert before in service.pids("web")
        assert caller.create(allowed_seconds=PATIENT_SECONDS).status == 201
        secret.rmdir()
        secret.write_text(text)
        wait_until(lambda: before not in service.pids("web"))

        assert caller.create(allowed_seconds=PATIENT_SECONDS).status == 201


def test_a_service_that_cannot_start_ends(service):
    secret = service.home / "secret_key"
    text = secret.read_text()
    service.kill("web")
    secret.unlink()
    secret.mkdir()
    try:
        service.start_web(until_healthy=False)
        assert service.wait("web") != 0
    finally:
        secret.rmdir()
        secret.write_text(text)
        service.start_web()


def test_ending_web_processes_finish_their_requests(service):
    median_ms(service, 3)
    clients = [HTTPConnection("127.0.0.1", service.port, timeout=WAIT_SECONDS) for _ in range(8)]
    headers = {
        "Authorization": f"Bearer {service.api_key}",
        "Content-Type": "application/json",
        "X-Request-Timeout": str(PATIENT_SECONDS),
    }
    with ExitStack() as stack:
        stack.callback(service.start_web)
        for client in clients:
            stack.enter_context(closing(client))
        with service.database_network.blackhole():
            for client in clients:
                client.request("POST", "/v1/chat/sessions", "{}", headers)
            wait_until(lambda: not service.unread_bytes())
            service.signal("web", signal.SIGTERM)
        statuses = [client.getresponse().status for client in clients]
        service.wait("web")

    assert statuses == [201] * len(clients)


def answered_per_second(service: Service, clients: int, seconds: float, **options) -> tuple:
    """The answers to `clients` that obey Retry-After, and good ones per second under load."""
    answers: list[Answer] = []
    begin = time.monotonic()
    until = begin + seconds

    def create() -> None:
        with closing(Caller(service)) as caller:
            while time.monotonic() < until:
                answers.append(caller.create(**options))
                if answers[-1].status == 503:
                    time.sleep(1.0)

    threads = [Thread(target=create) for _ in range(clients)]
    with hold_ups() as delays:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    answers = held_up(answers, delays)
    # By then the clients have begun, and the means by which requests are turned away are known.
    busy_at = begin + seconds / 2
    ends = [answer.started + answer.seconds for answer in answers if answer.status == 201]
    return answers, sum(busy_at < end < until for end in ends) / (until - busy_at)


class Overload(NamedTuple):
    """Good answers a second of as many clients as can be served, and of three times as many."""

    capacity: float
    goodput: float
    hung: int


def overload(service: Service, seconds: float) -> Overload:
    service.database_network.change(latency_ms=LATENCY_MS)
    try:
        served, capacity = answered_per_second(service, POOL_SIZE, seconds)
        # With these, the backlog alone would take three seconds.
        clients = 3 * int(capacity)
        answers, goodput = answered_per_second(service, clients, seconds, allowed_seconds=1.0)
    finally:
        service.database_network.change(latency_ms=0)

    report("three times the capacity", answers)
    assert all(answer.status == 201 or answer.is_clean for answer in answers)
    # Their deadlines end together, and each needs a turn at the processors to be told so: as long
    # as POOL_SIZE of them took at the same time, without the time of the network.
    turns_seconds = statistics.median(answer.seconds for answer in served) - LATENCY_MS / 1000
    patient = [
        replace(answer, seconds=answer.seconds - clients / POOL_SIZE * turns_seconds)
        for answer in answers
    ]
    return Overload(capacity, goodput, sum(answer.is_hung for answer in patient))


def test_an_overloaded_service_keeps_its_throughput(service):
    # Other programs take their share of the machine, and not the same in every second.
    for _ in range(10):
        found = overload(service, 10 if LONG else 3)
        print(found)
        if found.goodput >= 0.8 * found.capacity and not found.hung:
            return
    pytest.fail("the more is asked, the less is answered, or the later")
