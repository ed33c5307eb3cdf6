"""Making the broker agree with the database: a box that was revoked is out within seconds, and cannot come back.

Three things are needed: a revocation list that names its certificates, a broker that has read the list, and an end of
the session that the box may have. All follows from what is stored, so whatever is killed, the next round goes on.
"""

import logging
from typing import Any

from companion.boxes import authority, broker, certificates, enrolment
from companion.boxes.broker import Door
from companion.boxes.models import Certificate
from companion.config import Settings
from companion.database import now
from companion.vault.service import Vault

log = logging.getLogger(__name__)
SECONDS = 1.0  # between two rounds
ALARM_MS = 7 * 24 * 3600 * 1000  # a list that ends sooner: nobody renews it, and after its end no box gets in
LATE_MS = 60_000
# When a box is put out, in ms after it was revoked. Once would do but for a box that had shown its certificate before
# the list was read and signs in only now: mosquitto gives it 90 s for that.
KICKS_MS = (0, 10_000, 120_000)


def enforce(settings: Settings, vault: Vault) -> int:
    """One round: renew the list when it must be, give the broker its files, put out who is due; returns how many."""
    if authority.list_is_due():
        authority.renew_list(vault)
    broker.publish(settings, vault)
    enrolment.house_token(settings.folder)
    enrolment.adopt()
    waiting: list[Any] = list(Certificate.select().where(Certificate.kicks.is_null(False)))
    due = [row for row in waiting if not 0 <= now() - row.revoked < KICKS_MS[row.kicks]]
    way = broker.door(settings, vault) if due else None
    if way is None:
        return 0
    out = 0
    for box in sorted({row.box for row in due}):
        rows = [row for row in due if row.box == box and _in_force(way, row)]
        if rows and _put_out(way, box, rows):
            out += 1
    return out


def _in_force(way: Door, row: Certificate) -> bool:
    """Whether the broker has read a list that names the certificate. Of another's broker nobody knows."""
    return row.listed is not None and (way.crl is None or way.crl >= row.listed)


def _put_out(way: Door, box: str, rows: list[Any]) -> bool:
    """End the session of a box, unless it was claimed anew meanwhile and may have one."""
    again = certificates.has_live(box)
    if not again and not broker.kick(way, box):
        return False
    for row in rows:
        times = row.kicks + 1
        over = again or times == len(KICKS_MS)
        Certificate.update(kicks=None if over else times).where(Certificate.serial == row.serial).execute()
    log.info("box %s was put out", box)
    return True


def finding() -> tuple[bool, str]:
    """For the page of health: whether the list is in time, and revoked boxes are out."""
    end = authority.list_ends()
    if end and end - now() < ALARM_MS:
        return (
            False,
            "the list of revoked certificates ends soon, and then no box gets in; start the jobs process",
        )
    late = (Certificate.kicks == 0) & (Certificate.revoked < now() - LATE_MS)
    if Certificate.select().where(late).exists():
        return False, "a revoked box was not put out yet; is the broker running?"
    return True, "revoked boxes are out"
