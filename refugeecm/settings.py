"""What does an installation decide? Everything here comes from the environment and fails loudly when it is missing or wrong.

Needed: DATABASE_URL (role app), MIGRATE_DATABASE_URL (role owner, for `migrate` only), REDIS_URL, SECRET_KEY,
KEY_ENCRYPTION_KEYS, BLIND_INDEX_KEY, ALLOWED_HOSTS. `./manage.py up` supplies all of them on one machine.
"""

import base64
import re
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import environ
import pghistory
from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.FileAwareEnv()  # every NAME may also be given as NAME_FILE, for secrets mounted as files


def _keys(name: str) -> dict[str, bytes]:
    """Read "id:base64,id:base64" into {id: 32 bytes}; the first is used for new values, the others only for reading."""
    keys: dict[str, bytes] = {}
    for part in env.str(name).split(","):
        number, _sep, text = part.strip().partition(":")
        try:
            key = base64.b64decode(text, validate=True)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name}: key {number!r} is not base64.") from error
        if not number.isdigit() or len(key) != 32:
            raise ImproperlyConfigured(
                f"{name}: write it as number:base64 of 32 bytes, for example 1:{'A' * 43}=."
            )
        keys[number] = key
    return keys


def _database(url_name: str) -> dict[str, object]:
    """Read a PostgreSQL URL; a Unix socket is written postgres://role@/name?host=%2Fdirectory."""
    config = env.db_url(url_name)
    if config["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            f"{url_name}: only PostgreSQL will do, row-level security is the second wall."
        )
    return {**config, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True, "ATOMIC_REQUESTS": False}


SECRET_KEY = env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
KEY_ENCRYPTION_KEYS = _keys("KEY_ENCRYPTION_KEYS")
BLIND_INDEX_KEY = base64.b64decode(env.str("BLIND_INDEX_KEY"))
if len(BLIND_INDEX_KEY) < 32:
    raise ImproperlyConfigured("BLIND_INDEX_KEY: give the base64 of at least 32 random bytes.")
# Signs the seals of the audit trail; without a key of its own one is derived (core.seals). Older ones stay, to verify by.
SEAL_KEYS = _keys("SEAL_KEYS") if env.str("SEAL_KEYS", default="") else {}
BACKUP_KEY = env.str("BACKUP_KEY", default="")  # needed by dump, restore and drill alone
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
INSECURE_COOKIES = env.bool("INSECURE_COOKIES", default=False)  # for http on this machine alone
REDIS_URL = env.str("REDIS_URL")
# Receivers of webhooks on this very machine, as "http://127.0.0.1:9000", for proofs and demonstrations.
LOOPBACK_ORIGINS = env.list("LOOPBACK_ORIGINS", default=[])
for _origin in LOOPBACK_ORIGINS:
    if not INSECURE_COOKIES or urlsplit(_origin).hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise ImproperlyConfigured(
            "LOOPBACK_ORIGINS: only where INSECURE_COOKIES is set, and only this machine itself."
        )

# A virus scanner that speaks clamd's INSTREAM, for uploaded files: "unix:/run/clamav/clamd.ctl" or "tcp:host:3310"; none by default.
VIRUS_SCANNER = env.str("VIRUS_SCANNER", default="")
if VIRUS_SCANNER and not re.fullmatch(r"unix:/.+|tcp:.+:\d{1,5}", VIRUS_SCANNER):
    raise ImproperlyConfigured("VIRUS_SCANNER: write it as unix:/path or as tcp:host:port.")

DATABASES = {"default": _database("DATABASE_URL")}
MIGRATE_DATABASE = _database("MIGRATE_DATABASE_URL") if env.str("MIGRATE_DATABASE_URL", default="") else None
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "refugeecm.core",
    "agencies",
    "registration",
    "cases",
    "resettlement",
    "refugeecm.pages",
    "refugeecm.demonstration",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.idp.oidc",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "pghistory",
    "guardian",
]
if find_spec("django_migration_linter"):  # with the packages of development only
    INSTALLED_APPS.append("django_migration_linter")
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "agencies.access.AccessMiddleware",
]
ROOT_URLCONF = "refugeecm.urls"
WSGI_APPLICATION = "refugeecm.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "refugeecm.pages.shell.shell",
                "refugeecm.demonstration.context.demonstration",
            ],
        },
    },
]

# Sign-in: e-mail, password and a second factor for everyone (trust.md, checklist "Auth").
AUTH_USER_MODEL = "core.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "refugeecm.core.sign_in.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts are made by an administrator's invitation, never by signing up
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # such a mail would invite people to sign up
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "refugeecm.core.links.Links"  # noqa: S105
ACCOUNT_FORMS = {"reset_password": "refugeecm.core.forms.ResetForm"}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
PASSWORD_RESET_TIMEOUT = 72 * 3600  # seconds, for the link of an invitation; others: refugeecm.core.links
MFA_ADAPTER = "refugeecm.core.sign_in.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True  # a passkey with its own PIN or fingerprint is two factors
MFA_FORMS = {
    "add_webauthn": "refugeecm.core.passkeys.AddForm",
    "edit_webauthn": "refugeecm.core.passkeys.EditForm",
    "login_webauthn": "refugeecm.core.passkeys.LoginForm",
    "authenticate_webauthn": "refugeecm.core.passkeys.FactorForm",
    "reauthenticate_webauthn": "refugeecm.core.passkeys.AgainForm",
}
MFA_TOTP_ISSUER = "refugeecm"
MFA_ALLOW_UNVERIFIED_EMAIL = True
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
IDLE_SECONDS = 30 * 60
DESK_LOCK_SECONDS = 10 * 60  # of idleness, after which a desk with a PIN is locked

# Guardian keeps the readers of sealed files, in tables of ours; its own doors stay shut (agencies.access decides).
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]  # its backend would open a second door

# REST clients: OAuth2 client credentials on the tables of allauth's identity provider (agencies.api).
IDP_OIDC_ADAPTER = "refugeecm.core.sign_in.ClientAdapter"
REST_FRAMEWORK = {
    # agencies.api.AgencyView declares its own; named here they would be imported in a circle. What declares nothing is refused.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "refugeecm.core.api.CursorPage",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_THROTTLE_RATES": {"client": "600/min"},
    "EXCEPTION_HANDLER": "refugeecm.core.api.problem",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "refugeecm",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "Case status for partner systems, under the agreements of their agency.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},  # the validator would be another host
    "ENUM_NAME_OVERRIDES": {
        "ClaimStatus": "cases.enums.ClaimStatus",
        "Outcome": "cases.enums.Outcome",
        "ReferralStatus": "resettlement.enums.ReferralStatus",
        "ReferralOutcome": "resettlement.enums.ReferralOutcome",
        "Urgency": "resettlement.enums.Urgency",
        "Sex": "registration.enums.Sex",
        "Precision": "registration.enums.Precision",
    },
    "WEBHOOKS": ["agencies.serializers.telling"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
}

# History: INSERT once per statement, UPDATE and DELETE per row; context inside the event (database.md, traps 4 to 7).
PGHISTORY_CONTEXT_FIELD = pghistory.ContextJSONField()
PGHISTORY_CONTEXT_ID_FIELD = pghistory.ContextUUIDField()
PGHISTORY_FOREIGN_KEY_FIELD = pghistory.ForeignKey(db_index=False)
PGHISTORY_BASE_MODEL = "refugeecm.core.history.Event"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1).replace("?db=", "?virtual_host=", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = (
    False  # the sweeper finds what a lost worker left; a poisoned hint must not circle
)
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 500
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 2}
CELERY_TASK_TIME_LIMIT = 600
CELERY_TIMEZONE = "UTC"


def _every(task: str, schedule: float | crontab, *, expires: float = 0, **kwargs: int) -> dict[str, object]:
    """Return a line of the calendar; a hint that nobody has taken by the next one is thrown away."""
    options = {"expires": expires or schedule}
    return {"task": task, "schedule": schedule, "kwargs": kwargs, "options": options}


CELERY_BEAT_SCHEDULE = {
    "seal what was written": _every("agencies.tasks.seal_what_was_written", 600.0),
    "check the seals of a day": _every("agencies.tasks.check_seals", 3600.0, days=1),
    "check all seals": _every("agencies.tasks.check_seals", crontab(hour=2, minute=30), expires=3600),
    "drain the outbox": _every("agencies.tasks.drain_outbox", 5.0),
    "send mail": _every("agencies.tasks.send_mail", 5.0),
    "send webhooks": _every("agencies.tasks.send_webhooks", 3.0),
    "renew names": _every("registration.tasks.renew_names", 120.0),
    "learn weights": _every("registration.tasks.learn_weights", crontab(hour=1, minute=15), expires=3600),
    "compare the register with itself": _every("registration.tasks.sweep_register", 90.0),
    "scan uploads": _every("registration.tasks.scan_uploads", 10.0),
    "close exercises": _every("registration.tasks.close_exercises", 60.0),
    "erase whom two people decided": _every("registration.tasks.erase", 30.0),
    "suggest whose period is over": _every(
        "registration.tasks.suggest_erasures", crontab(hour=4, minute=15), expires=3600
    ),
    "sweep deadlines": _every("registration.tasks.sweep_deadlines", 3600.0),
    "end questions": _every("registration.tasks.end_questions", 3600.0),
    "print batches of documents": _every("registration.tasks.print_batches", 3.0),
    "end documents": _every("registration.tasks.end_documents", 3600.0),
    "sweep open imports": _every("registration.tasks.sweep_imports", 3.0),
    "sweep open exports": _every("agencies.tasks.sweep_exports", 3.0),
    # Every hour, for who was not told since yesterday.
    "daily mail": _every("agencies.tasks.mail_daily", 3600.0),
    "end exports": _every("agencies.tasks.end_exports", 300.0),
    "end what has run out": _every("agencies.tasks.end_expired", 3600.0),
    "remove what is done and over": _every("agencies.tasks.purge", crontab(hour=3, minute=30), expires=3600),
    "look after members and reviews": _every("agencies.tasks.look_after_members", 3600.0),
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ar", _("Arabic"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.str("TIME_ZONE", default="UTC")

STATIC_URL = "static/"
# On one machine files are served from where they lie; elsewhere from what collectstatic gathered.
STATIC_ROOT = None if INSECURE_COOKIES else env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = INSECURE_COOKIES
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.InMemoryStorage"
    },  # no files on disk: uploads are sealed rows
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if INSECURE_COOKIES
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 2**20

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not INSECURE_COOKIES
SECURE_SSL_REDIRECT = not INSECURE_COOKIES and env.bool("SSL_REDIRECT", default=True)
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", default=False) else None
)
SECURE_HSTS_SECONDS = 0 if INSECURE_COOKIES else 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not INSECURE_COOKIES
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/api/v1/docs"],  # the OpenAPI page starts itself with an inline script
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    },
}

EMAIL_URL = env.email_url("EMAIL_URL", default="consolemail://")
EMAIL_BACKEND = EMAIL_URL["EMAIL_BACKEND"]
EMAIL_HOST, EMAIL_PORT = EMAIL_URL.get("EMAIL_HOST") or "localhost", EMAIL_URL.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = EMAIL_URL.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = EMAIL_URL.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_URL.get("EMAIL_USE_TLS", False), EMAIL_URL.get("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="refugeecm@localhost")
# What links in mails begin with; pages are linked from the request. `up` gives its address.
SITE_URL = env.str("SITE_URL", default="") or env.str(
    "REFUGEECM_ADDRESS", default=f"https://{(ALLOWED_HOSTS or ['localhost'])[0]}"
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {"django.request": {"level": "ERROR"}, "celery": {"level": "WARNING"}},
}
