"""Scripts in Redis: known to it or not, alone or together."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django_redis import get_redis_connection
from redis.exceptions import ResponseError

from gatewayz.redis.scripts import Call, Script, run_all, run_combined

ADD = Script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
NAME = [f"{settings.REDIS_KEY_PREFIX}:n"]
FAIL = Script("return redis.error_reply('no')")


def test_a_script_that_redis_has_forgotten_still_runs():
    get_redis_connection("default").script_flush()

    assert ADD(NAME, [2]) == 2
    assert ADD(NAME, [3]) == 5


def test_scripts_in_a_pipeline_get_their_own_result_or_error():
    get_redis_connection("default").script_flush()
    first, failed, last = run_all(
        [Call(ADD, NAME, [1]), Call(FAIL, NAME, []), Call(ADD, NAME, [1])]
    )

    assert (first, last) == (1, 2)
    assert isinstance(failed, ResponseError)
    with pytest.raises(ResponseError):
        run_combined(FAIL, NAME, [])


def test_many_threads_count_exactly():
    with ThreadPoolExecutor(16) as threads:
        counted = list(threads.map(lambda n: run_combined(ADD, NAME, [1]), range(500)))

    assert sorted(counted) == list(range(1, 501))
