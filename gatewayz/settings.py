"""Every setting of Gatewayz, read top to bottom, from the environment.

Each variable is documented where it is read. In development everything has a safe default;
with GATEWAYZ_ENV=production the process refuses to start on a missing or weak secret.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.core.exceptions import ImproperlyConfigured

from gatewayz import __version__
from gatewayz.admin_site.appearance import UNFOLD as UNFOLD
from gatewayz.api.tags import API_DESCRIPTION, API_TAGS
from gatewayz.redis.servers import cache_location, cache_options, with_timeouts

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# GATEWAYZ_DATA_DIR: where the embedded servers and the demo account of `make run` live.
DATA_DIR = Path(env("GATEWAYZ_DATA_DIR", default=str(BASE_DIR / ".gatewayz")))

# GATEWAYZ_ENV: `development` (the default) or `production`.
GATEWAYZ_ENV = env("GATEWAYZ_ENV", default="development")
if GATEWAYZ_ENV not in {"development", "production"}:
    raise ImproperlyConfigured("GATEWAYZ_ENV must be `development` or `production`")
PRODUCTION = GATEWAYZ_ENV == "production"

if not PRODUCTION:
    # While `make run` is up, its servers' addresses stand here for every other terminal.
    env.read_env(DATA_DIR / "servers.env")


def _secrets(name: str) -> list[str]:
    """The secrets, separated by commas, in environment variable `name`.

    Development makes one up at first use and keeps it in the data directory, so that keys
    survive a restart.

    Raises ImproperlyConfigured in production when one is missing, short or has little variety.
    """
    given: list[str] = env.list(name, default=[])
    if PRODUCTION:
        if not given or any(len(secret) < 50 or len(set(secret)) < 10 for secret in given):
            raise ImproperlyConfigured(
                f"{name} must be at least 50 random characters in production; make one with: "
                'python -c "import secrets; print(secrets.token_urlsafe(50))"'
            )
        return given
    return given or [_kept_secret(DATA_DIR / name.lower())]


def _kept_secret(path: Path) -> str:
    """The secret in a private file, made up when there is none."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whole or not there: processes that start together must not differ.
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as new, suppress(FileExistsError):
            new.write(secrets.token_urlsafe(50))
            new.flush()
            os.link(new.name, path)
    return path.read_text()


# --- Security ---------------------------------------------------------------------------------

# SECRET_KEY: signs admin sessions and queued tasks. At least 50 random characters; others, after
# a comma, are accepted too. To change it without losing a task: append the new one in every
# process, web and worker, then put it in front; drop the old one when the queue has been empty
# since and sessions that are as old may end.
SECRET_KEY, *SECRET_KEY_FALLBACKS = _secrets("SECRET_KEY")

# KEY_PEPPERS: the secrets under which API keys are digested, separated by commas. New keys, and
# keys that are rotated, use the first; the others are accepted too. To change it: append the new
# one in every process, then put it in front; drop the old one when the keys made under it have
# been rotated. Losing them makes every key useless.
KEY_PEPPERS = [pepper.encode() for pepper in _secrets("KEY_PEPPERS")]

if PRODUCTION and SECRET_KEY.encode() in KEY_PEPPERS:
    raise ImproperlyConfigured("SECRET_KEY must not be one of KEY_PEPPERS too")

# ACCEPT_LEGACY_KEYS: also look up keys without a checksum, as an adopted database has them.
ACCEPT_LEGACY_KEYS = env.bool("ACCEPT_LEGACY_KEYS", default=False)

# DEBUG: Django's debug pages. Never in production.
DEBUG = env.bool("DEBUG", default=False)
if DEBUG and PRODUCTION:
    raise ImproperlyConfigured("DEBUG must be off in production")

# PRIVY_APP_ID: the application of Privy whose users may sign in; empty lets nobody.
PRIVY_APP_ID = env("PRIVY_APP_ID", default="")

# PRIVY_VERIFICATION_KEY: the public key of that application, as Privy's dashboard shows it
# (PEM, line ends as they are or as \n).
PRIVY_VERIFICATION_KEY = env("PRIVY_VERIFICATION_KEY", default="").replace("\\n", "\n")
if PRIVY_APP_ID:
    try:
        _privy_key = load_pem_public_key(PRIVY_VERIFICATION_KEY.encode())
    except ValueError as exc:
        raise ImproperlyConfigured("PRIVY_VERIFICATION_KEY is no public key in PEM") from exc
    if not isinstance(getattr(_privy_key, "curve", None), SECP256R1):
        raise ImproperlyConfigured("PRIVY_VERIFICATION_KEY is not of the curve P-256")

# EMAIL_SIGN_UP: whether anybody may make a user with e-mail address and password.
EMAIL_SIGN_UP = env.bool("EMAIL_SIGN_UP", default=True)

# SIGN_UP_CONFIRMS_EMAIL: whether a sign-up sends a link to the address (202), the account is made
# when the link is opened, and only verified addresses sign in by password. Off answers as the old
# service did, 201 with a key at once: whoever asks then learns which addresses have an account.
SIGN_UP_CONFIRMS_EMAIL = env.bool("SIGN_UP_CONFIRMS_EMAIL", default=PRODUCTION)

# ALLOWED_HOSTS: the host names to answer to, separated by commas.
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
if PRODUCTION and (not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS):
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the service's hosts in production")

# PUBLIC_URL: where people reach this service (https://chat.example.com), for the links in e-mails.
# The first of ALLOWED_HOSTS by default; never what a request says, which its sender chooses.
PUBLIC_URL = env(
    "PUBLIC_URL",
    default=f"https://{ALLOWED_HOSTS[0].removeprefix('.')}"
    if PRODUCTION
    else "http://127.0.0.1:8000",
).rstrip("/")
if urlsplit(PUBLIC_URL).scheme not in ({"https"} if PRODUCTION else {"https", "http"}):
    raise ImproperlyConfigured("PUBLIC_URL must be of the form https://chat.example.com")

# CSRF_TRUSTED_ORIGINS: origins (https://…) that may log in to the admin through a proxy.
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION

# TRUSTED_PROXIES: networks of the proxies in front of this service (10.0.0.0/8,fd00::/8), whose
# X-Forwarded-For and X-Forwarded-Proto are believed. Without any, the caller is who has connected.
# Name no network in which others than your proxies are: they could then give themselves any
# address.
try:
    TRUSTED_PROXIES = [ip_network(network) for network in env.list("TRUSTED_PROXIES", default=[])]
except ValueError as exc:
    raise ImproperlyConfigured(f"TRUSTED_PROXIES: {exc}") from exc
if PRODUCTION and any(network.prefixlen == 0 for network in TRUSTED_PROXIES):
    raise ImproperlyConfigured("TRUSTED_PROXIES must not be everybody in production")

# PROXY_DROPS_UNDERSCORED_HEADERS: say `on` when those proxies drop headers whose name has an
# underscore, as they must: X_Forwarded_For arrives here as X-Forwarded-For, in place of theirs.
# `manage.py check --deploy` warns until then, and says how to try it.
PROXY_DROPS_UNDERSCORED_HEADERS = env.bool("PROXY_DROPS_UNDERSCORED_HEADERS", default=False)

# CORS_ALLOWED_ORIGINS: sites (https://app.example.com, separated by commas) whose pages may call
# the API from a browser. None by default. They send a key and no cookies.
CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
for _origin in CORS_ALLOWED_ORIGINS:
    _parts = urlsplit(_origin)
    _schemes = {"https"} if PRODUCTION else {"https", "http"}
    if _parts.scheme not in _schemes or _origin != f"{_parts.scheme}://{_parts.netloc}":
        raise ImproperlyConfigured(
            f"CORS_ALLOWED_ORIGINS: {_origin} is not of the form https://app.example.com"
        )
CORS_URLS_REGEX = r"/(?:v1|auth|plans|referral|user)(?:/|$)"
CORS_ALLOW_HEADERS = [
    "authorization",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "x-request-id",
    "x-request-timeout",
]
CORS_EXPOSE_HEADERS = [
    "Content-Disposition",
    "ETag",
    "Idempotent-Replayed",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "Server-Timing",
    "X-Request-ID",
]

# MAX_BODY_BYTES: larger request bodies are refused with 413.
MAX_BODY_BYTES = env.int("MAX_BODY_BYTES", default=10 * 1024 * 1024)

# --- Applications -----------------------------------------------------------------------------

INSTALLED_APPS = [
    # Before the admin, whose templates it replaces.
    "unfold.apps.BasicAppConfig",
    "gatewayz.apps.GatewayzAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "gatewayz.apps.GatewayzConfig",
    # Before django_q, one of whose commands it replaces.
    "accounts",
    "chat",
    "adoption",
    "django_q",
]

MIDDLEWARE = [
    "gatewayz.middleware.request_context.RequestContextMiddleware",
    # On refusals by all that follow too, which browsers would otherwise keep from their pages.
    "gatewayz.middleware.cross_origin.CrossOriginMiddleware",
    "gatewayz.middleware.response_headers.ResponseHeadersMiddleware",
    "gatewayz.api.problems.ProblemMiddleware",
    "gatewayz.request.deadline.DeadlineMiddleware",
    "gatewayz.probes.health.ProbeMiddleware",
    "gatewayz.middleware.whole_bodies.WholeBodyMiddleware",
    "gatewayz.middleware.load_shedding.LoadSheddingMiddleware",
    "accounts.limits.middleware.LimitsMiddleware",
    # An ETag on what is read, and 304 for who has it already.
    "gatewayz.middleware.conditional_get.ConditionalGetMiddleware",
    "gatewayz.middleware.forwarded_scheme.ForwardedSchemeMiddleware",
    # Requests of the API go no further.
    "gatewayz.middleware.api_dispatch.ApiDispatchMiddleware",
    "gatewayz.middleware.cookies.CookieMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "gatewayz.api.problems.InvalidValueMiddleware",
]

ROOT_URLCONF = "gatewayz.urls"
WSGI_APPLICATION = "gatewayz.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = not PRODUCTION
if PRODUCTION:
    STORAGES = {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

AUTH_USER_MODEL = "accounts.User"
# Where the log-in of the admin leads to.
LOGIN_REDIRECT_URL = "admin:index"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# The e-mail address is unique case-insensitively by idx_users_email, an index on UPPER(email),
# which this check of the log-in field does not recognise.
SILENCED_SYSTEM_CHECKS = ["auth.E003"]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"

# --- PostgreSQL -------------------------------------------------------------------------------

# DATABASE_CONNECT_TIMEOUT_SECONDS: whole seconds, 2 or more, for one attempt to connect to one
# host. Several hosts, of which the primary is used, are given as
# postgresql://user:password@/name?host=a,b&port=5432,5432&target_session_attrs=read-write
_connect_timeout_seconds = env.int("DATABASE_CONNECT_TIMEOUT_SECONDS", default=2)

# DATABASE_STATEMENT_TIMEOUT_SECONDS: the longest that one statement may run; 0 is no limit,
# which is right for `manage.py migrate` when it builds an index on a big table.
_statement_timeout_seconds = env.float("DATABASE_STATEMENT_TIMEOUT_SECONDS", default=5)

# What bounds a session of PostgreSQL, in milliseconds.
DATABASE_TIMEOUTS_MS = {
    "statement_timeout": int(_statement_timeout_seconds * 1000),
    "lock_timeout": 4_000,
    "idle_in_transaction_session_timeout": 30_000,
    # Ends the statement of a client that has gone.
    "client_connection_check_interval": 1_000,
}

# DATABASE_POOLER: `transaction` where DATABASE_URL leads to a pooler that gives a connection to
# each transaction, as PgBouncer does. It takes no time-outs from us: roles have them, see
# `manage.py grant_roles`. `none` is the default.
DATABASE_POOLER = env("DATABASE_POOLER", default="none")
if DATABASE_POOLER not in {"none", "transaction"}:
    raise ImproperlyConfigured("DATABASE_POOLER must be `none` or `transaction`")

# DATABASE_POOL_SIZE: connections that the threads of one process share, and a quarter of the
# requests that it works on at once; 0 is one persistent connection per thread. wsgi.py asks for a
# pool; workers and commands have a single thread.
DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", default=0)

# DATABASE_POOL_TIMEOUT_SECONDS: how long a request waits for one of them, for instance while
# PostgreSQL restarts.
_pool_timeout_seconds = env.float("DATABASE_POOL_TIMEOUT_SECONDS", default=3)


def _database(url: str, pool_timeout_seconds: float) -> dict[str, Any]:
    """The entry of DATABASES for a URL."""
    database: dict[str, Any] = env.db_url_config(url)
    given = dict(database.get("OPTIONS", {}))
    # Where Django and other tools look for them; several hosts and sockets are given as `?host=`.
    for name in ("host", "port"):
        if name in given:
            database[name.upper()] = str(given.pop(name))
    options = {
        **given,
        "connect_timeout": _connect_timeout_seconds,
        "application_name": "gatewayz",
        # A server that has gone is noticed after 9 s, also by workers, which have no deadline.
        "keepalives_idle": 3,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 9_000,
    }
    if DATABASE_POOLER == "none":
        options["options"] = " ".join(
            f"-c {name}={timeout_ms}" for name, timeout_ms in DATABASE_TIMEOUTS_MS.items()
        )
    if DATABASE_POOL_SIZE:
        options |= {"pool_size": DATABASE_POOL_SIZE, "pool_timeout": pool_timeout_seconds}
    else:
        database |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    return {
        **database,
        "ENGINE": "gatewayz.database",
        "OPTIONS": options,
        # A cursor on the server would stay behind in a connection that is another's by then.
        "DISABLE_SERVER_SIDE_CURSORS": DATABASE_POOLER == "transaction",
    }


# DATABASE_URL: postgresql://user:password@host:port/name. `make run` brings its own server.
_database_url = env("DATABASE_URL", default="")
if PRODUCTION and not _database_url:
    raise ImproperlyConfigured("DATABASE_URL must be set in production")
DATABASES = {
    "default": _database(
        _database_url or "postgresql://postgres@127.0.0.1:5432/gatewayz", _pool_timeout_seconds
    )
}

# DATABASE_REPLICA_URL: a streaming replica of that database, which answers the views marked
# `@reads_replica`; see gatewayz/database/replica.py.
if _replica_url := env("DATABASE_REPLICA_URL", default=""):
    DATABASES["replica"] = {
        # Nobody waits for it to come back: there is the primary.
        **_database(_replica_url, pool_timeout_seconds=0.3),
        "TEST": {"MIRROR": "default"},
    }
    DATABASE_ROUTERS = ["gatewayz.database.replica.ReplicaRouter"]
    MIDDLEWARE.insert(1, "gatewayz.database.replica.MarkWritesMiddleware")

# --- Redis ------------------------------------------------------------------------------------

# REDIS_URL: redis://[:password@]host:port/db, rediss://… with TLS, unix:///path?db=0, or
# redis+sentinel://[:password@]host:port,host:port,…/name/db for the primary that these Sentinels
# call by that name (?sentinel_password= where they want one). `make run` brings its own.
REDIS_URL = env("REDIS_URL", default="")
if PRODUCTION and not REDIS_URL:
    raise ImproperlyConfigured("REDIS_URL must be set in production")
REDIS_URL = REDIS_URL or "redis://127.0.0.1:6379/0"

# REDIS_KEY_PREFIX: what every key of this service starts with, so that a server can be shared.
REDIS_KEY_PREFIX = env("REDIS_KEY_PREFIX", default="gatewayz")

# REDIS_TIMEOUT_SECONDS: the longest that a request waits for Redis to connect or to answer.
REDIS_TIMEOUT_SECONDS = env.float("REDIS_TIMEOUT_SECONDS", default=0.5)

# OTEL_EXPORTER_OTLP_ENDPOINT: where traces are sent (OTLP over HTTP, http://collector:4318); none
# are made without. It needs requirements-tracing.txt; see gatewayz/telemetry/tracing.py.
TRACING = bool(env("OTEL_EXPORTER_OTLP_ENDPOINT", default=""))

_redis_location = cache_location(REDIS_URL)
_redis_options = cache_options(REDIS_URL, REDIS_TIMEOUT_SECONDS)
if not TRACING:
    _redis_options["REDIS_CLIENT_CLASS"] = "gatewayz.redis.client.Client"
    if "SENTINELS" not in _redis_options:
        _redis_options["CONNECTION_POOL_CLASS"] = "gatewayz.redis.client.Pool"

# GATEWAYZ_KEY_CACHE: `off` looks every API key up in the database.
KEY_CACHE = env.bool("GATEWAYZ_KEY_CACHE", default=True)

# KEY_CACHE_TTL_SECONDS: how long a looked-up API key is answered from the cache, unless
# `manage.py key_cache ttl` has said otherwise. It bounds how long a change made behind the
# service's back, by SQL, goes unnoticed.
KEY_CACHE_TTL_SECONDS = env.int("KEY_CACHE_TTL_SECONDS", default=300)

# KEY_CACHE_STALE_SECONDS: how much longer keys are answered while the database is down.
KEY_CACHE_STALE_SECONDS = env.int("KEY_CACHE_STALE_SECONDS", default=300)

# KEY_CACHE_MAX_ENTRIES: the keys that each process keeps in memory, at about 0.6 kB each.
KEY_CACHE_MAX_ENTRIES = env.int("KEY_CACHE_MAX_ENTRIES", default=10_000)

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": _redis_location,
        "KEY_PREFIX": REDIS_KEY_PREFIX,
        "OPTIONS": {
            # Data, never pickle: who can write to Redis must not be able to run code here.
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
            **_redis_options,
        },
    },
    "keys": {
        "BACKEND": "gatewayz.caching.backend.TwoLevelCache",
        "LOCATION": _redis_location,
        # The braces keep the entries together in a Redis Cluster.
        "KEY_PREFIX": f"{REDIS_KEY_PREFIX}:{{keys}}",
        "TIMEOUT": KEY_CACHE_TTL_SECONDS,
        "OPTIONS": {
            "LOCAL_MAX_ENTRIES": KEY_CACHE_MAX_ENTRIES,
            "EXPIRED_SECONDS": KEY_CACHE_STALE_SECONDS,
            **_redis_options,
        },
    },
    # The connections of the task queue. A worker waits for 1 s at an empty one, so its sockets
    # may not time out sooner.
    "queue": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": with_timeouts(_redis_location, connect_seconds=2, answer_seconds=5),
        "OPTIONS": _redis_options,
    },
}

# --- Background work (django-q2) --------------------------------------------------------------


# WORKERS: processes of one `manage.py qcluster`.
Q_CLUSTER = {
    # The hash tag of the activity buffer, since one script writes to both: in a Redis Cluster
    # they are on one node.
    "name": f"{REDIS_KEY_PREFIX}:{{activity}}",
    "label": "Background tasks",
    "workers": env.int("WORKERS", default=2),
    "django_redis": "queue",
    "timeout": 60,
    # Longer than the timeout, or a slow task would be handed out twice.
    "retry": 120,
    "max_attempts": 3,
    "save_limit": 250,
    "catch_up": False,
    "log_level": "WARNING",
}

# --- Activity ---------------------------------------------------------------------------------

# GATEWAYZ_DEFER_ACTIVITY: off writes activity in the request instead of leaving it to a worker.
DEFER_ACTIVITY = env.bool("GATEWAYZ_DEFER_ACTIVITY", default=True)

# ACTIVITY_BUFFER_LIMIT: how many events may wait in Redis; more are written in the request. An
# event takes some 250 bytes, so 100,000 take 25 MB, and one worker writes them in seconds.
ACTIVITY_BUFFER_LIMIT = env.int("ACTIVITY_BUFFER_LIMIT", default=100_000)

# ACTIVITY_RETENTION_DAYS: how long the activity log keeps an event; 0 is for ever. The daily
# sums stay. The default covers a year and the month after it in which people look back.
ACTIVITY_RETENTION_DAYS = env.int("ACTIVITY_RETENTION_DAYS", default=400)

# --- Notifications ----------------------------------------------------------------------------

# EMAIL_URL: the mail server: smtp+tls://user:password@host:587 (STARTTLS),
# smtp+ssl://user:password@host:465, or smtp://host:25; what is special in a password is
# percent-encoded. Without it, development writes e-mails to files in the data directory, and
# production sends none (`manage.py check --deploy` says so).
_email_url = env("EMAIL_URL", default="")
_email = env.email_url_config(_email_url or "dummymail://")
if not _email_url and not PRODUCTION:
    _email["EMAIL_BACKEND"] = "django.core.mail.backends.filebased.EmailBackend"
    _email["EMAIL_FILE_PATH"] = str(DATA_DIR / "emails")
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_FILE_PATH = _email["EMAIL_FILE_PATH"]
EMAIL_HOST, EMAIL_PORT = _email["EMAIL_HOST"], _email["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _email["EMAIL_HOST_USER"], _email["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = "EMAIL_USE_TLS" in _email, "EMAIL_USE_SSL" in _email

# For each step of talking to the mail server; well within the time-out of a task.
EMAIL_TIMEOUT = 10

# EMAIL_FROM: whom e-mails are from, such as `Gatewayz <notifications@example.com>`.
DEFAULT_FROM_EMAIL = env("EMAIL_FROM", default="Gatewayz <notifications@localhost>")

# NOTIFICATION_RETENTION_DAYS: how long it is kept what users were told; 0 is for ever.
NOTIFICATION_RETENTION_DAYS = env.int("NOTIFICATION_RETENTION_DAYS", default=400)

# WEBHOOKS_TO_PRIVATE_NETWORKS: let webhooks lead to private addresses and use http, for trying
# them on one's own machine. Never in production, where users could reach into the network.
WEBHOOKS_TO_PRIVATE_NETWORKS = env.bool("WEBHOOKS_TO_PRIVATE_NETWORKS", default=False)
if WEBHOOKS_TO_PRIVATE_NETWORKS and PRODUCTION:
    raise ImproperlyConfigured("WEBHOOKS_TO_PRIVATE_NETWORKS must be off in production")

# --- Referrals --------------------------------------------------------------------------------

# INVITE_URL: the page of the front end to which referral codes lead, as `?ref=CODE`. One
# without a host is on the host of the request.
INVITE_URL = env("INVITE_URL", default="/signup")

# REFERRAL_BONUS_DOLLARS: what each of the two is credited; REFERRAL_MAX_USES: how often a new
# code can be applied.
REFERRAL_BONUS_DOLLARS = Decimal(env("REFERRAL_BONUS_DOLLARS", default="10.00"))
REFERRAL_MAX_USES = env.int("REFERRAL_MAX_USES", default=10)

# --- Limits -----------------------------------------------------------------------------------

# RATE_LIMITS_FAIL_OPEN: whether requests are let in, uncounted, while Redis is down; off refuses
# them with 503.
RATE_LIMITS_FAIL_OPEN = env.bool("RATE_LIMITS_FAIL_OPEN", default=True)

# --- API --------------------------------------------------------------------------------------

# REQUEST_DEADLINE_SECONDS: after this, a request that is not answered is answered with a 503.
# Clients may ask for less by `X-Request-Timeout`. Far below the 15 s after which they give up.
REQUEST_DEADLINE_SECONDS = env.float("REQUEST_DEADLINE_SECONDS", default=5)

# DOWNLOAD_SECONDS: after this, an export that is not all sent is broken off. Each of its pages is
# read within REQUEST_DEADLINE_SECONDS.
DOWNLOAD_SECONDS = env.float("DOWNLOAD_SECONDS", default=900)

# DEFAULT_CHAT_MODEL: the model of a session created without one.
DEFAULT_CHAT_MODEL = env("DEFAULT_CHAT_MODEL", default="openai/gpt-3.5-turbo")

# IDEMPOTENCY_KEY_HOURS: how long a request with the same Idempotency-Key is answered by its
# first answer.
IDEMPOTENCY_KEY_HOURS = env.int("IDEMPOTENCY_KEY_HOURS", default=24)

# CHAT_RETENTION_DAYS: how long a deleted session can be restored before it is purged; 0 is for
# ever.
CHAT_RETENTION_DAYS = env.int("CHAT_RETENTION_DAYS", default=30)

# SEARCH_CONFIGURATION: the text search configuration of PostgreSQL (`\dF` lists them) that
# splits chats into words. `simple` serves any language; `english` also finds other forms of a
# word, in English. Read by `manage.py migrate` too: after changing it, run
# `manage.py index_chats`.
SEARCH_CONFIGURATION = env("SEARCH_CONFIGURATION", default="simple")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.access.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "accounts.access.permissions.HasScope",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.limits.throttles.PrincipalThrottle"],
    # What the views can do, for the description of the API; see gatewayz.api.view.
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_VERSIONING_CLASS": None,
    "EXCEPTION_HANDLER": "gatewayz.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_SCHEMA_CLASS": "gatewayz.api.openapi.TaggedSchema",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Gatewayz",
    "DESCRIPTION": API_DESCRIPTION,
    "VERSION": __version__,
    "TAGS": [{"name": name, "description": text} for name, _, text in API_TAGS],
    "SERVERS": [{"url": "/", "description": "This service."}],
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "PREPROCESSING_HOOKS": ["gatewayz.api.openapi.only_described"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "gatewayz.api.openapi.only_used_tags",
    ],
    "ENUM_NAME_OVERRIDES": {
        "Role": "chat.models.ChatMessage.Role",
        "FeedbackType": "chat.models.Feedback.Type",
    },
}

# --- Operation --------------------------------------------------------------------------------

# GATEWAYZ_VERSION: what the build calls itself (a tag, a commit): in metrics, in traces and on the
# page at `/`. By default the version in gatewayz/__init__.py.
GATEWAYZ_VERSION = env("GATEWAYZ_VERSION", default="") or __version__

# METRICS_TOKEN: what Prometheus sends as `Authorization: Bearer …` to read /metrics. Without one
# there is no /metrics, except in development for callers on the same machine.
METRICS_TOKEN = env("METRICS_TOKEN", default="")
if PRODUCTION and 0 < len(METRICS_TOKEN) < 20:
    raise ImproperlyConfigured("METRICS_TOKEN must be at least 20 random characters in production")

# PROMETHEUS_MULTIPROC_DIR (read by gatewayz/telemetry/metrics/slots.py): the folder in which the
# processes of one server keep their metrics, best in memory (/run, /dev/shm). wsgi.py takes one
# below the folder for temporary files.

# LOG_FORMAT: `json`, one object a line (the default in production), or `line`, for people.
LOG_FORMAT = env("LOG_FORMAT", default="json" if PRODUCTION else "line")
if LOG_FORMAT not in {"json", "line"}:
    raise ImproperlyConfigured("LOG_FORMAT must be `json` or `line`")

# ACCESS_LOG: log every request, with its route, status and time; by default in JSON only.
ACCESS_LOG = env.bool("ACCESS_LOG", default=LOG_FORMAT == "json")

# LOG_LEVEL: the least level that is logged: DEBUG, INFO, WARNING or ERROR.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s",
        },
        "json": {"()": "gatewayz.telemetry.json_logs.JSONFormatter"},
    },
    "filters": {
        "request_id": {"()": "gatewayz.request.context.RequestIdFilter"},
        "route": {"()": "gatewayz.middleware.request_context.RouteFilter"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
            "filters": ["request_id"],
        },
    },
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        # Refused keys and unknown paths are the callers' errors, not the service's.
        "django.request": {"level": "ERROR", "filters": ["route"]},
        # At DEBUG it prints the contexts of templates, and one of them shows new keys.
        "django.template": {"level": "INFO"},
        "django-q": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}
