"""`fastapi_day` without keys, limits and activity: no real service, but what could be saved."""

import os

from benchmarks.contenders.fastapi_asyncpg import Principal, authenticated, timings_of_task
from benchmarks.contenders.fastapi_day import app


async def _somebody() -> Principal:
    timings_of_task.get()["user_lookup"] = 0.0
    return Principal(int(os.environ["BENCHMARK_USER_ID"]), 0, {})


app.dependency_overrides[authenticated] = _somebody
