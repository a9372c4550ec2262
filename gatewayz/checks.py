"""What `manage.py check --deploy` says of the proxy in front."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage


@checks.register(deploy=True)
def proxy_drops_underscored_headers(**options: Any) -> list[CheckMessage]:
    """Warn when nobody has said that callers cannot forge what TRUSTED_PROXIES are believed."""
    if settings.PROXY_DROPS_UNDERSCORED_HEADERS or not settings.TRUSTED_PROXIES:
        return []
    return [
        checks.Warning(
            "TRUSTED_PROXIES are believed, and a header that a caller spells X_Forwarded_For "
            "arrives as X-Forwarded-For: unless the proxy drops names with underscores, callers "
            "choose their address.",
            hint="Use a proxy that drops them, as those in deploy/ do. Try it: the answer to "
            "`curl -i -H 'X_Request_Id: twin' https://…/healthz` must not have "
            "`X-Request-ID: twin`. Then set PROXY_DROPS_UNDERSCORED_HEADERS=on.",
            id="gatewayz.W001",
        )
    ]
