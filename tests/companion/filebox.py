"""A box that sends and fetches files, and what the companion has of them."""

import hashlib

from companion.database import connection, database
from companion.outgoing.models import OutgoingRow, OutgoingStream
from companion.transfers import service
from companion.transfers.models import Transfer
from companion.uploads.models import StoredFile
from device.contracts import envelope, files
from device.contracts.values import FileRef
from tests.companion.posts import claimed
from tests.companion.sending import BODY, send
from tests.companion.sounds import wav
from tests.companion.test_sets import Sending

TUS = {"Tus-Resumable": "1.0.0"}


SOUND = wav(seconds=0.5)


LOG = b'{"version": 1, "seconds": 0.5, "events": []}'


def ref(data, name="Friday.wav", mime="audio/wav", size=None):
    return FileRef(hashlib.sha256(data).hexdigest(), len(data) if size is None else size, name, mime)


class FileBox:
    """A box that offers, sends and fetches as the contract has it."""

    def __init__(self, app, owner, box=None):
        self.client, self.box = app.test_client(), box or claimed(owner)
        self._files, self._sets = Sending(self.box, "files"), Sending(self.box)

    def say(self, *bodies):
        self._files.send(*bodies)

    def tell(self, *bodies):
        self._sets.send(*bodies)

    def offer(self, data, purpose="recording", of=None, **more):
        self.say(files.Offered(ref(data, **more), purpose, of))
        return self.answer()

    def told(self, kind=None):
        """What waits for the box in the stream of files, in order."""
        with connection():
            rows = OutgoingRow.select(OutgoingRow, OutgoingStream).join(OutgoingStream)
            mine = rows.where((OutgoingStream.box == self.box) & (OutgoingStream.stream == "files") & ~OutgoingRow.skip)
            found = [envelope.decode("down", "files", bytes(row.payload)).body for row in mine.order_by(OutgoingRow.id)]
        return [body for body in found if kind is None or isinstance(body, kind)]

    def answer(self):
        return self.told()[-1] if self.told() else None

    def ask(self, method, where, token=None, **headers):
        data = headers.pop("data", None)
        sent = TUS | {name.replace("_", "-"): value for name, value in headers.items()}
        if token or where.token:
            sent["Authorization"] = f"Bearer {token or where.token}"
        more = {"data": data, "content_type": BODY} if data is not None else {}
        return self.client.open(where.url, method=method, headers=sent, **more)

    def patch(self, wanted, data, offset=0, **more):
        return self.ask("PATCH", wanted, Upload_Offset=str(offset), data=data, **more)

    def offset(self, wanted):
        return int(self.ask("HEAD", wanted).headers["Upload-Offset"])

    def send(self, data, purpose="recording", of=None, **more):
        """Offer a file and send it whole; returns what the companion says at the end."""
        wanted = self.offer(data, purpose, of, **more)
        if isinstance(wanted, files.Wanted):
            assert self.patch(wanted, data[wanted.offset :], wanted.offset).status_code == 204
        return self.answer()


def stored():
    with connection():
        return [row.sha256 for row in StoredFile.select()]


def row():
    with connection():
        return Transfer.select().get()


def change(**values):
    with connection():
        Transfer.update(**values).execute()


def track(person, data=SOUND, name="Night Bus.wav"):
    return send(person, data, filename=name)["result"]


def give(box, number, **more):
    with connection(), database.atomic():
        return service.send(box.box, number, **more)
