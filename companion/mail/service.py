"""Sending mail: by SMTP, or into the folder's outbox where none is set up."""

import base64
import json
import re
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from urllib.parse import unquote, urlsplit

from companion.config import Settings
from companion.database import new_id
from companion.errors import SettingError
from companion.installed import Installed
from companion.jobs import service as jobs
from companion.vault.service import Vault

TIMEOUT_SECONDS = 20.0
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})
_TEMPLATES = Path(__file__).parent / "templates"
_settings: Installed[Settings] = Installed()
_vault: Installed[Vault] = Installed()


def install(settings: Settings, vault: Vault) -> None:
    """Send by these settings; `vault` hides what waits to be sent."""
    _settings.put(settings)
    _vault.put(vault)


def send(to: str, template: str, **values: str) -> None:
    """Queue a mail, in the caller's transaction. The first line of a template is the subject.

    Mails carry links that open accounts, so what is queued is sealed: neither a backup nor a list of jobs shows it.
    """
    render(template, values)  # a missing value is the caller's mistake, not the worker's
    sealed = _vault().seal(json.dumps([to, template, values]).encode(), "mail")
    jobs.enqueue("mail", sealed=base64.b64encode(sealed).decode())


def render(template: str, values: dict[str, str]) -> tuple[str, str]:
    """Subject and text. KeyError when a value is missing. Each value stays in its line, whatever somebody called it."""
    text = (_TEMPLATES / f"{template}.txt").read_text(encoding="utf-8")
    filled = re.sub(r"\{(\w+)\}", lambda found: " ".join(values[found[1]].split()), text)
    subject, _, body = filled.partition("\n")
    return " ".join(subject.split()), body.lstrip("\n")


@jobs.handler("mail")
def deliver(work: jobs.Work) -> None:
    """Hand one mail over."""
    settings = _settings()
    to, template, values = json.loads(_vault().open(base64.b64decode(work.args["sealed"]), "mail"))
    subject, text = render(template, values)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = settings.mail_from, to, subject
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain=urlsplit(settings.url).hostname)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    if not settings.mail_url:
        folder = settings.folder / "outbox"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{new_id()}.eml").write_bytes(bytes(mail))
        return
    address = urlsplit(settings.mail_url)
    if address.scheme not in ("smtp", "smtps") or not address.hostname:
        raise SettingError("mail_url must look like smtp://user:password@host:587")
    secure = ssl.create_default_context()
    with (
        smtplib.SMTP_SSL(address.hostname, address.port or 465, timeout=TIMEOUT_SECONDS, context=secure)
        if address.scheme == "smtps"
        else smtplib.SMTP(address.hostname, address.port or 587, timeout=TIMEOUT_SECONDS)
    ) as server:
        server.ehlo()  # what it can is not known before
        if address.scheme == "smtp" and server.has_extn("starttls"):
            server.starttls(context=secure)
        elif address.scheme == "smtp" and address.username and address.hostname not in _HERE:
            raise SettingError(f"{address.hostname} offers no TLS, so the password of mail_url is not sent to it")
        if address.username:
            server.login(unquote(address.username), unquote(address.password or ""))
        server.send_message(mail)
