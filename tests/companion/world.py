"""Mira, with one of everything that a companion keeps, and people who have nothing to do with her."""

from companion.accounts.models import OutsideIdentity, Passkey, User
from companion.boxes.models import Box
from companion.catalogue.models import Artist, Recording, Track
from companion.database import connection, database, new_id, now
from companion.ingest.models import DeadLetter
from companion.jobs.models import Job
from companion.notices import service as notices
from companion.releases import service as releases
from companion.sets.models import BoxSet
from companion.telemetry.models import BoxCrash
from companion.transfers.models import Transfer
from companion.uploads.models import StoredFile
from device.contracts.releases import Changed
from tests.companion.people import PASSWORD, Person
from tests.companion.posts import message, played
from tests.companion.sending import meta, send
from tests.companion.shared import prove, set_tier
from tests.companion.sounds import picture, wav

MARK = "mirasecret"  # is in every text of Mira's, and so in nothing that another gets
NAME = MARK.capitalize()
MONEY = {"source": "gig", "title": MARK, "amount": 1, "currency": "EUR", "day": "2026-01-31"}
PLAYED = message(played(MARK), 1, new_id(), "plays")
NOBODYS = {"key": "", "nonce": "", "signature": ""}  # a box's proof that is none
PLAY = {"do": "deck1.play", "arguments": {"value": 1}}
TUS = {"Tus-Resumable": "1.0.0"}


class World:
    """Mira with one of everything, made when it is asked for, and people who have nothing to do with her."""

    def __init__(self, app):
        self.app = app
        self.admin = Person(app, "Ada")
        self.mira = Person(app, NAME)
        self.host = Person(app, "Host")  # invites Mira, and gives her boxes
        for person in (self.mira, self.host):
            prove(person)
            set_tier(person, "pro")
        self._kept = {}

    def once(self, name, make):
        """Something that no call changes, made the first time."""
        if name not in self._kept:
            self._kept[name] = make()
        return self._kept[name]

    def somebody(self, access):
        """A new account with a role (a number of Access)."""
        person = Person(self.app, "Somebody")
        with connection():
            User.update(access=int(access)).where(User.id == person.id).execute()
        return person

    def stranger(self, access):
        """An account with a role that owns nothing."""
        return self.once(f"stranger {access}", lambda: self.somebody(access))

    def key(self, person, scopes):
        """An API key of a person's."""
        scopes = sorted(scopes)
        return self.once(
            (person.id, *scopes), lambda: ok(person.post("/account/keys", {"name": "k", "scopes": scopes}))["key"]
        )

    # projects

    def project(self):
        return ok(self.mira.post("/projects", {"title": MARK, "notes": MARK}))["id"]

    def comment(self, project):
        return ok(self.mira.post(f"/projects/{project}/comments", {"text": MARK}))["id"]

    def item(self, project):
        return ok(self.mira.post(f"/projects/{project}/items", {"kind": "track", "subject": self.track()}))[0]["id"]

    def invited(self, project):
        return ok(self.mira.post(f"/projects/{project}/invitations", {"email": f"{MARK}@example.org"}))["id"]

    def member(self, project, role="viewer", access=1):
        person = self.somebody(access)
        prove(person)
        body = {"email": person.email, "role": role}
        number = ok(self.mira.post(f"/projects/{project}/invitations", body))["id"]
        ok(person.post(f"/project-invitations/{number}/accept"))
        return person

    def invitation(self):
        """To Mira."""
        project = ok(self.host.post("/projects", {"title": MARK}))["id"]
        return ok(self.host.post(f"/projects/{project}/invitations", {"email": self.mira.email}))["id"]

    def changed(self, project):
        return self.mira.get(f"/projects/{project}/history").json["items"][0]["id"]

    def deleted(self):
        project = self.project()
        assert self.mira.delete(f"/projects/{project}").status_code == 204
        return project

    # boxes and notices

    def box(self, owner=None):
        """Not claimed by its code: a tier includes too few for all calls."""
        with connection():
            row = {"name": MARK, "model": MARK, "fingerprint": "", "claimed": now()}
            return Box.create(id=new_id(), owner=(owner or self.mira).id, **row).id

    def rack(self):
        """A box that stays hers."""
        return self.once("rack", self.box)

    def offered(self):
        """To Mira."""
        box = self.box(self.host)
        assert self.host.put(f"/boxes/{box}/offer", {"email": self.mira.email}).status_code == 200
        return box

    def notice(self):
        with connection(), database.atomic():
            notices.tell(self.mira.id, "box.claimed", {"box": MARK, "name": MARK})
        return self.mira.get("/notices").json["items"][0]["id"]

    # uploads and the catalogue

    def first(self):
        """A track that was really uploaded."""
        return self.once("track", lambda: send(self.mira, wav(seconds=0.5), filename=f"{MARK}.wav")["result"])

    def file(self):
        return self.once("file", lambda: self.mira.get(f"/tracks/{self.first()}").json["recordings"][0]["file"])

    def sound(self):
        return self.once("sound", lambda: self.mira.get(f"/tracks/{self.first()}").json["recording"])

    def picture(self):
        return self.once(
            "picture", lambda: send(self.mira, picture(), filename=f"{MARK}.jpg", purpose="artwork")["file"]
        )

    def track(self):
        """One more track of the same file."""
        file = self.file()
        with connection(), database.atomic():
            names = {"title": MARK, "title_sort": MARK, "artist": MARK, "artist_sort": MARK, "genre": MARK}
            track = Track.create(owner=self.mira.id, file=file, seconds=0.5, **names)
            played = Recording.create(track=track, number=1, kind="mix", label=MARK, file=file)
            Recording.create(track=track, number=2, kind="stem", label=MARK, file=file)
            Track.update(recording=played.id).where(Track.id == track.id).execute()
        return track.id

    def recording(self, track, number):
        with connection():
            return Recording.get((Recording.track == track) & (Recording.number == number)).id

    def binned(self):
        track = self.track()
        assert self.mira.delete(f"/tracks/{track}").status_code == 204
        return track

    def artist(self):
        with connection():
            return Artist.create(owner=self.mira.id, name=f"{MARK} {new_id()}", folded=new_id()).id

    def unused(self):
        """A file that no track uses."""
        with connection():
            number = new_id()
            row = {"size": 1, "kind": "project", "format": "json", "name": MARK, "sha256": number}
            return StoredFile.create(owner=self.mira.id, **row).id

    def upload(self):
        headers = TUS | {"Upload-Length": "100", "Upload-Metadata": meta(filename=f"{MARK}.wav")}
        return ok(self.mira.post("/uploads", headers=headers))["id"]

    # the account, and what administrators see

    def session(self):
        client = self.app.test_client()
        body = {"email": self.mira.email, "password": PASSWORD}
        assert client.post("/api/v1/session", json=body, headers={"User-Agent": MARK}).status_code == 201
        rows = self.mira.get("/account/sessions").json["items"]
        return next(row["id"] for row in rows if not row["current"])

    def passkey(self):
        with connection():
            row = {"credential": new_id(), "key": b"", "count": 0, "synced": False}
            return Passkey.create(user=self.mira.id, name=MARK, **row).id

    def elsewhere(self):
        with connection():
            return OutsideIdentity.create(user=self.mira.id, provider=MARK, subject=new_id()).id

    def set(self, **files):
        with connection():
            row = {"box": new_id(), "number": new_id(), "box_name": MARK, "title": MARK, "started": 1}
            return BoxSet.create(owner=self.mira.id, state="finished", **row, **files).id

    def recorded(self):
        """A set whose recording and log came."""
        digest = "a" * 64
        files = {"recording_hash": digest, "recording_file": self.file(), "log_hash": digest, "log_file": self.file()}
        return self.set(**files)

    def transfer(self, way, purpose="recording"):
        """That Mira's box sends or is sent; only the box has a token for it."""
        with connection():
            row = {"box": new_id(), "way": way, "hash": new_id(), "size": 1, "mime": "a/b", "purpose": purpose}
            return Transfer.create(owner=self.mira.id, name=MARK, state="sent", file=self.file(), **row).id

    def entry(self):
        return ok(self.mira.post("/earnings/entries", MONEY))["id"]

    def release(self):
        number = new_id()
        with connection():
            releases.status_changed(self.mira.id, Changed(number, MARK, MARK, "live", 1))
        return number

    def playlist(self):
        tracks = [{"title": MARK, "track": self.first()}]
        return ok(self.mira.post("/documents", {"title": MARK, "tracks": tracks}))["id"]

    def crash(self, box):
        with connection():
            row = {"process": MARK, "version": "1", "reason": MARK, "crashed": 1, "body": "{}"}
            return BoxCrash.create(owner=self.mira.id, box=box, **row).id

    def letter(self):
        """That can be replayed, once it is mended."""
        with connection():
            row = {"box": new_id(), "stream": "plays", "payload": PLAYED, "reason": MARK}
            return DeadLetter.create(owner=self.mira.id, **row).id

    def job(self, state):
        with connection():
            return Job.create(kind="mail", owner=self.mira.id, state=state, note=MARK).id

    def flag(self):
        name = new_id()
        assert self.admin.put(f"/admin/flags/{name}", {}).status_code == 200
        return name

    def wanted(self):
        """Somebody whom an administrator invited."""
        return ok(self.admin.post("/invitations", {"email": f"{new_id()}@example.org"}))["id"]


def ok(answer):
    assert answer.status_code in (200, 201, 202), answer.json
    return answer.json
