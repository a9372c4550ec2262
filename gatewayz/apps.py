from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig

from gatewayz import tracing


class GatewayzConfig(AppConfig):
    name = "gatewayz"

    def ready(self) -> None:
        """Begin to trace, where that is asked for."""
        if settings.TRACING:
            tracing.start()


class GatewayzAdminConfig(AdminConfig):
    default_site = "gatewayz.admin_site.GatewayzAdminSite"
