"""Tokens of boxes: each good for one file and one way, for weeks by this clock, and gone with whose box it is."""

import hashlib
import secrets

from companion import elapsed
from companion.boxes import service as boxes
from companion.database import now
from companion.errors import Unauthorized
from companion.transfers.models import Transfer, TransferToken

LIFE_MS = 28 * 24 * 3600 * 1000
MOST = 4  # of one file: those that are on their way to the box, and the one that it uses


def _digest(secret: str) -> str:
    """What is kept of a token. It has 256 bits of chance, so no salt is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def issue(row: Transfer) -> str:
    """A fresh token for a file, in the caller's transaction. The last few before it stay good."""
    secret = secrets.token_urlsafe(32)
    TransferToken.create(hash=_digest(secret), transfer=row.id, expires=now() + LIFE_MS)
    mine = TransferToken.transfer == row.id
    known = [one.hash for one in TransferToken.select().where(mine).order_by(TransferToken.expires.desc())]
    TransferToken.delete().where(mine & TransferToken.hash.in_(known[MOST:])).execute()
    return secret


def judge(number: str, way: str, secret: str) -> Transfer:
    """The file that somebody may send or fetch with this token. Unauthorized, whatever is wrong with it."""
    good = (TransferToken.hash == _digest(secret)) & (TransferToken.expires > now())
    meant = (Transfer.id == number) & (Transfer.way == way)
    row = Transfer.select().join(TransferToken).where(good & meant).first()
    if row is None or boxes.owners([row.box]).get(row.box) != row.owner_id:
        raise Unauthorized("the token is not valid for this file, or has expired", {"WWW-Authenticate": "Bearer"})
    found: Transfer = row
    return found


def void(row: Transfer) -> None:
    """Make all tokens of a file worthless, in the caller's transaction."""
    TransferToken.delete().where(TransferToken.transfer == row.id).execute()


def forget() -> int:
    """Drop what has expired; returns how many."""
    return int(TransferToken.delete().where(TransferToken.expires < elapsed.passed()).execute())
