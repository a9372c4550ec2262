"""The worker's schedules are one list, which `migrate` copies to its table."""

import pytest
from django.core.management import call_command
from django.utils.module_loading import import_string
from django_q.models import Schedule

from accounts.worker.schedules import SCHEDULES

pytestmark = pytest.mark.django_db


def scheduled():
    return dict(Schedule.objects.values_list("name", "func"))


def functions():
    return {name: function for name, (function, _) in SCHEDULES.items()}


def test_the_table_holds_the_list_and_nothing_else():
    assert scheduled() == functions()


@pytest.mark.parametrize("function", functions().values())
def test_each_scheduled_function_exists(function):
    assert callable(import_string(function))


def test_migrate_repairs_a_changed_or_deleted_row():
    Schedule.objects.filter(name="erase users").delete()
    Schedule.objects.filter(name="sweep activity").update(func="nowhere.at_all", minutes=60)

    call_command("migrate", verbosity=0)

    assert scheduled() == functions()
    assert Schedule.objects.get(name="sweep activity").minutes == 1


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_reversing_the_migration_restores_the_old_function_names():
    call_command("migrate", "accounts", "0024", verbosity=0)
    try:
        names = scheduled()
        assert names["sweep activity"] == "accounts.activity.drain.sweep"
        assert names["purge deleted chats"] == "chat.retention.purge_expired"
        assert names["tell of expiring keys"].endswith(".tell_of_expiring_keys")
        assert names["purge idempotency keys"] == "chat.idempotency.purge_ended_keys"
    finally:
        call_command("migrate", verbosity=0)

    assert scheduled() == functions()
