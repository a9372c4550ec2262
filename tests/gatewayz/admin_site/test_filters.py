"""Filters by day of the admin's lists, and the plans of the pages that they make."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import ActivityEvent, User
from chat.models import ChatSession
from gatewayz.admin_site.filters import MAX_DAYS, DayRangeOfUserFilter
from gatewayz.admin_site.lists import BigTableAdmin
from tests.plans import indexes, plans_of, steps

pytestmark = pytest.mark.django_db

# Some days of rows of many users, as many a day, in the order of time.
ROWS, DAYS = 30_000, 100
MAX_STATEMENTS = 10
FILL = {
    "chat_sessions": """
        INSERT INTO chat_sessions (user_id, title, model, created_at, updated_at, is_active)
        SELECT 1 + n %% 400 + %(first)s, 'Chat', 'm', at, at, true FROM (
            SELECT n, now() - (%(rows)s - n) * interval '%(days)s days' / %(rows)s AS at
            FROM generate_series(1, %(rows)s) AS n) AS times""",
    "audit_log": """
        INSERT INTO audit_log
            (created_at, action, target, user_id, channel, request_id, commitments)
        SELECT now() - (%(rows)s - n) * interval '%(days)s days' / %(rows)s,
            'tested', 'user:1', 1 + n %% 400 + %(first)s, 'api', '', '{}'
        FROM generate_series(1, %(rows)s) AS n""",
}


def filtered_lists() -> list[Any]:
    return [
        pytest.param(model_admin, column, kind, id=f"{model_admin.opts.model_name}.{column}")
        for model_admin in admin.site._registry.values()
        if isinstance(model_admin, BigTableAdmin)
        for column, kind in model_admin.day_filters()
    ]


def url_of(model_admin: Any) -> str:
    return reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")


@pytest.mark.parametrize(("model_admin", "column", "kind"), filtered_lists())
def test_every_filtered_list_opens_within_its_statements(
    admin_client, user, model_admin, column, kind
):
    day = timezone.now().date()
    query = {f"{column}_from": f"{day}", f"{column}_to": f"{day}"}
    if kind is DayRangeOfUserFilter:
        query["user"] = f"{user.pk}"

    with CaptureQueriesContext(connection) as asked:
        response = admin_client.get(url_of(model_admin), query)

    assert response.status_code == 200
    assert f'name="{column}_from" value="{day}"' in response.content.decode()
    assert len(asked) <= MAX_STATEMENTS


@pytest.fixture
def sessions(user):
    now = timezone.now()
    made = [
        ChatSession.objects.create(user=user, title=f"{ago}", model="m")
        for ago in range(0, 90, 30)
    ]
    for session in made:
        at = now - timedelta(days=int(session.title))
        ChatSession.objects.filter(pk=session.pk).update(created_at=at)
    return made


def titles(client, **query):
    response = client.get(reverse("admin:chat_chatsession_changelist"), query, follow=True)
    return [session.title for session in response.context["cl"].result_list]


def test_the_first_and_the_last_day_are_included(admin_client, sessions):
    day = timezone.now().date()

    assert titles(admin_client, created_at_from=day, created_at_to=day) == ["0"]
    assert titles(admin_client, created_at_from=day - timedelta(days=30)) == ["0", "30"]


def test_more_days_than_are_read_are_cut_off_before_the_last(admin_client, sessions):
    day = timezone.now().date()
    first = day - timedelta(days=MAX_DAYS + 60)

    assert titles(admin_client, created_at_from=first, created_at_to=day) == ["0", "30"]
    assert titles(admin_client, created_at_to=day - timedelta(days=40)) == ["60"]


@pytest.mark.parametrize("given", ["yesterday", "2026-02-30", "\x00", "9999-99-99"])
def test_what_is_no_day_filters_nothing(admin_client, sessions, given):
    assert len(titles(admin_client, created_at_from=given)) == 3


@pytest.mark.parametrize("given", ["0001-01-01", "9999-12-31"])
def test_the_days_at_the_ends_of_time_are_answered(admin_client, sessions, given):
    assert titles(admin_client, created_at_from=given) == []
    assert isinstance(titles(admin_client, created_at_to=given), list)


def test_activity_of_one_user_is_filtered_by_day_and_that_of_all_is_not(admin_client, user):
    ActivityEvent.objects.create(
        user=user, event_id="01a22651-f732-7fab-a5ed-c737c8efae0d", timestamp=timezone.now()
    )
    url = reverse("admin:accounts_activityevent_changelist")
    tomorrow = timezone.now().date() + timedelta(days=1)

    def shown(**query):
        return admin_client.get(url, {"timestamp_from": tomorrow, **query}).context["cl"]

    assert list(shown(user=user.pk).result_list) == []
    assert list(shown(q=user.email).result_list) == []
    assert len(shown().result_list) == 1


@pytest.fixture
def full_tables(db):
    User.objects.bulk_create(User(username=f"user-{n}") for n in range(401))
    first = User.objects.filter(username__startswith="user-").earliest("pk").pk - 1
    with connection.cursor() as cursor:
        # Triggers are off: those of the audit log chain one entry after another, for a minute.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for table, sql in FILL.items():
            cursor.execute(sql, {"rows": ROWS, "days": DAYS, "first": first})
            cursor.execute(f"SELECT brin_summarize_new_values('idx_{table}_created')")
            cursor.execute(f"ANALYZE {table}")
        cursor.execute("SET LOCAL session_replication_role = origin")


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("admin:chat_chatsession_changelist", "idx_chat_sessions_created"),
        ("admin:accounts_auditentry_changelist", "idx_audit_log_created"),
    ],
)
def test_a_page_of_an_old_day_is_found_by_the_index_of_time(
    admin_client, full_tables, name, index
):
    day = timezone.now().date() - timedelta(days=DAYS // 2)

    with plans_of() as plans:
        admin_client.get(reverse(name), {"created_at_from": day, "created_at_to": day})

    tables = {"chat_sessions", "audit_log"}
    of_tables = [
        plan
        for plan in plans
        if tables.intersection(step.get("Relation Name") for step in steps(plan))
    ]
    # How many there are, and those of the page.
    assert len(of_tables) == 2
    for plan in of_tables:
        assert index in indexes(plan)
        assert "Seq Scan" not in {
            step["Node Type"] for step in steps(plan) if step.get("Relation Name") in tables
        }
