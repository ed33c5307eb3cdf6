"""Settings of the companion: defaults, then one file, then the environment. An unknown key is an error."""

import difflib
import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from companion.errors import SettingError

PREFIX = "COMPANION_"
FILE = "companion.toml"
ADDRESSES = {  # key: how its address begins
    "public_url": ("http", "https"),
    "database_url": ("postgresql", "postgres"),
    "redis_url": ("redis", "rediss"),
    "storage_url": ("s3",),
    "s3_endpoint": ("http", "https"),
    "mail_url": ("smtp", "smtps"),
    "oidc_url": ("http", "https"),
    "broker_url": ("mqtt", "mqtts"),
}
MARK = "RACKDECK_COMPANION"  # in the environment of every process that the runner starts; its value is the folder


def default_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """`companion/` in the box's home: `RACKDECK_HOME`, else the XDG data folder."""
    home = environ.get("RACKDECK_HOME")
    if home:
        return Path(home).expanduser().absolute() / "companion"
    data = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "rackdeck" / "companion"


_REFERENCE_HEAD = """\
# Settings of the companion

Every key can stand in `companion.toml` in the companion's folder, as `key = value`, or in the environment, as
`COMPANION_KEY`. The environment wins over the file, the options of `rackdeck companion` over both. `COMPANION_FILE`
names another file. `DATABASE_URL` is understood too. A key that is not in this table is an error.

`rackdeck companion admin settings show` prints what is set, `show --all` a file with every key to start from. This page
is written by `rackdeck companion admin settings reference`.

| key | what it means | default |
| --- | --- | --- |
"""


class Settings(BaseModel):
    """Every key, as `key` in companion.toml or `COMPANION_KEY` in the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="where everything lasting is kept: database, music, keys, backups")
    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: int = Field(8000, ge=1, le=65535, description="port of the page and the API")
    live_port: int = Field(
        0,
        ge=0,
        le=65535,
        validate_default=True,
        description="port of live events (WebSocket); 0 is the next after port",
    )
    public_url: str = Field("", description="how browsers reach this companion; empty is http://host:port")
    trusted_proxies: int = Field(0, ge=0, le=5, description="reverse proxies whose X-Forwarded headers are believed")
    database_url: str = Field("", description="postgresql://…; empty is SQLite in the folder. DATABASE_URL works too")
    redis_url: str = Field("", description="redis://… for limits, jobs and events of more than one machine")
    storage_url: str = Field("", description="s3://bucket/prefix; empty keeps files in the folder")
    s3_endpoint: str = Field("", description="address of an S3-compatible server; empty is Amazon's")
    s3_region: str = Field("us-east-1", description="region of the bucket")
    mail_url: str = Field("", description="smtp://user:password@host:587; empty writes mail into the folder's outbox")
    mail_from: str = Field("Rackdeck <rackdeck@localhost>", description="sender of mail")
    sign_up: Literal["open", "invited", "closed"] = Field("open", description="who may make an account")
    google_client_id: str = Field("", description="sign-in with Google; empty is off")
    google_client_secret: str = Field("", validate_default=True, description="its secret")
    github_client_id: str = Field("", description="sign-in with GitHub; empty is off")
    github_client_secret: str = Field("", validate_default=True, description="its secret")
    oidc_url: str = Field("", description="address of another OpenID provider; empty is off")
    oidc_name: str = Field("Single sign-on", description="what its button says")
    oidc_client_id: str = Field("", description="client id there")
    oidc_client_secret: str = Field("", validate_default=True, description="its secret")
    broker_url: str = Field(
        "", description="mqtt://user:password@host of another broker; empty is what `rackdeck broker` runs here"
    )
    broker_address: str = Field("", description="host:port by which boxes reach the broker; empty is this host")
    threads: int = Field(8, ge=1, le=64, description="requests worked on at one time in each web process")
    workers: int = Field(1, ge=1, le=64, description="web processes; more than one needs redis_url")
    limits: bool = Field(True, description="limit how often a user or address may call")
    limit_factor: float = Field(1.0, gt=0, le=1000, description="all limits times this")
    job_threads: int = Field(2, ge=1, le=64, description="jobs worked on at one time in each jobs process")
    backup_folder: str = Field("", description="where backups go, best another disk; empty is backups/ in the folder")
    backup_hours: int = Field(6, ge=1, le=168, description="hours between backups")
    backup_keep: int = Field(28, ge=1, le=1000, description="backups kept")
    largest_audio_mb: int = Field(
        4096, ge=1, le=1_000_000, description="most MB (1,000,000 bytes) of an audio file; more than 4 GB needs RF64"
    )
    largest_video_mb: int = Field(4096, ge=1, le=1_000_000, description="most MB of a video")
    largest_image_mb: int = Field(50, ge=1, le=1000, description="most MB of a picture")
    largest_project_mb: int = Field(1000, ge=1, le=1_000_000, description="most MB of a project (json, zip)")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")
    metrics_token: str = Field("", description="bearer token for /metrics; empty lets this machine alone read it")

    @field_validator("folder")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().absolute()

    @field_validator("live_port")
    @classmethod
    def _another_port(cls, live: int, others: ValidationInfo) -> int:
        port = others.data.get("port", 0)
        if live == port or (live or port + 1) > 65535:
            raise ValueError("choose another port than that of the page, up to 65535")
        return live

    @field_validator("google_client_secret", "github_client_secret", "oidc_client_secret")
    @classmethod
    def _with_id(cls, secret: str, field: ValidationInfo) -> str:
        client = str(field.field_name).replace("secret", "id")
        if field.data.get(client) and not secret:
            raise ValueError(f"{client} is set without its secret; set both, or neither")
        return secret

    @field_validator("oidc_client_id")
    @classmethod
    def _with_address(cls, client: str, others: ValidationInfo) -> str:
        if client and not others.data.get("oidc_url"):
            raise ValueError("it needs oidc_url, the address of the provider; set both, or neither")
        return client

    @field_validator(*ADDRESSES)
    @classmethod
    def _address(cls, value: str, field: ValidationInfo) -> str:
        schemes, address = ADDRESSES[str(field.field_name)], urlsplit(value)
        if value and (address.scheme not in schemes or not address.netloc):
            raise ValueError(f"it must begin with {' or '.join(f'{scheme}://' for scheme in schemes)} and name a host")
        if field.field_name == "public_url" and (address.path.strip("/") or address.query or address.fragment):
            raise ValueError("the companion needs a host of its own: nothing may follow the name and port")
        return value

    @property
    def url(self) -> str:
        """How browsers reach this companion, without a slash at the end."""
        host = "localhost" if self.host in ("0.0.0.0", "127.0.0.1", "::", "::1") else self.host
        return self.public_url.rstrip("/") or f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def cookie(self) -> str:
        """The name of the session's cookie. By `__Host-` browsers take it from this host and by TLS alone."""
        return "__Host-rackdeck" if self.secure else "rackdeck"

    @property
    def secure(self) -> bool:
        """Whether browsers come by TLS: cookies are then marked Secure."""
        return self.url.startswith("https://")

    @property
    def live(self) -> int:
        """The port of live events."""
        return self.live_port or self.port + 1


def load(environ: Mapping[str, str] = os.environ, **overrides: Any) -> Settings:
    """Settings from the file and the environment; `overrides` win. SettingError says what to change."""
    named = overrides.get("folder") or environ.get(PREFIX + "FOLDER") or default_folder(environ)
    folder = Path(named).expanduser().absolute()
    values: dict[str, Any] = {"folder": folder}
    file = Path(environ.get(PREFIX + "FILE") or folder / FILE)
    if file.exists():
        try:
            values |= tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
            raise SettingError(f"{file} cannot be read: {exc}") from exc
    if "DATABASE_URL" in environ:
        values["database_url"] = environ["DATABASE_URL"]
    for name, value in environ.items():
        if name.startswith(PREFIX) and name != PREFIX + "FILE":
            values[name.removeprefix(PREFIX).lower()] = value
    values |= {key: value for key, value in overrides.items() if value is not None}
    for key in values:
        if key not in Settings.model_fields:
            near = difflib.get_close_matches(key, Settings.model_fields, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise SettingError(f"no setting is called {key}{hint}")
    try:
        return Settings(**values)
    except ValidationError as exc:
        first = exc.errors()[0]
        raise SettingError(f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ').lower()}") from exc


def show(settings: Settings) -> str:
    """What differs from the defaults, as TOML; secrets are dots."""
    lines = []
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        if name != "folder" and value == field.default:
            continue
        secret = name.endswith(("secret", "token")) or ("@" in str(value) and name.endswith("url"))
        text = "…" if secret else str(value)
        lines.append(
            f"{name} = {text.lower() if isinstance(value, bool) else value}"
            if isinstance(value, (bool, int, float))
            else f"{name} = {json.dumps(text, ensure_ascii=False)}"
        )
    return "\n".join(lines) + "\n"


def reference() -> str:
    """docs/settings.md: every key, what it means and its default."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = (
            "`companion/` in the box's home"
            if name == "folder"
            else f"`{field.default}`"
            if field.default != ""
            else ""
        )
        rows.append(
            f"| `{name}` | {field.description} | {default.lower() if isinstance(field.default, bool) else default} |"
        )
    return _REFERENCE_HEAD + "\n".join(rows) + "\n"


def describe() -> str:
    """All keys with their defaults, as a commented TOML file."""
    lines = []
    for name, field in Settings.model_fields.items():
        default = "" if name == "folder" else field.default
        shown = str(default).lower() if isinstance(default, bool) else default
        lines += [
            f"# {field.description}",
            f'#{name} = "{shown}"' if isinstance(default, str) else f"#{name} = {shown}",
        ]
    return "\n".join(lines) + "\n"
