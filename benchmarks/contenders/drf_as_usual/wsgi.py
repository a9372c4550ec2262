import os

from django.core.wsgi import get_wsgi_application

# Not setdefault, because the environment may name the settings of another project.
os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.contenders.drf_as_usual.settings"

application = get_wsgi_application()
