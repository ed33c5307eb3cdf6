"""People who share projects, for tests."""

import re
from email import message_from_bytes, policy

from companion.accounts.models import User
from companion.database import connection


def prove(person):
    """As if they had opened the link in the mail to their address."""
    with connection():
        User.update(verified=1).where(User.id == person.id).execute()


def set_tier(person, tier):
    with connection():
        User.update(tier=tier).where(User.id == person.id).execute()


def mails(app, to):
    """The mails to an address, oldest first: (subject, text)."""
    folder = app.extensions["settings"].folder / "outbox"
    found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(folder.glob("*.eml"))]
    return [(mail["Subject"], mail.get_content()) for mail in found if mail["To"] == to]


def secret_in(text):
    """The secret of the link in a mail."""
    return re.search(r"#([\w-]+)", text)[1]


def let_in(person, owner, project, role):
    """Let somebody into a project, by invitation."""
    prove(person)
    answer = owner.post(f"/projects/{project}/invitations", {"email": person.email, "role": role})
    assert answer.status_code == 201, answer.json
    assert person.post(f"/project-invitations/{answer.json['id']}/accept").status_code == 200
