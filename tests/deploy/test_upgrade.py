"""The statements of 1.0.0 work on the newest schema, so that its code can answer in an upgrade.

The models of before are what the migrations remember of them.
"""

import pytest
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

# With which migrations 1.0.0 ended.
BEFORE = {"accounts": "0024_audit_log_created_index", "chat": "0014_idempotent_activity"}


@pytest.fixture
def models_before() -> Apps:
    """The models of before, as the migrations remember them."""
    executor = MigrationExecutor(connection)
    ends = [(app, name) for app, name in executor.loader.graph.leaf_nodes() if app not in BEFORE]
    return executor.loader.project_state([*ends, *BEFORE.items()]).apps


@pytest.mark.django_db
def test_every_column_of_before_is_there_and_no_other_has_to_be_written(models_before: Apps):
    models = [one for one in models_before.get_models() if one._meta.app_label in BEFORE]
    assert models
    for model in models:
        columns = {field.column for field in model._meta.local_concrete_fields}
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name, is_nullable = 'YES' OR column_default IS NOT NULL"
                " OR is_identity = 'YES' FROM information_schema.columns"
                " WHERE table_schema = current_schema() AND table_name = %s",
                [model._meta.db_table],
            )
            now = dict(cursor.fetchall())
        may_be_left_out = {name for name, may in now.items() if may}

        assert columns - set(now) == set(), model
        assert set(now) - columns - may_be_left_out == set(), model


@pytest.mark.django_db
def test_the_statements_of_before_make_change_and_delete_rows(models_before: Apps):
    user = models_before.get_model("accounts", "User").objects.create(email="ada@example.com")
    models_before.get_model("accounts", "Plan").objects.create(plan_type="gold")
    session = models_before.get_model("chat", "ChatSession").objects.create(user=user, title="a")
    messages = models_before.get_model("chat", "ChatMessage").objects
    messages.create(session=session, role="user", content="kept")

    type(user).objects.filter(pk=user.pk).update(email="ada@example.org", is_active=False)
    type(session).objects.filter(pk=session.pk).update(title="b")

    assert messages.get().session.user.email == "ada@example.org"
    messages.all().delete()
    session.delete()
    assert not type(session).objects.exists()
