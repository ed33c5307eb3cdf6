"""How Mira calls each route of the API: the register that the walk over all routes goes by.

`CASES` has, for each endpoint, a function from the world to a Call. `hers(...)` is a call that names something of
Mira's in its path, made for this call: she succeeds, everybody else is turned away. `own(...)` concerns whoever calls.
Both take the statuses that success may have (any 2xx without), what is sent, and the arguments of the path.
"""

from dataclasses import dataclass, field
from typing import Any

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
from tests.companion.sending import BODY, meta, send
from tests.companion.shared import prove, set_tier
from tests.companion.sounds import picture, wav

MARK = "mirasecret"  # is in every text of Mira's, and so in nothing that another gets
NAME = MARK.capitalize()
MONEY = {"source": "gig", "title": MARK, "amount": 1, "currency": "EUR", "day": "2026-01-31"}
PLAYED = message(played(MARK), 1, new_id(), "plays")
NOBODYS = {"key": "", "nonce": "", "signature": ""}  # a box's proof that is none
PLAY = {"do": "deck1.play", "arguments": {"value": 1}}
TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True)
class Call:
    """One request. path: arguments of the route; answers: the statuses of success, any 2xx when empty."""

    hers: bool
    path: dict[str, Any] = field(default_factory=dict)
    answers: tuple[int, ...] = ()
    sent: dict[str, Any] = field(default_factory=dict)


def _call(is_hers, answers, arguments):
    names = ("json", "data", "headers", "query_string", "content_type")
    sent = {name: arguments.pop(name) for name in names if name in arguments}
    return Call(is_hers, arguments, answers, sent)


def hers(*answers, **arguments):
    return _call(True, answers, arguments)


def own(*answers, **arguments):
    return _call(False, answers, arguments)


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
            (person.id, *scopes), lambda: _ok(person.post("/account/keys", {"name": "k", "scopes": scopes}))["key"]
        )

    # projects

    def project(self):
        return _ok(self.mira.post("/projects", {"title": MARK, "notes": MARK}))["id"]

    def comment(self, project):
        return _ok(self.mira.post(f"/projects/{project}/comments", {"text": MARK}))["id"]

    def item(self, project):
        return _ok(self.mira.post(f"/projects/{project}/items", {"kind": "track", "subject": self.track()}))[0]["id"]

    def invited(self, project):
        return _ok(self.mira.post(f"/projects/{project}/invitations", {"email": f"{MARK}@example.org"}))["id"]

    def member(self, project, role="viewer", access=1):
        person = self.somebody(access)
        prove(person)
        body = {"email": person.email, "role": role}
        number = _ok(self.mira.post(f"/projects/{project}/invitations", body))["id"]
        _ok(person.post(f"/project-invitations/{number}/accept"))
        return person

    def invitation(self):
        """To Mira."""
        project = _ok(self.host.post("/projects", {"title": MARK}))["id"]
        return _ok(self.host.post(f"/projects/{project}/invitations", {"email": self.mira.email}))["id"]

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
        return _ok(self.mira.post("/uploads", headers=headers))["id"]

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

    def transfer(self, way):
        """That Mira's box sends or is sent; only the box has a token for it."""
        with connection():
            row = {"box": new_id(), "way": way, "hash": new_id(), "size": 1, "mime": "a/b", "purpose": "recording"}
            return Transfer.create(owner=self.mira.id, name=MARK, state="sent", file=self.file(), **row).id

    def entry(self):
        return _ok(self.mira.post("/earnings/entries", MONEY))["id"]

    def release(self):
        number = new_id()
        with connection():
            releases.status_changed(self.mira.id, Changed(number, MARK, MARK, "live", 1))
        return number

    def playlist(self):
        tracks = [{"title": MARK, "track": self.first()}]
        return _ok(self.mira.post("/documents", {"title": MARK, "tracks": tracks}))["id"]

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
        return _ok(self.admin.post("/invitations", {"email": f"{new_id()}@example.org"}))["id"]


def _ok(answer):
    assert answer.status_code in (200, 201, 202), answer.json
    return answer.json


def _with(make, name, **more):
    """A call that needs one thing of Mira's, whose id is the path argument `name`."""
    return lambda world: hers(**{name: make(world)}, **more)


def _in_playlist(world, **more):
    number = world.playlist()
    (track,) = _ok(world.mira.get(f"/documents/{number}"))["tracks"]
    return hers(number=number, entry=track["id"], **more)


def _in_project(make=None, name="", **more):
    def made(world):
        project = world.project()
        arguments = {name: make(world, project)} if make else {}
        return hers(project=project, **arguments, **more)

    return made


def _on_track(number=0, answers=(), **more):
    def made(world):
        track = world.track()
        arguments = {"recording": world.recording(track, number)} if number else {}
        return hers(*answers, track=track, **arguments, **more)

    return made


def _member(world, project):
    return world.member(project).id


def _restored(world):
    project = world.project()
    return hers(project=project, json={"change": world.changed(project)})


def _asked(world):
    """Of GraphQL, for all that there is of Mira's."""
    one, two = f'project(id: "{world.project()}") {{ title }}', f'track(id: "{world.track()}") {{ title }}'
    lists = "projects { items { title } } tracks { items { title } } notices { items { text } } boxes { name }"
    world.box()
    return own(json={"query": f"{{ {one} {two} {lists} }}"})


def _crashed(world):
    box = world.rack()
    return hers(box=box, number=world.crash(box))


def _commanded(what):
    def made(world):
        box = world.rack()
        command = _ok(world.mira.post(f"/boxes/{box}/commands", PLAY))["id"]
        return hers(box=box, **({"command": command} if what == "get" else {}))

    return made


def _listed(world):
    box, number = world.rack(), world.playlist()
    _ok(world.mira.post(f"/boxes/{box}/lists", {"list": number}))
    return hers(box=box, number=number)


def _played(world):
    track = world.track()
    return hers(track=track, json={"recording": world.recording(track, 1)})


def _same(*answers, **more):
    return lambda _world: own(*answers, **more)


ACCOUNTS = {
    "accounts.get_account": _same(),
    "accounts.change_account": _same(json={"name": "Other"}),
    "accounts.leave_for_good": _same(json={"password": PASSWORD}),
    "accounts.stay": _same(409),
    "accounts.list_elsewhere": _same(),
    "accounts.unlink": _with(World.elsewhere, "identity"),
    "accounts.leave_to_link": _same(404, name="github", json={}),
    "accounts.change_email": lambda _world: own(json={"email": f"{new_id()}@example.org"}),
    "accounts.list_exports": _same(),
    "accounts.ask_export": _same(),
    "accounts.get_export": _with(lambda world: _ok(world.mira.post("/account/exports"))["id"], "number"),
    "accounts.list_keys": _same(),
    "accounts.make_key": _same(json={"name": "k", "scopes": ["projects:read"]}),
    "accounts.revoke_key": _with(
        lambda world: _ok(world.mira.post("/account/keys", {"name": MARK, "scopes": ["projects:read"]}))["id"], "key"
    ),
    "accounts.list_passkeys": _same(),
    "accounts.add_passkey": _same(400, 401, 422, json={"challenge": "x", "credential": {}}),
    "accounts.rename_passkey": _with(World.passkey, "passkey", json={"name": "Other"}),
    "accounts.remove_passkey": _with(World.passkey, "passkey"),
    "accounts.begin_passkey": _same(),
    "accounts.change_password": _same(json={"old": PASSWORD, "new": "An0ther-long-word"}),
    "accounts.get_protection": _same(),
    "accounts.renew_codes": _same(201, 409),
    "accounts.list_activity": _same(),
    "accounts.list_sessions": _same(),
    "accounts.end_other_sessions": _same(),
    "accounts.end_session": _with(World.session, "session"),
    "accounts.get_tier": _same(),
    "accounts.begin_totp": _same(),
    "accounts.switch_totp_off": _same(204, 404, 409),
    "accounts.confirm_totp": _same(400, 403, 404, 409, 422, json={"code": "123456"}),
    "accounts.resend_verification": _same(),
    "accounts.sign_up": lambda _world: own(
        201, 409, json={"email": f"{new_id()}@example.org", "name": "New", "password": PASSWORD}
    ),
    "accounts.ask_reset": lambda world: own(json={"email": world.mira.email}),
    "accounts.finish_reset": _same(422, json={"token": "x", "password": PASSWORD}),
    "accounts.confirm_address": _same(422, json={"token": "x"}),
    "accounts.list_invitations": _same(),
    "accounts.invite": lambda _world: own(json={"email": f"{new_id()}@example.org"}),
    "accounts.withdraw_invitation": _with(World.wanted, "number"),
    "accounts.leave": _same(404, name="github", json={}),
    "accounts.come_back": _same(303, name="github"),
    "accounts.ways_in": _same(),
    "accounts.list_tiers": _same(),
    "accounts.make_token": lambda world: own(401, json={"email": world.mira.email, "password": "wrong"}),
    "accounts.refresh_token": _same(401, json={"refresh_token": "x"}),
    "accounts.sign_in": lambda world: own(401, json={"email": world.mira.email, "password": "wrong"}),
    "accounts.sign_in_passkey": _same(400, 401, 403, 422, json={"challenge": "x", "credential": {}}),
    "accounts.sign_in_second": _same(401, 403, 422, json={"challenge": "x", "code": "123456"}),
    "accounts.ask_passkey": _same(),
    "accounts.prove": _same(json={"password": PASSWORD}),
    "accounts.get_session": _same(),
    "accounts.sign_out": _same(),
}
PROJECTS = {
    "projects.list_projects": _same(),
    "projects.make_project": _same(json={"title": "Mine"}),
    "projects.get_project": _in_project(),
    "projects.edit_project": _in_project(json={"title": "Other"}),
    "projects.delete_project": _in_project(),
    "projects.undelete_project": _with(World.deleted, "project"),
    "projects.archive_project": _in_project(),
    "projects.reopen_project": _in_project(),
    "projects.list_changes": _in_project(),
    "projects.restore_project": _restored,
    "projects.list_members": _in_project(),
    "projects.change_role": _in_project(_member, "member", json={"role": "editor"}),
    "projects.remove_member": _in_project(_member, "member"),
    "projects.list_comments": _in_project(),
    "projects.make_comment": _in_project(json={"text": "hello"}),
    "projects.edit_comment": _in_project(World.comment, "comment", json={"text": "other"}),
    "projects.delete_comment": _in_project(World.comment, "comment"),
    "projects.list_items": _in_project(),
    "projects.attach_item": lambda world: hers(
        project=world.project(), json={"kind": "track", "subject": world.track()}
    ),
    "projects.edit_item": _in_project(World.item, "item", json={"name": "Other"}),
    "projects.detach_item": _in_project(World.item, "item"),
    "projects.list_invitations": _in_project(),
    "projects.invite": _in_project(json={"email": "friend@example.org"}),
    "projects.revoke_invitation": _in_project(World.invited, "invitation"),
    "projects.my_invitations": _same(),
    "projects.look_at_invitation": _same(404, json={"secret": "x"}),
    "projects.accept_by_link": _same(404, json={"secret": "x"}),
    "projects.accept_invitation": _with(World.invitation, "invitation"),
    "projects.decline_invitation": _with(World.invitation, "invitation"),
}
BOXES = {
    "boxes.list_boxes": _same(),
    "boxes.claim_box": _same(404, json={"code": "AAAAAAAA"}),
    "boxes.list_offers": _same(),
    "boxes.take_box": _with(World.offered, "box"),
    "boxes.refuse_box": _with(World.offered, "box"),
    "boxes.get_box": _with(World.box, "box"),
    "boxes.rename_box": _with(World.box, "box", json={"name": "Other"}),
    "boxes.revoke_box": _with(World.box, "box"),
    "boxes.list_activity": _with(World.box, "box"),
    "boxes.offer_box": _with(World.box, "box", json={"email": "friend@example.org"}),
    "boxes.keep_box": _with(World.box, "box"),
    "boxes.give_nonce": _same(200),
    "boxes.show_code": _same(401, json=NOBODYS | {"code": "AAAAAAAA", "name": "", "model": ""}),
    "boxes.enrol_house": _same(401, json=NOBODYS | {"token": "", "name": "", "model": ""}),
    "boxes.fetch_certificate": _same(401, json=NOBODYS | {"request": ""}),
    "boxes.leave_companion": _same(401, json=NOBODYS),
    "boxes.get_revoked": _same(200),
}
TELEMETRY = {
    "telemetry.get_status": _with(World.rack, "box"),
    "telemetry.list_health": _with(World.rack, "box"),
    "telemetry.list_crashes": _with(World.rack, "box"),
    "telemetry.get_crash": _crashed,
}
RELEASES = {
    "releases.list_releases": _same(),
    "releases.get_release": _with(World.release, "release"),
}
LISTS = {
    "documents.list_documents": _same(),
    "documents.make_document": lambda world: own(201, json={"title": "Mine"}),
    "documents.get_document": _with(World.playlist, "number"),
    "documents.edit_document": _with(World.playlist, "number", json={"title": "Other"}),
    "documents.delete_document": _with(World.playlist, "number"),
    "documents.add_tracks": _with(World.playlist, "number", json={"tracks": [{"title": "Other"}]}),
    "documents.edit_track": lambda world: _in_playlist(world, json={"note": "Other"}),
    "documents.remove_track": _in_playlist,
    "lines.make_document_ticket": _with(World.playlist, "number"),
    "lists.send_tracks": lambda world: hers(box=world.rack(), json={"tracks": [world.first()]}),
    "lists.send_list": lambda world: hers(box=world.rack(), json={"list": world.playlist()}),
    "lists.list_lists": _with(World.rack, "box"),
    "lists.get_list": _listed,
    "lists.withdraw_list": _listed,
}
COMMANDING = {
    "commanding.list_known": _with(World.rack, "box"),
    "commanding.give_command": _with(World.rack, "box", json=PLAY),
    "commanding.list_commands": _commanded("list"),
    "commanding.get_command": _commanded("get"),
    "commanding.get_configuration": _with(World.rack, "box"),
    "commanding.put_configuration": _with(World.rack, "box", json={"settings": {"plays.told": True}}),
}
TRANSFERS = {
    "transfers.list_box_files": _with(World.rack, "box"),
    "transfers.get_coming": lambda world: hers(401, number=world.transfer("up")),
    "transfers.write_coming": lambda world: hers(401, number=world.transfer("up"), data=b"x", content_type=BODY),
    "transfers.get_sent": lambda world: hers(401, number=world.transfer("down")),
}
SETS = {
    "sets.list_sets": _same(),
    "sets.get_set": _with(World.set, "number"),
    "sets.get_recording": _with(World.recorded, "number"),
    "sets.get_waveform": _with(World.recorded, "number"),
    "sets.get_log": _with(World.recorded, "number"),
    "sets.edit_set": _with(World.set, "number", json={"title": "Other"}),
    "sets.delete_set": _with(World.set, "number"),
    "sets.list_plays": _same(),
}
EARNINGS = {
    "earnings.get_cards": _same(),
    "earnings.list_entries": _same(),
    "earnings.post_entry": _same(json=MONEY | {"title": "Gig"}),
    "earnings.get_sums": _same(),
    "earnings.export_entries": _same(),
    "earnings.get_entry": _with(World.entry, "entry"),
    "earnings.reverse_entry": _with(World.entry, "entry", json={}),
    "earnings.import_entries": _same(json={"csv": "day,source,title,amount,currency"}),
    "earnings.get_zone": _same(),
    "earnings.set_zone": _same(json={"zone": "UTC"}),
}
NOTICES = {
    "notices.list_notices": _same(),
    "notices.count_unread": _same(),
    "notices.read_notices": _same(),
    "notices.read_notice": _with(World.notice, "notice"),
    "notices.delete_notice": _with(World.notice, "notice"),
    "notices.list_preferences": _same(),
    "notices.prefer": _same(kind="box.claimed", json={"mail": False}),
}
UPLOADS = {
    "uploads.upload_options": _same(),
    "uploads.create_upload": _same(headers=TUS | {"Upload-Length": "10"}),
    "uploads.list_uploads": _same(),
    "uploads.get_upload": _with(World.upload, "upload"),
    "uploads.write_upload": _with(
        World.upload, "upload", data=b"RIFF", content_type=BODY, headers=TUS | {"Upload-Offset": "0"}
    ),
    "uploads.cancel_upload": _with(World.upload, "upload", headers=TUS),
    "uploads.list_files": _same(),
    "uploads.get_file": _with(World.file, "file"),
    "uploads.get_content": _with(World.file, "file"),
    "uploads.delete_file": _with(World.unused, "file"),
}
CATALOGUE = {
    "catalogue.list_tracks": _same(),
    "catalogue.get_facets": _same(),
    "catalogue.get_several": _same(query_string={"ids": "x"}),
    "catalogue.get_track": _on_track(),
    "catalogue.edit_track": _on_track(json={"title": "Other"}),
    "catalogue.put_markers": _on_track(json={"markers": [{"start": 0.1}]}),
    "catalogue.delete_track": _on_track(),
    "catalogue.restore_track": _with(World.binned, "track"),
    "catalogue.purge_track": _with(World.binned, "track"),
    "catalogue.analyse_track": _on_track(answers=(202, 409)),
    "catalogue.play_recording": _played,
    "catalogue.edit_recording": _on_track(2, json={"label": "Other"}),
    "catalogue.delete_recording": _on_track(2),
    "catalogue.get_audio": _with(World.sound, "recording"),
    "catalogue.get_waveform": _with(World.sound, "recording"),
    "catalogue.get_measures": _with(World.sound, "recording"),
    "catalogue.get_artwork": _with(World.picture, "file", size=96),
    "catalogue.list_artists": _same(),
    "catalogue.get_artist": _with(World.artist, "artist"),
    "catalogue.rename_artist": lambda world: hers(artist=world.artist(), json={"name": new_id()}),
    "catalogue.delete_artist": _with(World.artist, "artist"),
}
ADMIN = {
    "ingest.list_letters": _same(),
    "ingest.get_letter": lambda world: hers(letter=world.letter()),
    "ingest.mend_letter": lambda world: hers(letter=world.letter(), json={"text": PLAYED.decode()}),
    "ingest.replay_letter": lambda world: hers(letter=world.letter()),
    "ingest.discard_letter": lambda world: hers(letter=world.letter()),
    "admin.get_overview": _same(),
    "admin.list_users": _same(),
    "admin.get_user": lambda world: hers(user=world.mira.id),
    "admin.change_user": lambda world: hers(user=world.mira.id, json={"tier": "pro"}),
    "admin.end_sessions": lambda world: hers(user=world.somebody(2).id),
    "admin.list_jobs": _same(),
    "admin.cancel_job": lambda world: hers(job=world.job("queued")),
    "admin.retry_job": lambda world: hers(job=world.job("failed")),
    "admin.list_audit": _same(),
    "admin.verify_audit": _same(),
    "admin.list_all_boxes": _same(),
    "admin.list_flags": _same(),
    "admin.put_flag": _same(name="new", json={}),
    "admin.remove_flag": _with(World.flag, "name"),
    "admin.my_flags": _same(),
    "health.get_health": _same(),
    "live.make_ticket": _same(),
    "openapi": _same(),
    "graphql": _asked,
}
CASES = (
    ACCOUNTS
    | PROJECTS
    | BOXES
    | TELEMETRY
    | TRANSFERS
    | RELEASES
    | LISTS
    | COMMANDING
    | SETS
    | EARNINGS
    | NOTICES
    | UPLOADS
    | CATALOGUE
    | ADMIN
)
