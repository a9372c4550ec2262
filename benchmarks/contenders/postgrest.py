"""The part of PostgREST that stood between the old service and its database.

Rows are found by equality and inserted as JSON, one statement each, as PostgREST makes them; the
BEGIN, SET LOCAL and COMMIT that it puts around each are left out. POSTGREST_PORT says where.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.contenders.asyncpg_pool import create_pool

TYPES = """
SELECT relname, attname, format_type(atttypid, atttypmod)
FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
WHERE relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped
"""

types: dict[tuple[str, str], str] = {}


@asynccontextmanager
async def database(app: Starlette) -> AsyncIterator[None]:
    async with create_pool() as app.state.database:
        for table, column, name in await app.state.database.fetch(TYPES):
            types[table, column] = name
        yield


async def find(request: Request) -> Response:
    """`GET /table?column=eq.value`."""
    table = request.path_params["table"]
    wanted = {name: value for name, value in request.query_params.items() if name != "select"}
    values = [value.removeprefix("eq.") for value in wanted.values()]
    conditions = " AND ".join(
        f'"{column}" = ${number}::text::{types[table, column]}'
        for number, column in enumerate(wanted, 1)
    )
    found = await request.app.state.database.fetchval(
        "SELECT coalesce(json_agg(found), '[]')::text"
        f' FROM (SELECT * FROM "{table}" WHERE {conditions}) AS found',
        *values,
    )
    return Response(found, media_type="application/json")


async def insert(request: Request) -> Response:
    """`POST /table` inserts a row and returns it with all columns."""
    table = request.path_params["table"]
    body = await request.body()
    columns = ", ".join(f'"{column}"' for column in orjson.loads(body) if (table, column) in types)
    made = await request.app.state.database.fetchval(
        f'WITH made AS (INSERT INTO "{table}" ({columns}) SELECT {columns}'
        f' FROM json_populate_record(NULL::"{table}", $1::text::json) RETURNING *)'
        " SELECT json_agg(made)::text FROM made",
        body.decode(),
    )
    return Response(made, 201, media_type="application/json")


app = Starlette(
    routes=[
        Route("/{table}", find, methods=["GET"]),
        Route("/{table}", insert, methods=["POST"]),
    ],
    lifespan=database,
)

if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(os.environ["POSTGREST_PORT"]),
        loop="uvloop",
        http="httptools",
        timeout_keep_alive=30,  # longer than its client keeps them
        log_level="warning",
        access_log=False,
    )
