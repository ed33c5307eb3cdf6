"""Reading what the companion mailed: its outbox, where no mail server is set up."""

import email
import re
from email.policy import default


def mails(settings, to=None):
    """All mails so far, oldest first; those to one address when given."""
    found = [
        email.message_from_bytes(path.read_bytes(), policy=default)
        for path in sorted((settings.folder / "outbox").glob("*.eml"))
    ]
    return [mail for mail in found if to is None or mail["To"] == to]


def secret(settings, to, page):
    """What follows the # of the newest link to /page that was mailed to somebody."""
    for mail in reversed(mails(settings, to)):
        link = re.search(rf"/{page}#(\S+)", mail.get_content())
        if link:
            return link[1]
    raise AssertionError(f"no link to /{page} was mailed to {to}")
