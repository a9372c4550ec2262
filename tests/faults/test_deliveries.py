"""Slow receivers and the death of the courier, against real processes of a worker."""

import os
import signal
import socket
import threading
from contextlib import contextmanager

import pytest

from gatewayz.development import embedded
from tests.faults.service import PATIENCE_WITH_DATABASE, Service
from tests.waiting import wait_until

pytestmark = pytest.mark.timeout(900)

SLOW_WEBHOOKS = 40


@pytest.fixture(scope="module")
def service():
    home = embedded.default_data_dir() / "test" / f"deliveries-{os.getpid()}"
    settings = {**PATIENCE_WITH_DATABASE, "WEBHOOKS_TO_PRIVATE_NETWORKS": "on"}
    running = Service(home, **settings)
    try:
        running.start_web()
        yield running
    finally:
        running.stop()


@pytest.fixture
def cluster(service):
    service.start_cluster()
    try:
        yield
    finally:
        if service.runs("cluster"):
            service.kill("cluster")
        with service.database() as connection:
            connection.execute("DELETE FROM notifications")


@contextmanager
def receiver(answer=b""):
    """A receiver that answers so and hangs up, or keeps connections open; and those it took."""
    taken = []
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:

        def take():
            while True:
                try:
                    client, _ = server.accept()
                except OSError:
                    return
                taken.append(client)
                if answer:
                    client.recv(65_536)
                    client.sendall(answer)
                    client.close()

        threading.Thread(target=take, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/", taken
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for client in taken:
                client.close()


def notify(service, email, url, times=1):
    """A user of this address, with this webhook, is to be notified this many `times`."""
    with service.database() as connection:
        connection.execute(
            """
            WITH made AS (
                INSERT INTO users (email, username, password, is_active, is_staff, is_superuser,
                    created_at, updated_at)
                VALUES (%(email)s, %(email)s, '', true, false, false, now(), now())
                RETURNING id
            ), wish AS (
                INSERT INTO notification_preferences (user_id, email_notifications,
                    low_balance_threshold, plan_expiry_reminder_days, usage_alerts, webhook_url,
                    updated_at)
                SELECT id, false, 10, 7, true, %(url)s, now() FROM made
            )
            INSERT INTO notifications (user_id, kind, cause, channel, details, status, error,
                attempts, created_at, due_at)
            SELECT id, 'test', 'cause ' || n, 'webhook', '{}', 'pending', '', 0, now(), now()
            FROM made, generate_series(1, %(times)s) AS n
            """,
            {"email": email, "url": url, "times": times},
        )


def statuses(service, email):
    with service.database() as connection:
        rows = connection.execute(
            "SELECT status FROM notifications JOIN users ON users.id = user_id WHERE email = %s",
            [email],
        )
        return [status for (status,) in rows]


def test_hanging_webhooks_of_one_user_delay_neither_tasks_nor_other_users(service, cluster):
    with receiver() as (slow, held), receiver(b"HTTP/1.1 204 OK\r\n\r\n") as (quick, _):
        notify(service, "slow@example.com", slow, SLOW_WEBHOOKS)
        wait_until(lambda: held)

        promised = service.create_sessions(5)
        notify(service, "quick@example.com", quick)
        service.assert_written_once(promised)
        wait_until(lambda: statuses(service, "quick@example.com") == ["delivered"])

        # All that while, one was waited for.
        assert statuses(service, "slow@example.com") == ["pending"] * SLOW_WEBHOOKS
        assert len(held) < SLOW_WEBHOOKS


def test_a_worker_that_stops_cuts_off_hanging_deliveries(service, cluster):
    with receiver() as (slow, held):
        notify(service, "hangs@example.com", slow)
        wait_until(lambda: held)

        service.signal("cluster", signal.SIGTERM)
        assert service.wait("cluster") == 0

    with service.database() as connection:
        (row,) = connection.execute(
            "SELECT error, attempt_started_at FROM notifications WHERE status = 'pending'"
        ).fetchall()
    assert row == ("The webhook did not answer.", None)


def test_a_courier_that_is_killed_is_replaced(service, cluster):
    with receiver(b"HTTP/1.1 204 OK\r\n\r\n") as (url, _):
        notify(service, "first@example.com", url)
        wait_until(lambda: statuses(service, "first@example.com") == ["delivered"])

        service.cluster_processes()["courier"].kill()
        notify(service, "second@example.com", url)

        wait_until(lambda: statuses(service, "second@example.com") == ["delivered"])
    assert "was killed" in service.log("cluster")
