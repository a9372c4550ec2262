"""Every setting of Gatewayz, read from the environment from top to bottom.

Each variable is documented where it is read. In development everything has a safe default. With
GATEWAYZ_ENV=production the process does not start when a secret is missing or weak.
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

# GATEWAYZ_DATA_DIR: the folder of the embedded servers and the demo account of `make run`.
DATA_DIR = Path(env("GATEWAYZ_DATA_DIR", default=str(BASE_DIR / ".gatewayz")))

# GATEWAYZ_ENV: `development` (the default) or `production`.
GATEWAYZ_ENV = env("GATEWAYZ_ENV", default="development")
if GATEWAYZ_ENV not in {"development", "production"}:
    raise ImproperlyConfigured("GATEWAYZ_ENV must be `development` or `production`")
PRODUCTION = GATEWAYZ_ENV == "production"

if not PRODUCTION:
    # While `make run` runs, this file has its servers' addresses, for commands in other terminals.
    env.read_env(DATA_DIR / "servers.env")


def _secrets(name: str) -> list[str]:
    """Return the secrets, separated by commas, in environment variable `name`.

    In development, a secret is made up at first use and kept in the data directory, so that keys
    survive a restart.

    Raises ImproperlyConfigured in production when a secret is missing, short or too regular.
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
    """Return the secret in a private file; make one up if there is none."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Created atomically, so that processes that start together read the same secret.
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as new, suppress(FileExistsError):
            new.write(secrets.token_urlsafe(50))
            new.flush()
            os.link(new.name, path)
    return path.read_text()


# --- Security ---------------------------------------------------------------------------------

# SECRET_KEY: signs admin sessions and queued tasks, at least 50 random characters. Further keys,
# separated by commas, are accepted but not used to sign. To change the key without losing a task:
# append the new one in every web and worker process, then put it first. Remove the old one when
# the queue has been empty since then, and admin sessions from before may end.
SECRET_KEY, *SECRET_KEY_FALLBACKS = _secrets("SECRET_KEY")

# KEY_PEPPERS: the secrets with which API keys are digested, separated by commas. New and rotated
# keys use the first; keys made with the others still work. To change the pepper: append the new
# one in every process, then put it first. Remove the old one when the keys made with it have been
# rotated. Without its pepper, a key no longer works.
KEY_PEPPERS = [pepper.encode() for pepper in _secrets("KEY_PEPPERS")]

if PRODUCTION and SECRET_KEY.encode() in KEY_PEPPERS:
    raise ImproperlyConfigured("SECRET_KEY must not be one of KEY_PEPPERS")

# ACCEPT_LEGACY_KEYS: also accept keys without a checksum, which an adopted database has.
ACCEPT_LEGACY_KEYS = env.bool("ACCEPT_LEGACY_KEYS", default=False)

# DEBUG: Django's debug pages. Never in production.
DEBUG = env.bool("DEBUG", default=False)
if DEBUG and PRODUCTION:
    raise ImproperlyConfigured("DEBUG must be off in production")

# PRIVY_APP_ID: the Privy application whose users may sign in; nobody may when it is empty.
PRIVY_APP_ID = env("PRIVY_APP_ID", default="")

# PRIVY_VERIFICATION_KEY: the public key of that application from Privy's dashboard (PEM, with line
# ends as they are or as \n).
PRIVY_VERIFICATION_KEY = env("PRIVY_VERIFICATION_KEY", default="").replace("\\n", "\n")
if PRIVY_APP_ID:
    try:
        _privy_key = load_pem_public_key(PRIVY_VERIFICATION_KEY.encode())
    except ValueError as exc:
        raise ImproperlyConfigured("PRIVY_VERIFICATION_KEY is not a public key in PEM") from exc
    if not isinstance(getattr(_privy_key, "curve", None), SECP256R1):
        raise ImproperlyConfigured("PRIVY_VERIFICATION_KEY is not of the curve P-256")

# EMAIL_SIGN_UP: whether anybody may create an account with an e-mail address and a password.
EMAIL_SIGN_UP = env.bool("EMAIL_SIGN_UP", default=True)

# SIGN_UP_CONFIRMS_EMAIL: when on, a sign-up sends a link to the address (202), the account is
# created when the link is opened, and only verified addresses sign in by password. When off, a
# sign-up immediately answers with a key (201), as in the old service; then anybody can find out
# which addresses have an account.
SIGN_UP_CONFIRMS_EMAIL = env.bool("SIGN_UP_CONFIRMS_EMAIL", default=PRODUCTION)

# OLD_SHAPES: whether answers also have the fields, and the service the paths, that only clients of
# the old service use. See gatewayz/api/old_shapes.py. When off, unknown names in a body are an
# error; otherwise they do nothing, and `ignored_fields` in the answer lists them.
OLD_SHAPES = env.bool("OLD_SHAPES", default=True)

# ALLOWED_HOSTS: the host names under which the service is reached, separated by commas.
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
if PRODUCTION and (not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS):
    raise ImproperlyConfigured("ALLOWED_HOSTS must name the service's hosts in production")

# PUBLIC_URL: the address of this service (https://chat.example.com), for links in e-mails. By
# default the first of ALLOWED_HOSTS. The Host of a request is never used, because its sender
# chooses it.
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
# X-Forwarded-For and X-Forwarded-Proto are believed. When empty, the caller is the peer of the
# connection. The networks must contain only your proxies: other machines in them could claim any
# address.
try:
    TRUSTED_PROXIES = [ip_network(network) for network in env.list("TRUSTED_PROXIES", default=[])]
except ValueError as exc:
    raise ImproperlyConfigured(f"TRUSTED_PROXIES: {exc}") from exc
if PRODUCTION and any(network.prefixlen == 0 for network in TRUSTED_PROXIES):
    raise ImproperlyConfigured("TRUSTED_PROXIES must not be everybody in production")

# PROXY_DROPS_UNDERSCORED_HEADERS: set it to `on` when those proxies drop headers with an
# underscore in their name. They must, because a client's X_Forwarded_For arrives here as
# X-Forwarded-For. `manage.py check --deploy` warns while it is off, and says how to test the
# proxy.
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

# MAX_BODY_BYTES: larger request bodies are rejected with 413.
MAX_BODY_BYTES = env.int("MAX_BODY_BYTES", default=10 * 1024 * 1024)

# MAX_IMPORT_BYTES: longer files of chats are rejected with 413. Those longer than MAX_BODY_BYTES
# are kept in the database until a worker has imported them.
MAX_IMPORT_BYTES = env.int("MAX_IMPORT_BYTES", default=1_000_000_000)

# --- Applications -----------------------------------------------------------------------------

INSTALLED_APPS = [
    # Each before the next, some of whose templates it replaces.
    "gatewayz.apps.GatewayzConfig",
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
    # Before django_q, because it replaces one of its commands.
    "accounts",
    "chat",
    "adoption",
    "django_q",
]

MIDDLEWARE = [
    # --- Every request
    "gatewayz.middleware.request_context.RequestContextMiddleware",
    # Early, so that error responses have CORS headers too: browsers hide them from pages
    # otherwise.
    "gatewayz.middleware.cross_origin.CrossOriginMiddleware",
    "gatewayz.middleware.response_headers.ResponseHeadersMiddleware",
    "gatewayz.api.problems.ProblemMiddleware",
    # Outside of what holds a slot, because an answer is held for as long as its client reads.
    "gatewayz.streaming.long_answers.LongAnswerMiddleware",
    "gatewayz.request.deadline.DeadlineMiddleware",
    "gatewayz.probes.health.ProbeMiddleware",
    "gatewayz.middleware.whole_bodies.WholeBodyMiddleware",
    "gatewayz.middleware.load_shedding.LoadSheddingMiddleware",
    "accounts.limits.middleware.LimitsMiddleware",
    # Adds an ETag to what is read, and answers 304 to a client that has it.
    "gatewayz.middleware.conditional_get.ConditionalGetMiddleware",
    "gatewayz.middleware.forwarded_scheme.ForwardedSchemeMiddleware",
    # Calls the view of an API request itself: for the API, the chain ends here.
    "gatewayz.middleware.api_dispatch.ApiDispatchMiddleware",
    # --- Pages only
    "gatewayz.middleware.cookies.CookieMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "gatewayz.api.problems.PageProblemMiddleware",
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
AUTHENTICATION_BACKENDS = ["accounts.auth.rights.StaffBackend"]
# The page after logging in to the admin.
LOGIN_REDIRECT_URL = "admin:index"
CSRF_FAILURE_VIEW = "gatewayz.api.problems.csrf_failure"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
# This check does not recognise that idx_users_email, an index on UPPER(email), makes the e-mail
# address unique.
SILENCED_SYSTEM_CHECKS = ["auth.W004"]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
# One form of times and numbers on every page: gatewayz/formats.
FORMAT_MODULE_PATH = "gatewayz.formats"
USE_THOUSAND_SEPARATOR = True

# --- PostgreSQL -------------------------------------------------------------------------------

# DATABASE_CONNECT_TIMEOUT_SECONDS: the time-out of one attempt to connect to one host, in whole
# seconds, 2 or more. DATABASE_URL may name several hosts, of which the primary is used:
# postgresql://user:password@/name?host=a,b&port=5432,5432&target_session_attrs=read-write
_connect_timeout_seconds = env.int("DATABASE_CONNECT_TIMEOUT_SECONDS", default=2)

# DATABASE_STATEMENT_TIMEOUT_SECONDS: how long one statement may run; 0 means no limit. Use 0 for
# `manage.py migrate` when it builds an index on a big table.
_statement_timeout_seconds = env.float("DATABASE_STATEMENT_TIMEOUT_SECONDS", default=5)

# Time-outs of every PostgreSQL session, in milliseconds.
DATABASE_TIMEOUTS_MS = {
    "statement_timeout": int(_statement_timeout_seconds * 1000),
    "lock_timeout": 4_000,
    "idle_in_transaction_session_timeout": 30_000,
    # Ends the statement of a client that is gone.
    "client_connection_check_interval": 1_000,
}

# DATABASE_POOLER: `transaction` when DATABASE_URL leads to a pooler in transaction mode, such as
# PgBouncer; `none` (the default) otherwise. Through a pooler, connections cannot set time-outs, so
# the roles have them; see `manage.py grant_roles`.
DATABASE_POOLER = env("DATABASE_POOLER", default="none")
if DATABASE_POOLER not in {"none", "transaction"}:
    raise ImproperlyConfigured("DATABASE_POOLER must be `none` or `transaction`")

# DATABASE_POOL_SIZE: how many connections the threads of one process share; it runs four times as
# many requests at the same time. With 0, each thread has a persistent connection. wsgi.py sets it
# for web processes; workers and commands have a single thread.
DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", default=0)

# DATABASE_POOL_TIMEOUT_SECONDS: how long a request waits for a connection, for instance while
# PostgreSQL restarts.
_pool_timeout_seconds = env.float("DATABASE_POOL_TIMEOUT_SECONDS", default=3)


def _database(url: str, pool_timeout_seconds: float) -> dict[str, Any]:
    """Return the entry of DATABASES for a URL."""
    database: dict[str, Any] = env.db_url_config(url)
    given = dict(database.get("OPTIONS", {}))
    # Several hosts, or a socket, are in `?host=`; Django and other tools look for them here.
    for name in ("host", "port"):
        if name in given:
            database[name.upper()] = str(given.pop(name))
    options = {
        **given,
        "connect_timeout": _connect_timeout_seconds,
        "application_name": "gatewayz",
        # Detects a dead server after 9 s, for workers too, which have no deadline.
        "keepalives_idle": 3,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 9_000,
    }
    if DATABASE_POOLER == "none":
        # A frequent statement is prepared when it has run this often on its connection. That goes
        # for `fetch_autocommit` only: Django's own cursors never prepare.
        options["prepare_threshold"] = 5
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
        # The pooler may give the connection to another client before a server-side cursor is read.
        "DISABLE_SERVER_SIDE_CURSORS": DATABASE_POOLER == "transaction",
    }


# DATABASE_URL: postgresql://user:password@host:port/name. `make run` starts its own server.
_database_url = env("DATABASE_URL", default="")
if PRODUCTION and not _database_url:
    raise ImproperlyConfigured("DATABASE_URL must be set in production")
DATABASES = {
    "default": _database(
        _database_url or "postgresql://postgres@127.0.0.1:5432/gatewayz", _pool_timeout_seconds
    )
}

# DATABASE_REPLICA_URL: a streaming replica of that database, from which views marked
# `@reads_replica` read; see gatewayz/database/replica.py.
if _replica_url := env("DATABASE_REPLICA_URL", default=""):
    DATABASES["replica"] = {
        # A short time-out, because the primary answers when the replica does not.
        **_database(_replica_url, pool_timeout_seconds=0.3),
        "TEST": {"MIRROR": "default"},
    }
    DATABASE_ROUTERS = ["gatewayz.database.replica.ReplicaRouter"]
    MIDDLEWARE.insert(1, "gatewayz.database.replica.MarkWritesMiddleware")

# --- Redis ------------------------------------------------------------------------------------

# REDIS_URL: redis://[:password@]host:port/db, rediss://… with TLS, unix:///path?db=0, or
# redis+sentinel://[:password@]host:port,host:port,…/name/db for the primary that these Sentinels
# know by that name (?sentinel_password= if they need one). `make run` starts its own server.
REDIS_URL = env("REDIS_URL", default="")
if PRODUCTION and not REDIS_URL:
    raise ImproperlyConfigured("REDIS_URL must be set in production")
REDIS_URL = REDIS_URL or "redis://127.0.0.1:6379/0"

# REDIS_KEY_PREFIX: the prefix of all keys of this service, so that it can share a server.
REDIS_KEY_PREFIX = env("REDIS_KEY_PREFIX", default="gatewayz")

# REDIS_TIMEOUT_SECONDS: how long a request waits for Redis to connect or to answer.
REDIS_TIMEOUT_SECONDS = env.float("REDIS_TIMEOUT_SECONDS", default=0.5)

# OTEL_EXPORTER_OTLP_ENDPOINT: where traces are sent (OTLP over HTTP, http://collector:4318); when
# empty, nothing is traced. Needs requirements-tracing.txt; see gatewayz/telemetry/tracing.py.
TRACING = bool(env("OTEL_EXPORTER_OTLP_ENDPOINT", default=""))

_redis_location = cache_location(REDIS_URL)
_redis_options = cache_options(REDIS_URL, REDIS_TIMEOUT_SECONDS)
if not TRACING:
    _redis_options["REDIS_CLIENT_CLASS"] = "gatewayz.redis.client.Client"
    if "SENTINELS" not in _redis_options:
        _redis_options["CONNECTION_POOL_CLASS"] = "gatewayz.redis.client.Pool"

# GATEWAYZ_KEY_CACHE: when off, every API key is looked up in the database.
KEY_CACHE = env.bool("GATEWAYZ_KEY_CACHE", default=True)

# KEY_CACHE_TTL_SECONDS: how long a cached API key is used, unless `manage.py key_cache ttl` has
# set another time. A change made by SQL, which the service does not notice, takes effect after
# this time.
KEY_CACHE_TTL_SECONDS = env.int("KEY_CACHE_TTL_SECONDS", default=300)

# KEY_CACHE_STALE_SECONDS: how much longer a cached key is used while the database is down.
KEY_CACHE_STALE_SECONDS = env.int("KEY_CACHE_STALE_SECONDS", default=300)

# KEY_CACHE_MAX_ENTRIES: how many keys each process keeps in memory, about 0.6 kB each.
KEY_CACHE_MAX_ENTRIES = env.int("KEY_CACHE_MAX_ENTRIES", default=10_000)

CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": _redis_location,
        "KEY_PREFIX": REDIS_KEY_PREFIX,
        "OPTIONS": {
            # Never pickle: write access to Redis must not mean running code here.
            "SERIALIZER": "django_redis.serializers.json.JSONSerializer",
            **_redis_options,
        },
    },
    "keys": {
        "BACKEND": "gatewayz.caching.backend.TwoLevelCache",
        "LOCATION": _redis_location,
        # In a Redis Cluster, the braces keep all entries on one node.
        "KEY_PREFIX": f"{REDIS_KEY_PREFIX}:{{keys}}",
        "TIMEOUT": KEY_CACHE_TTL_SECONDS,
        "OPTIONS": {
            "LOCAL_MAX_ENTRIES": KEY_CACHE_MAX_ENTRIES,
            "EXPIRED_SECONDS": KEY_CACHE_STALE_SECONDS,
            **_redis_options,
        },
    },
    # Connections of the task queue. A worker waits for up to 1 s at an empty queue, so these need
    # a longer time-out.
    "queue": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": with_timeouts(_redis_location, connect_seconds=2, answer_seconds=5),
        "OPTIONS": _redis_options,
    },
}

# --- Background work (django-q2) --------------------------------------------------------------


# WORKERS: how many processes one `manage.py qcluster` has.
Q_CLUSTER = {
    # One script writes to the queue and the activity buffer. The same hash tag keeps both on one
    # node of a Redis Cluster.
    "name": f"{REDIS_KEY_PREFIX}:{{activity}}",
    "label": "Background tasks",
    "workers": env.int("WORKERS", default=2),
    "django_redis": "queue",
    "timeout": 60,
    # Longer than the timeout; otherwise a slow task would run twice.
    "retry": 120,
    "max_attempts": 3,
    "save_limit": 250,
    "catch_up": False,
    "log_level": "WARNING",
}

# --- Activity ---------------------------------------------------------------------------------

# GATEWAYZ_DEFER_ACTIVITY: when off, activity is written in the request instead of by a worker.
DEFER_ACTIVITY = env.bool("GATEWAYZ_DEFER_ACTIVITY", default=True)

# ACTIVITY_BUFFER_LIMIT: how many events may wait in Redis; further ones are written in the
# request. An event takes about 250 bytes, so 100,000 take 25 MB, and one worker writes them in
# seconds.
ACTIVITY_BUFFER_LIMIT = env.int("ACTIVITY_BUFFER_LIMIT", default=100_000)

# ACTIVITY_RETENTION_DAYS: how long the activity log keeps an event; 0 means for ever. Weeks are
# deleted as a whole, so it is up to a week more. The daily sums stay. The default is a year and a
# month in which to look back at it.
ACTIVITY_RETENTION_DAYS = env.int("ACTIVITY_RETENTION_DAYS", default=400)

# --- Notifications ----------------------------------------------------------------------------

# EMAIL_URL: the mail server: smtp+tls://user:password@host:587 (STARTTLS),
# smtp+ssl://user:password@host:465, or smtp://host:25; percent-encode special characters in the
# password. When empty, development writes e-mails to files in the data directory, and production
# sends none (`manage.py check --deploy` warns of that).
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

# For each step of the conversation with the mail server; well below the time-out of a task.
EMAIL_TIMEOUT = 10

# EMAIL_FROM: the sender of e-mails, such as `Gatewayz <notifications@example.com>`.
DEFAULT_FROM_EMAIL = env("EMAIL_FROM", default="Gatewayz <notifications@localhost>")

# NOTIFICATION_RETENTION_DAYS: how long notifications are kept; 0 means for ever.
NOTIFICATION_RETENTION_DAYS = env.int("NOTIFICATION_RETENTION_DAYS", default=400)

# WEBHOOKS_TO_PRIVATE_NETWORKS: allow webhooks with http or to private addresses, to try them on
# your own machine. Never in production, where users could reach into the network.
WEBHOOKS_TO_PRIVATE_NETWORKS = env.bool("WEBHOOKS_TO_PRIVATE_NETWORKS", default=False)
if WEBHOOKS_TO_PRIVATE_NETWORKS and PRODUCTION:
    raise ImproperlyConfigured("WEBHOOKS_TO_PRIVATE_NETWORKS must be off in production")

# --- Referrals --------------------------------------------------------------------------------

# INVITE_URL: the page of the front end that referral links open, with `?ref=CODE`. Without a host
# it is on the host of the request.
INVITE_URL = env("INVITE_URL", default="/signup")

# REFERRAL_BONUS_DOLLARS: the credit for each of the two users; REFERRAL_MAX_USES: how often a new
# code can be applied.
REFERRAL_BONUS_DOLLARS = Decimal(env("REFERRAL_BONUS_DOLLARS", default="10.00"))
REFERRAL_MAX_USES = env.int("REFERRAL_MAX_USES", default=10)

# --- Limits -----------------------------------------------------------------------------------

# RATE_LIMITS_FAIL_OPEN: whether requests are allowed without counting while Redis is down; when
# off, they are rejected with 503.
RATE_LIMITS_FAIL_OPEN = env.bool("RATE_LIMITS_FAIL_OPEN", default=True)

# --- API --------------------------------------------------------------------------------------

# REQUEST_DEADLINE_SECONDS: the time after which an unfinished request is answered with 503.
# Clients may ask for less with `X-Request-Timeout`. It is far below the 15 s after which they give
# up.
REQUEST_DEADLINE_SECONDS = env.float("REQUEST_DEADLINE_SECONDS", default=5)

# DOWNLOAD_SECONDS: the time after which an unfinished export is cut off. Each of its pages is read
# within REQUEST_DEADLINE_SECONDS.
DOWNLOAD_SECONDS = env.float("DOWNLOAD_SECONDS", default=900)

# DEFAULT_CHAT_MODEL: the model of a session created without one.
DEFAULT_CHAT_MODEL = env("DEFAULT_CHAT_MODEL", default="openai/gpt-3.5-turbo")

# IDEMPOTENCY_KEY_HOURS: how long a request that repeats an Idempotency-Key gets the first answer.
IDEMPOTENCY_KEY_HOURS = env.int("IDEMPOTENCY_KEY_HOURS", default=24)

# CHAT_RETENTION_DAYS: how long a deleted session can be restored before it is purged; 0 means for
# ever.
CHAT_RETENTION_DAYS = env.int("CHAT_RETENTION_DAYS", default=30)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.access.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "accounts.access.permissions.HasScope",
    ],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.limits.throttles.PrincipalThrottle"],
    # For the OpenAPI description only; see gatewayz.api.view.
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
        "gatewayz.api.openapi.usual_problems",
        "gatewayz.api.openapi.only_used_tags",
        "gatewayz.api.openapi.whole_answers",
    ],
    "ENUM_NAME_OVERRIDES": {
        "Role": "chat.models.ChatMessage.Role",
        "MessageStatus": "chat.models.ChatMessage.Status",
        "NotificationStatus": "accounts.models.Notification.Status",
        "FeedbackType": "chat.models.Feedback.Type",
    },
}

# --- Operation --------------------------------------------------------------------------------

# GATEWAYZ_VERSION: the name of the build (a tag or commit), shown in metrics, in traces and on the
# page at `/`. By default the version in gatewayz/__init__.py.
GATEWAYZ_VERSION = env("GATEWAYZ_VERSION", default="") or __version__

# METRICS_TOKEN: the token that Prometheus sends as `Authorization: Bearer …` to read /metrics.
# When empty, /metrics answers 404, except in development to callers on the same machine.
METRICS_TOKEN = env("METRICS_TOKEN", default="")
if PRODUCTION and 0 < len(METRICS_TOKEN) < 20:
    raise ImproperlyConfigured("METRICS_TOKEN must be at least 20 random characters in production")

# PROMETHEUS_MULTIPROC_DIR (read by gatewayz/telemetry/metrics/slots.py): the folder in which the
# processes of one server share their metrics, preferably in memory (/run, /dev/shm). By default
# wsgi.py uses one below the folder for temporary files.

# LOG_FORMAT: `json`, one object per line (the default in production), or `line`, for people.
LOG_FORMAT = env("LOG_FORMAT", default="json" if PRODUCTION else "line")
if LOG_FORMAT not in {"json", "line"}:
    raise ImproperlyConfigured("LOG_FORMAT must be `json` or `line`")

# ACCESS_LOG: whether every request is logged with its route, status and time; on by default when
# LOG_FORMAT is `json`.
ACCESS_LOG = env.bool("ACCESS_LOG", default=LOG_FORMAT == "json")

# LOG_LEVEL: the lowest level that is logged: DEBUG, INFO, WARNING or ERROR.
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
        # Invalid keys and unknown paths are the callers' errors, not the service's.
        "django.request": {"level": "ERROR", "filters": ["route"]},
        # At DEBUG it logs the contexts of templates, one of which has new keys.
        "django.template": {"level": "INFO"},
        "django-q": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}
