"""How Mira calls each route of the API: the register that the walk over all routes goes by.

`CASES` has, for each endpoint, a function from the world to a Call. `hers(...)` is a call that names something of
Mira's in its path, made for this call: she succeeds, everybody else is turned away. `own(...)` concerns whoever calls.
Both take the statuses that success may have (any 2xx without), what is sent, and the arguments of the path.
"""

from dataclasses import dataclass, field
from typing import Any

from companion.database import new_id
from tests.companion.people import PASSWORD
from tests.companion.sending import BODY
from tests.companion.world import MARK, MONEY, NOBODYS, PLAY, PLAYED, TUS, World, ok


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


def _with(make, name, **more):
    """A call that needs one thing of Mira's, whose id is the path argument `name`."""
    return lambda world: hers(**{name: make(world)}, **more)


def _in_playlist(world, **more):
    number = world.playlist()
    (track,) = ok(world.mira.get(f"/documents/{number}"))["tracks"]
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
        command = ok(world.mira.post(f"/boxes/{box}/commands", PLAY))["id"]
        return hers(box=box, **({"command": command} if what == "get" else {}))

    return made


def _listed(world):
    box, number = world.rack(), world.playlist()
    ok(world.mira.post(f"/boxes/{box}/lists", {"list": number}))
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
    "accounts.get_export": _with(lambda world: ok(world.mira.post("/account/exports"))["id"], "number"),
    "accounts.list_keys": _same(),
    "accounts.make_key": _same(json={"name": "k", "scopes": ["projects:read"]}),
    "accounts.revoke_key": _with(
        lambda world: ok(world.mira.post("/account/keys", {"name": MARK, "scopes": ["projects:read"]}))["id"], "key"
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
    "sets.get_cue": _with(World.set, "number"),
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
    "admin.list_all_crashes": _same(),
    "admin.get_any_crash": lambda world: hers(number=world.crash(world.rack())),
    "admin.list_all_logs": _same(),
    "admin.get_logs": lambda world: hers(number=world.transfer("up", "bundle")),
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
