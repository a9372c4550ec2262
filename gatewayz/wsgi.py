"""The WSGI entry that granian serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gatewayz.settings")
# A web process runs many threads: they share a pool. See DATABASE_POOL_SIZE in the settings.
os.environ.setdefault("DATABASE_POOL_SIZE", "16")

application = get_wsgi_application()
