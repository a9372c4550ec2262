# The image of web, worker and migrations: `docker build --tag gatewayz .`
#
# Two builds of one commit are alike: the base has a digest (of the index of all platforms), packages
# have hashes, nothing comes from apt, and bytecode holds no time. docs/release.md has the command.
FROM python:3.13-slim-bookworm@sha256:67a1e1f215ccda113cfc024e8639049257e88f273898f595b61476d128d387e8 AS base


FROM base AS build

ARG SOURCE_DATE_EPOCH=0
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/venv
WORKDIR /app
# Alone, so that this layer is kept while only the code changes.
COPY requirements.txt requirements-tracing.txt ./
RUN /opt/venv/bin/pip install --no-compile --require-hashes -r requirements.txt \
    && /opt/venv/bin/pip install --no-compile --require-hashes -r requirements-tracing.txt
COPY manage.py ./
COPY gatewayz gatewayz
COPY accounts accounts
COPY adoption adoption
COPY chat chat
# Production's settings name the files by their content. Nothing of these secrets stays.
RUN secret() { python -c "import secrets; print(secrets.token_urlsafe(64))"; } \
    && GATEWAYZ_ENV=production ALLOWED_HOSTS=localhost DATABASE_URL=postgresql://localhost/x \
       REDIS_URL=redis://localhost/0 SECRET_KEY="$(secret)" KEY_PEPPERS="$(secret)" \
       /opt/venv/bin/python manage.py collectstatic --noinput \
    && /opt/venv/bin/python -m compileall -q -f --invalidation-mode unchecked-hash \
       /opt/venv gatewayz accounts adoption chat


FROM base

# For the date of the user in /etc/shadow.
ARG SOURCE_DATE_EPOCH=0
RUN groupadd --system --gid 10001 gatewayz \
    && useradd --system --uid 10001 --gid gatewayz --no-create-home gatewayz \
    && install --directory --owner=gatewayz --group=gatewayz /run/gatewayz
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app

ARG GATEWAYZ_VERSION=
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GATEWAYZ_ENV=production \
    GATEWAYZ_VERSION=$GATEWAYZ_VERSION \
    PROMETHEUS_MULTIPROC_DIR=/run/gatewayz/metrics \
    GRANIAN_INTERFACE=wsgi \
    GRANIAN_WEBSOCKETS=false \
    GRANIAN_HOST=0.0.0.0 \
    GRANIAN_PORT=8000 \
    GRANIAN_WORKERS=2 \
    GRANIAN_BLOCKING_THREADS=512 \
    GRANIAN_LOG_LEVEL=warning \
    GRANIAN_RESPAWN_FAILED_WORKERS=true \
    # Longer than a request may take: what was begun is answered before the process ends.
    GRANIAN_WORKERS_KILL_TIMEOUT=8

USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
# A worker: ["python", "manage.py", "qcluster"], without this check.
CMD ["python", "-m", "gatewayz.web"]
