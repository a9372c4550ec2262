import logging

from django.apps import AppConfig
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.core.cache import close_caches
from django.core.handlers.base import reset_urlconf
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries

from gatewayz.database.base import give_back_connections
from gatewayz.telemetry import tracing


class GatewayzConfig(AppConfig):
    name = "gatewayz"

    def ready(self) -> None:
        """Start tracing if it is configured, and disconnect what no request needs."""
        from gatewayz import checks  # noqa: F401, registers itself

        if settings.TRACING:
            tracing.start()
        # Connections to Redis stay open, no request sets its own URL configuration, and Django
        # records queries only with DEBUG.
        request_finished.disconnect(close_caches)
        request_finished.disconnect(reset_urlconf)
        if not settings.DEBUG:
            request_started.disconnect(reset_queries)
        if settings.DATABASE_POOL_SIZE:
            # A request always returns its connections when it ends.
            request_started.disconnect(close_old_connections)
            request_finished.disconnect(close_old_connections)
            request_finished.connect(give_back_connections)
        # No log format shows the source line, thread or process of a record; see
        # https://docs.python.org/3/howto/logging.html#optimization
        logging._srcfile = None
        logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class GatewayzAdminConfig(AdminConfig):
    default_site = "gatewayz.admin_site.site.GatewayzAdminSite"
