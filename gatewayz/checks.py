"""Checks of the deployment, for `manage.py check`."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from gatewayz.redis import shards


@checks.register
def redis_has_one_shard(**options: Any) -> list[CheckMessage]:
    """Fail with a Redis Cluster of several shards, before a command or worker fails half-way."""
    problem = shards.problem_with(settings.REDIS_URL)
    return [checks.Error(problem, id="gatewayz.E001")] if problem else []


@checks.register(deploy=True)
def proxy_drops_underscored_headers(**options: Any) -> list[CheckMessage]:
    """Warn unless the settings say that clients cannot forge the headers of TRUSTED_PROXIES."""
    if settings.PROXY_DROPS_UNDERSCORED_HEADERS or not settings.TRUSTED_PROXIES:
        return []
    return [
        checks.Warning(
            "The service believes the headers of TRUSTED_PROXIES, and a client's X_Forwarded_For "
            "arrives as X-Forwarded-For. Unless the proxy drops headers with underscores in their "
            "names, clients can choose their address.",
            hint="Use a proxy that drops them, like those in deploy/. To test it, the answer to "
            "`curl -i -H 'X_Request_Id: twin' https://…/healthz` must not have "
            "`X-Request-ID: twin`. Then set PROXY_DROPS_UNDERSCORED_HEADERS=on.",
            id="gatewayz.W001",
        )
    ]
