from django.apps import AppConfig
from django.conf import settings

from gatewayz import tracing


class GatewayzConfig(AppConfig):
    name = "gatewayz"

    def ready(self) -> None:
        """Begin to trace, where that is asked for."""
        if settings.TRACING:
            tracing.start()
