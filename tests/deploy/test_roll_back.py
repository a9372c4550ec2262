"""Migrations go back and forth with rows there, so that an upgrade can be undone."""

from gatewayz.development.embedded import postgres_server
from tests.deploy.installation import Installation

BACK_AND_FORTH = """
from django.core.management import call_command
from accounts.models import User
from chat.models import ChatSession

call_command('migrate', verbosity=0)
user = User.objects.create_user('ada@example.com')
session = ChatSession.objects.create(user=user, title='kept')
session.messages.create(role='user', content='kept too')
call_command('migrate', 'chat', '0001', verbosity=0)
call_command('migrate', 'accounts', '0001', verbosity=0)
call_command('migrate', verbosity=0)
call_command('check_indexes')
"""


def test_every_migration_can_be_undone_and_done_again(installation: Installation):
    with installation.database() as connection:
        connection.execute("CREATE DATABASE rolled_back")
    url = installation.database_url.replace(f"/{postgres_server.DATABASE_NAME}?", "/rolled_back?")

    # check_indexes fails when one is missing.
    installation.manage({"DATABASE_URL": url}, "shell", "-v", "0", "-c", BACK_AND_FORTH)

    with installation.database(url) as connection:
        titles = connection.execute(
            "SELECT title FROM chat_sessions JOIN chat_messages ON session_id = chat_sessions.id"
            " WHERE chat_sessions.id IN (SELECT session_id FROM chat_search_pending)"
        ).fetchall()
    assert titles == [("kept",)]
