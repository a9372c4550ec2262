"""Work goes on past rows that make it fail, whatever the failure."""

import psycopg
import pytest
from django.db import DataError, InterfaceError, OperationalError

from gatewayz.database.bad_rows import skipping_bad_rows

ROWS = range(16)


class Work:
    """Adds rows up, and fails as it is told with those that are bad; remembers what it did."""

    def __init__(self, bad, error):
        self.bad, self.error = set(bad), error
        self.calls, self.set_aside = [], []

    def __call__(self, rows):
        self.calls.append(list(rows))
        if self.bad & set(rows):
            raise self.error
        return len(rows)

    def past(self, **options):
        return skipping_bad_rows(
            list(ROWS), self, lambda row, error: self.set_aside.append(row), **options
        )


def late():
    error = OperationalError("canceling statement due to statement timeout")
    error.__cause__ = psycopg.errors.QueryCanceled()
    return error


def beyond_a_limit():
    error = OperationalError("stack depth limit exceeded")
    error.__cause__ = psycopg.errors.StatementTooComplex()
    return error


def test_without_bad_rows_the_work_is_called_once():
    work = Work([], DataError())

    assert work.past() == 16
    assert work.calls == [list(ROWS)]


def test_without_rows_the_work_is_not_called():
    assert skipping_bad_rows([], lambda rows: 1 / 0, lambda row, error: None) == 0


@pytest.mark.parametrize(
    "error", [DataError(), beyond_a_limit(), ZeroDivisionError(), KeyError()], ids=repr
)
def test_bad_rows_are_set_aside_and_all_others_are_done(error):
    work = Work([0, 5, 15], error)

    assert work.past() == 13
    assert work.set_aside == [0, 5, 15]


def test_one_bad_row_takes_two_calls_for_each_halving():
    work = Work([5], DataError())

    work.past()

    assert len(work.calls) == 1 + 2 * 4


@pytest.mark.parametrize("error", [OperationalError(), InterfaceError()], ids=repr)
def test_an_unreachable_database_is_not_blamed_on_a_row(error):
    work = Work([5], error)

    with pytest.raises(type(error)):
        work.past()
    assert work.calls == [list(ROWS)]


def test_a_time_out_is_not_blamed_on_a_row_by_default():
    work = Work([5], late())

    with pytest.raises(OperationalError):
        work.past()
    assert work.set_aside == []


def test_rows_that_time_out_are_done_one_by_one():
    work = Work([5], late())

    assert work.past(max_late=1) == 15
    assert work.set_aside == [5]
    # The time-out is waited for twice, and not at each halving.
    assert [call for call in work.calls if 5 in call] == [list(ROWS), [5]]


@pytest.mark.parametrize("options", [{"max_bad": 3}, {"max_late": 3}], ids=str)
def test_many_bad_rows_point_to_another_cause(options):
    error = late() if "max_late" in options else DataError()
    work = Work(ROWS, error)

    with pytest.raises(type(error)):
        work.past(**options)
    assert len(work.set_aside) == 3
