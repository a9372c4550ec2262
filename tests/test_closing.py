"""The tests close each connection that they open, whatever happens.

One that is left to Python's garbage collector is a ResourceWarning, which fails whichever test
runs by then. Whether it is left depends on who closes first, the test or the server.
"""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
OPENERS = {"HTTPConnection", "HTTPSConnection", "create_connection", "Caller"}
# These get the connection and close it.
CLOSERS = {"closing", "enter_context"}


def name_of(function: ast.expr) -> str:
    """The name that is called, without the module or object that it belongs to."""
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def names_in(nodes: list[ast.AST]) -> set[str]:
    return {node.id for one in nodes for node in ast.walk(one) if isinstance(node, ast.Name)}


def closed_in(function: ast.AST) -> tuple[list[ast.AST], set[str]]:
    """The expressions of a function that are closed on every path, and the names of such."""
    safe: list[ast.AST] = []
    for node in ast.walk(function):
        if isinstance(node, ast.withitem):
            safe.append(node.context_expr)
        elif isinstance(node, ast.Return) and node.value:
            safe.append(node.value)
        elif isinstance(node, ast.Call) and name_of(node.func) in CLOSERS:
            safe += node.args
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Attribute):
            # The object that keeps it has a `close` of its own.
            safe.append(node.value)
    finals = [
        node
        for one in ast.walk(function)
        if isinstance(one, ast.Try)
        for last in one.finalbody
        for node in ast.walk(last)
    ]
    closed = [
        node.func.value
        for node in finals
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "close"
    ]
    loops = [
        node
        for node in ast.walk(function)
        if isinstance(node, ast.For) and names_in([node.target]) & names_in([*safe, *closed])
    ]
    return safe, names_in([*safe, *closed, *(loop.iter for loop in loops)])


def left_open(source: str) -> list[int]:
    """The lines that open a connection which nobody closes if the test fails there."""
    found = []
    for function in ast.walk(ast.parse(source)):
        if not isinstance(function, ast.FunctionDef):
            continue
        safe, names = closed_in(function)
        safe_calls = {call for one in safe for call in ast.walk(one)}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and names_in(list(node.targets)) & names:
                safe_calls |= set(ast.walk(node.value))
        found += [
            node.lineno
            for node in ast.walk(function)
            if isinstance(node, ast.Call)
            and name_of(node.func) in OPENERS
            and node not in safe_calls
        ]
    return sorted(set(found))


@pytest.mark.parametrize(
    ("body", "is_left"),
    [
        ("client = HTTPConnection(port)\n    client.close()", True),
        ("clients = [HTTPConnection(port) for _ in range(8)]\n    clients[0].request()", True),
        ("with closing(HTTPConnection(port)) as client:\n        client.request()", False),
        ("client = HTTPConnection(port)\n    with closing(client):\n        client.send()", False),
        (
            "try:\n        client = HTTPConnection(port)\n    finally:\n        client.close()",
            False,
        ),
        ("return HTTPConnection(port)", False),
    ],
)
def test_a_connection_that_nobody_closes_is_found(body, is_left):
    assert bool(left_open(f"def test(port):\n    {body}")) == is_left


def test_no_test_leaves_a_connection_open():
    found = [
        f"{path.relative_to(TESTS)}:{line}"
        for path in sorted(TESTS.rglob("*.py"))
        for line in left_open(path.read_text())
    ]

    assert not found
