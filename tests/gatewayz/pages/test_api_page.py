"""GET /docs: everything on it is served here, and it has no inline script."""

import re

from django.contrib.staticfiles import finders
from django.test import Client


def page():
    return Client().get("/docs")


def test_the_page_loads_nothing_from_elsewhere():
    text = page().content.decode()

    addresses = re.findall(r'(?:src|href|data-schema)="([^"]*)"', text)
    assert len(addresses) >= 7
    assert all(re.match(r"/(?!/)", address) for address in addresses)


def test_all_its_files_exist():
    files = re.findall(r'"/static/([^"]*)"', page().content.decode())

    assert len(files) >= 5
    assert [file for file in files if finders.find(file) is None] == []


def test_its_policy_allows_no_inline_script_and_no_other_host():
    answer = page()
    policy = dict(
        part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";")
    )

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert re.findall(r"<script(?![^>]* src=)", answer.content.decode()) == []
    assert " style=" not in answer.content.decode()


def test_every_operation_has_a_tag_with_a_description():
    schema = Client().get("/v1/schema").json()

    described = {tag["name"] for tag in schema["tags"] if tag["description"]}
    used = {
        tag
        for operations in schema["paths"].values()
        for operation in operations.values()
        for tag in operation["tags"]
    }
    assert used == described
    assert schema["servers"] == [{"url": "/", "description": "This service."}]
