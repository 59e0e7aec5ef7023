"""All settings of the service, one model. Read from the environment (`EDITION_MIGRATION_...`), a `.env` file, or files.

Temporal's own connection settings are not here: they are `temporalio.envconfig`'s (TEMPORAL_ADDRESS, profiles).
`README.md` has the same table; a test compares them. A blank variable means unset.
"""

import base64
import binascii
import os
import secrets
from ipaddress import IPv4Address, ip_network
from pathlib import Path
from typing import Any

from pydantic import Field, IPvAnyAddress, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

from edition_migration.domain.durations import LONGEST, Duration
from edition_migration.domain.errors import ConfigurationError, Problem
from edition_migration.domain.purge import LEAST_EVENTS, LEAST_REST
from edition_migration.domain.texts import WebUrl
from edition_migration.domain.validation import problems_of
from edition_migration.ports.mails import RelaySecurity

PREFIX = "EDITION_MIGRATION_"
LEAST_KEY_BYTES = 32
_PLACEHOLDERS = frozenset({"", "changeme", "change-me", "secret", "placeholder", "todo", "xxx", "example"})


class Settings(BaseSettings):
    """Defaults serve one machine; secrets have none."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    database_url: SecretStr = Field(
        default=SecretStr("sqlite+aiosqlite:///var/edition-migration.db"),
        description="SQLAlchemy URL: `sqlite+aiosqlite:///FILE` or `postgresql+asyncpg://USER:PASSWORD@HOST/NAME`",
    )
    database_connections: int = Field(
        default=20,
        ge=2,
        le=1000,
        description="The most connections that one process opens to PostgreSQL; to a SQLite file, the most that read",
    )
    link_base: WebUrl = Field(
        default="http://127.0.0.1:8080",
        description="Public address of the web process; the only source of the links in mails",
    )
    link_keys: SecretStr = Field(
        description="Keys of reset links, `ID:BASE64` of 32 bytes or more, separated by commas; the first makes new "
        "links, the others keep older links working"
    )
    webhook_secrets: SecretStr = Field(
        description="Secrets of event senders, `whsec_BASE64` of 24 bytes or more, separated by commas; all are live"
    )
    page_secret: SecretStr = Field(description="Signs the password page's form protection; 32 characters or more")
    smtp_host: str = Field(default="127.0.0.1", description="The SMTP relay")
    smtp_port: int = Field(default=1025, ge=1, le=65535, description="Its port")
    smtp_security: RelaySecurity = Field(
        default=RelaySecurity.STARTTLS, description="`none`, `starttls` (587) or `tls` (465)"
    )
    smtp_username: str | None = Field(default=None, description="Login at the relay, if it wants one")
    smtp_password: SecretStr | None = Field(default=None, description="Password of that login")
    smtp_ca_file: str | None = Field(default=None, description="PEM file of the relay's own authority")
    smtp_sender: str = Field(default="no-reply@localhost", description="The address in From, without a name")
    smtp_message_domain: str = Field(default="localhost", description="Domain part of every Message-ID")
    mails_per_second: float = Field(default=10.0, gt=0, description="Rate of the mail queue, whole service")
    web_host: str = Field(default="127.0.0.1", description="Where the web process listens")
    web_port: int = Field(default=8080, ge=0, le=65535, description="Its port")
    trusted_proxies: str = Field(
        default="",
        description="IP addresses and networks of the proxies before the web process, separated by commas; who asks is "
        "read from `X-Forwarded-For` where one of these sent it, and from nobody else",
    )
    sign_ins_per_minute: int = Field(
        default=300, ge=1, description="Sign-ins from one client address a minute and web process; an office is one"
    )
    page_requests_per_minute: int = Field(
        default=600, ge=1, description="Requests of the password page, likewise; a user needs three or four"
    )
    worker_health_host: str = Field(default="127.0.0.1", description="Where the worker answers /healthz and /readyz")
    worker_health_port: int = Field(default=8081, ge=0, le=65535, description="Its port")
    metrics_host: IPvAnyAddress = Field(
        default=IPv4Address("127.0.0.1"),
        description="IP address where worker and web process serve metrics for Prometheus, at /metrics",
    )
    worker_metrics_port: int | None = Field(
        default=None, ge=1, le=65535, description="The worker's port for metrics; without it none are served"
    )
    web_metrics_port: int | None = Field(default=None, ge=1, le=65535, description="The web process's, likewise")
    drain_time: Duration = Field(
        default="30s",  # pyright: ignore[reportArgumentType] - validated like the variable
        validate_default=True,
        description="How long running activities may go on after SIGTERM",
    )
    hashing_threads: int = Field(default=2, ge=1, le=64, description="Passwords hashed at once (64 MiB each)")
    sign_in_refusal: Duration = Field(
        default="1s",  # pyright: ignore[reportArgumentType] - validated like the variable
        validate_default=True,
        description="The least time that a refusal of wrong credentials takes",
    )
    retention: Duration = Field(
        default="400d",  # pyright: ignore[reportArgumentType] - validated like the variable
        validate_default=True,
        ge=LEAST_REST,
        le=LONGEST,
        description="How long mails, links, former addresses and sign-in sessions of a user are kept after his last "
        "migration has ended; 30 days or more. The journal is never removed",
    )
    event_retention: Duration = Field(
        default="30d",  # pyright: ignore[reportArgumentType] - validated like the variable
        validate_default=True,
        ge=LEAST_EVENTS,
        le=LONGEST,
        description="How long settled events are kept as they came, names and addresses included; 4 days or more, "
        "since senders repeat an event for so long",
    )
    temporal_ui: WebUrl | None = Field(
        default=None, description="Address of the Temporal UI, for links to workflows, e.g. `https://temporal.example`"
    )
    secrets_dir: Path | None = Field(
        default=None,
        description="Folder of files, each named as a variable of this table and holding its value, for secrets that "
        "are mounted; read from the environment only",
    )
    log_level: str = Field(default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="Least level logged")
    log_format: str = Field(default="json", pattern="^(json|console)$", description="`json` or `console`")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, dotenv_settings, secret_files(settings_cls)

    @field_validator("secrets_dir")
    @classmethod
    def _is_folder(cls, folder: Path | None) -> Path | None:
        if folder and not folder.is_dir():
            raise ValueError("is no folder")
        return folder

    @field_validator("link_keys", "webhook_secrets", "page_secret")
    @classmethod
    def _is_real(cls, secret: SecretStr, info: ValidationInfo) -> SecretStr:
        """A placeholder or a weak secret stops the process here, with the setting's name and never its value."""
        text = secret.get_secret_value()
        if text.strip().lower() in _PLACEHOLDERS:
            raise ValueError("is a placeholder; make one with `starter.py secrets`")
        match info.field_name:
            case "link_keys":
                _link_keys(text)
            case "webhook_secrets":
                _webhook_secrets(text)
            case _ if len(text) < LEAST_KEY_BYTES:
                raise ValueError(f"is shorter than {LEAST_KEY_BYTES} characters")
            case _:
                pass
        return secret

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, text: str) -> str:
        """A word that is no network would be believed from nobody, silently."""
        for part in _parts(text):
            try:
                ip_network(part)
            except ValueError:
                raise ValueError(f"{part} is no IP address and no network, e.g. 10.0.0.0/8") from None
        return text

    @property
    def trusted_proxy_list(self) -> tuple[str, ...]:
        return _parts(self.trusted_proxies)

    @property
    def keys_of_links(self) -> dict[str, bytes]:
        """The link keys by id; the first is the current one."""
        return _link_keys(self.link_keys.get_secret_value())

    @property
    def webhook_secret_list(self) -> tuple[str, ...]:
        return _webhook_secrets(self.webhook_secrets.get_secret_value())


def secret_files(settings: type[BaseSettings]) -> SecretsSettingsSource:
    """Values of the files in EDITION_MIGRATION_SECRETS_DIR; none where there is no such folder."""
    folder = os.environ.get(variable_of("secrets_dir"))
    return SecretsSettingsSource(settings, secrets_dir=folder if folder and Path(folder).is_dir() else None)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _link_keys(text: str) -> dict[str, bytes]:
    keys: dict[str, bytes] = {}
    for part in text.split(","):
        key_id, _, encoded = part.strip().partition(":")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        if not key_id or len(key) < LEAST_KEY_BYTES:
            raise ValueError(f"needs ID:BASE64 of {LEAST_KEY_BYTES} bytes or more in each part")
        keys[key_id] = key
    return keys


def _webhook_secrets(text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(","))
    if not all(_is_webhook_secret(part) for part in parts):
        raise ValueError("needs whsec_BASE64 of 24 bytes or more in each part")
    return parts


def _is_webhook_secret(secret: str) -> bool:
    try:
        return secret.startswith("whsec_") and len(base64.b64decode(secret.removeprefix("whsec_"), validate=True)) >= 24
    except binascii.Error:
        return False


def load_settings() -> Settings:
    """The settings of this process. Raises ConfigurationError naming each setting that is missing or wrong."""
    settings, problems = examined_settings()
    if problems:
        mend = "set it in the environment or in .env; `starter.py secrets` helps"
        raise ConfigurationError(" | ".join(str(it) for it in problems), mend=mend)
    return settings


def examined_settings() -> tuple[Settings, tuple[Problem, ...]]:
    """The settings as far as they are right, and each that is missing or wrong, by its variable.

    The latter stand at their default, or at a stand-in that opens nothing: look at nothing that rests on them.
    """
    try:
        return Settings(), ()  # pyright: ignore[reportCallIssue] - required values come from the environment
    except ValidationError as error:
        wrong = {it.path.partition(".")[0]: it for it in problems_of(error)}
    stand_ins = {name: _stand_in(name) for name in wrong}
    return Settings(**stand_ins), tuple(_problem_of(name, it.reason, it.mend) for name, it in wrong.items())


def _problem_of(field: str, reason: str, mend: str) -> Problem:
    """Of a secret the mend is `starter.py secrets`, which whoever shows this says once for all."""
    return Problem(variable_of(field), reason, "" if Settings.model_fields[field].is_required() else mend)


def _stand_in(field: str) -> Any:
    """A value that is valid for this field: its default, or a secret that nobody has."""
    key = base64.b64encode(secrets.token_bytes(LEAST_KEY_BYTES)).decode()
    required = {"link_keys": f"none:{key}", "webhook_secrets": f"whsec_{key}", "page_secret": key}
    return required.get(field, Settings.model_fields[field].default)


def variable_of(field: str) -> str:
    """The variable that sets this field."""
    return f"{PREFIX}{field.upper()}"
