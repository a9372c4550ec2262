"""A connection knows when the server has ended it."""

from contextlib import closing

import psycopg
import pytest
from django.db import connection
from psycopg.errors import AdminShutdown
from psycopg.waiting import READY_R

from gatewayz.database.connections import BoundedConnection

pytestmark = pytest.mark.django_db(transaction=True)


class LateReader(BoundedConnection):
    """Reads its next answer after `before_reading` only, which is called once it has come."""

    before_reading = None

    def wait(self, gen, *arguments):
        return super().wait(self._read_late(gen), *arguments)

    def _read_late(self, gen):
        ready = None
        while True:
            if ready == READY_R and self.before_reading is not None:
                self.before_reading()
                self.before_reading = None
            try:
                wanted = gen.send(ready)
            except StopIteration as end:
                return end.value
            ready = yield wanted


@pytest.fixture
def late():
    """A connection that the server ends just after it has answered a first statement."""
    params = {**connection.get_connection_params(), "autocommit": True}
    with closing(LateReader.connect(**params)) as late:
        pid = late.info.backend_pid

        def terminate():
            with psycopg.connect(**{**params, "cursor_factory": None}) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

        late.before_reading = terminate
        assert late.fetch("SELECT 1", []) == [(1,)]
        yield late


def test_a_statement_sent_after_the_shutdown_message_counts_as_not_run(late):
    with pytest.raises(AdminShutdown):
        late.fetch("SELECT 2", [])


def test_a_connection_counts_as_lost_once_the_server_announces_its_shutdown(late, monkeypatch):
    monkeypatch.setattr(late, "_poll", None)

    assert late.is_gone()
