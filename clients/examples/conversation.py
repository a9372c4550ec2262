"""A conversation with the Python client of clients/python.

GATEWAYZ_URL=http://127.0.0.1:8000 GATEWAYZ_API_KEY=gw_live_… python conversation.py
"""

import os

from gatewayz_client import Gatewayz, NotFoundError, every

with Gatewayz(os.environ["GATEWAYZ_API_KEY"], os.environ["GATEWAYZ_URL"]) as client:
    session = client.chat.create_session(title="Holidays")
    client.chat.append_messages(
        session["id"],
        [
            {"role": "user", "content": "Where is it warm in May?"},
            {"role": "assistant", "content": "In Crete, for one.", "model": "openai/gpt-4o"},
        ],
    )
    for match in client.chat.search_chats("crete").data:
        print(match["title"], match["snippet"])
    for each in every(client.chat.list_sessions):
        print(each["id"], each["title"])

    client.chat.delete_session(session["id"])
    try:
        client.chat.read_session(session["id"])
    except NotFoundError as problem:
        print(problem.code, problem.detail, problem.request_id)
