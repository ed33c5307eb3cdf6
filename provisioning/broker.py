"""The broker's files: the configuration of Debian's mosquitto, who may do what, and the companion's password.

The companion puts its certificates into the same folder (`ca.pem`, `broker.pem`, `broker.key`, `crl.pem`) and how its
own processes sign in (`companion.json`); see docs/broker.md.
"""

import base64
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from device.errors import ConfigError
from provisioning import stored

CERTIFICATES = ("ca.pem", "broker.pem", "broker.key", "crl.pem")
ACCESS = "companion.json"
STATE = "broker.json"
ROOT = "rackdeck/v1/box"
_HASHING_ROUNDS = 101  # mosquitto's own; the password has 256 random bits
_HEAD = """\
# Written by `rackdeck broker` at each start; changes are lost. docs/broker.md says why each line is as it is.
per_listener_settings true
{user}persistence true
persistence_location {data}
autosave_interval 60
persistent_client_expiration 14d
max_packet_size 540672
max_inflight_messages 1024
max_queued_messages 50000
max_queued_bytes 67108864
max_keepalive 300
set_tcp_nodelay true
sys_interval 60
log_dest stderr
log_type error
log_type warning
log_type notice
log_type information
connection_messages true
"""
_BOXES = """
listener {port} {host}
max_connections {connections}
allow_anonymous false
cafile {folder}/ca.pem
certfile {folder}/broker.pem
keyfile {folder}/broker.key
crlfile {folder}/crl.pem
tls_version tlsv1.3
require_certificate true
use_identity_as_username true
use_username_as_clientid true
acl_file {folder}/boxes.acl
"""
_COMPANION = """
listener {port} {host}
allow_anonymous false
password_file {folder}/passwords
acl_file {folder}/companion.acl
"""
# mosquitto 2.0 lets anybody subscribe to anything and asks when it delivers: what is not readable here never arrives.
_BOXES_ACL = f"""\
# A box speaks and hears as itself alone: %u is the name in its certificate.
pattern write {ROOT}/%u/up/+
pattern read {ROOT}/%u/down/+
"""
_COMPANION_ACL = f"""\
user {{user}}
topic read {ROOT}/+/up/+
topic write {ROOT}/+/down/+
topic read $SYS/#
"""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Where the broker listens: boxes at host and port by TLS, the companion at `local_host` and `local`."""

    port: int
    local: int
    host: str = "0.0.0.0"
    connections: int = 2000
    local_host: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Access:
    """How the companion's processes sign in. group: of their shared subscription, which nobody else may know."""

    user: str
    password: str
    group: str


def missing(folder: Path) -> list[str]:
    """Which of the companion's files are not there yet."""
    return [name for name in (*CERTIFICATES, ACCESS) if not (folder / name).is_file()]


def read_access(folder: Path) -> Access:
    """What the companion wrote down for its processes. ConfigError when it is damaged."""
    try:
        found = json.loads((folder / ACCESS).read_text(encoding="utf-8"))
        return Access(found["user"], found["password"], found["group"])
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise ConfigError(f"{folder / ACCESS} is damaged; delete it, and the companion writes it anew") from exc


def revocation_number(folder: Path) -> int:
    """The number of the revocation list that lies there. ConfigError when it is damaged."""
    try:
        found = x509.load_pem_x509_crl((folder / "crl.pem").read_bytes())
        return found.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except (OSError, ValueError, x509.ExtensionNotFound) as exc:
        raise ConfigError(f"{folder / 'crl.pem'} is damaged; delete it, and the companion writes it anew") from exc


def write(folder: Path, listeners: Listeners) -> Path:
    """Write configuration, ACLs and password file; returns the configuration's path.

    ConfigError for a folder that mosquitto could not read from its configuration.
    """
    if any(sign in str(folder) for sign in "\n\r"):
        raise ConfigError("the broker's folder must not have a line break in its name; choose another with --folder")
    access = read_access(folder)
    (folder / "data").mkdir(mode=0o700, exist_ok=True)
    user = "user root\n" if os.getuid() == 0 else ""  # else it becomes another user, who may not read the folder
    text = _HEAD.format(user=user, data=folder / "data")
    text += _BOXES.format(port=listeners.port, host=listeners.host, connections=listeners.connections, folder=folder)
    text += _COMPANION.format(port=listeners.local, host=listeners.local_host, folder=folder)
    stored.replace(folder / "boxes.acl", _BOXES_ACL.encode())
    stored.replace(folder / "companion.acl", _COMPANION_ACL.format(user=access.user).encode())
    write_password(folder, access)
    stored.replace(folder / "mosquitto.conf", text.encode())
    return folder / "mosquitto.conf"


def write_password(folder: Path, access: Access) -> None:
    """Write the password file. A reload (SIGHUP) makes mosquitto read it again."""
    line = f"{access.user}:{hashed(access.password, os.urandom(12))}\n"
    stored.replace(folder / "passwords", line.encode())


def hashed(password: str, salt: bytes) -> str:
    """A password as mosquitto keeps it: PBKDF2 with SHA-512."""
    made = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _HASHING_ROUNDS)
    return f"$7${_HASHING_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(made).decode()}"
