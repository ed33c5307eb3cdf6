"""Every screen in every theme, wide and narrow: axe finds nothing, nothing is wider than the window."""

import pytest

from device.contracts.commands import Answered
from device.contracts.configuration import Applied, Refusal
from device.contracts.files import Offered
from device.contracts.values import FileRef
from tests.companion.browser import NARROW, WIDE, Visitor, chromium, companion
from tests.companion.stage import document_of, entry, finished, online, report
from tests.companion.tunes import write_tune

pytestmark = pytest.mark.slow
__all__ = ["chromium", "companion"]
THEMES = ("dark", "light", "contrast")
DOORS = ("/sign-in", "/sign-in#refused=address-not-proved", "/sign-up", "/forgot", "/reset")
SCREENS = (
    "/", "/library", "/library/{track}", "/library?q=nothing-like-this", "/library?in=bin", "/projects",
    "/projects?new=1", "/projects/{project}", "/projects/{project}/comments", "/projects/{project}/people",
    "/projects/{project}/history", "/playlists", "/playlists?q=nothing-like-this", "/playlists?new=1",
    "/playlists/{playlist}", "/sets", "/sets?q=nothing-like-this", "/sets/{set}", "/earnings",
    "/earnings?new=1", "/boxes", "/boxes/{box}", "/boxes/{box}/music",
    "/boxes/{box}/health", "/boxes/{box}/settings", "/boxes?claim=7K2M-9QXP", "/invitations", "/notices", "/account",
    "/account/security", "/account/keys", "/account/look", "/account/data", "/admin", "/admin/users", "/admin/jobs",
    "/admin/boxes", "/admin/faults", "/admin/letters", "/admin/audit", "/admin/flags", "/library/x/y",
)  # fmt: skip
WEAR = """theme => new Promise((done) => {
  document.documentElement.dataset.theme = theme;
  requestAnimationFrame(() => requestAnimationFrame(done)); // until colours that change slowly have changed
})"""
# those that show every kind of thing; each pair of colours is checked by itself in test_page_site
COLOURFUL = {
    "/", "/library", "/library/{track}", "/projects/{project}/comments", "/boxes/{box}", "/boxes/{box}/music",
    "/boxes/{box}/settings", "/playlists/{playlist}", "/sets/{set}", "/earnings", "/account/security", "/admin",
    "/sign-in#refused=address-not-proved",
}  # fmt: skip
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
SMALL = """
[...document.querySelectorAll('button, select, input:not([type=file], [type=range]), [role=slider]')].filter((one) => {
  const box = one.getBoundingClientRect();
  const shown = box.width > 1 && getComputedStyle(one).visibility !== 'hidden' && one.checkVisibility();
  return shown && !one.hidden && (box.width < 24 || box.height < 24) && !one.closest('label, .check, .stretched');
}).map((one) => one.outerHTML.slice(0, 120))
"""


@pytest.fixture(scope="module")
def furnished(chromium, companion, tmp_path_factory):
    """Ids of what Mira has: a track with a marker, a project with it and a comment, a box, its set and
    state, earnings, a message without effect. And her session."""
    mira = Visitor(chromium, companion)
    mira.sign_up("Mira Sand", "mira@example.org")
    mira.go("/library")
    mira.upload(write_tune(tmp_path_factory.mktemp("music") / "Night bus.wav"))
    track = mira.api("GET", "/tracks")["items"][0]["id"]
    mira.api("PUT", f"/tracks/{track}/markers", {"markers": [{"start": 2.5, "label": "Drop", "colour": 2}]})
    project = mira.api("POST", "/projects", {"title": "Slow rooms", "status": "mixing", "tempo": 92})["id"]
    mira.api("POST", f"/projects/{project}/items", {"kind": "track", "subject": track})
    item = mira.api("GET", f"/projects/{project}/items")[0]["id"]
    mira.api("POST", f"/projects/{project}/comments", {"text": "Lower the snare.", "item": item, "position": 2500})
    companion.show_code("7K2M9QXP")
    box = mira.api("POST", "/boxes/claims", {"code": "7K2M-9QXP"})["id"]
    boat = finished("Boat", track)
    companion.send(box, "sets", boat)
    companion.send(box, "documents", document_of(boat))
    companion.send(box, "status", online())
    companion.send(box, "health", *[report(load) for load in (20, 60, 30)])
    made = mira.api("GET", "/sets")["items"][0]["id"]
    companion.attach(made, track)
    for currency, amount in (("EUR", 250_000_000), ("USD", -271)):
        mira.api("POST", "/earnings/entries", entry(currency, amount))
    companion.lose(box)
    companion.crash(box)
    playlist = _command(mira, companion, box, track)
    state = mira.context.storage_state()
    mira.close()
    ids = {"track": track, "project": project, "box": box, "set": made, "playlist": playlist}
    return ids, {"cookies": state["cookies"], "origins": []}


def _command(mira, companion, box, track):
    """Do with a box from afar: commands, settings of which one is refused, files both ways, a list (its id)."""
    for do in ("box.identify", "engine.restart"):
        given = mira.api("POST", f"/boxes/{box}/commands", {"do": do})["id"]
    wanted = {"audio.period": "32", "record.format": "flac"}
    revision = mira.api("PUT", f"/boxes/{box}/configuration", {"settings": wanted})["revision"]
    refused = (Refusal("audio.period", "this card takes 64 frames at least"),)
    companion.send(box, "answers", Answered(given, "refused", "a deck plays"), Applied(revision, refused))
    companion.send(
        box, "files", Offered(FileRef("c" * 64, 9_000_000, f"Boat, {'a long way ' * 9}.wav", "audio/wav"), "recording")
    )
    made = mira.api(
        "POST",
        "/documents",
        {"title": "Warm-up", "tracks": [{"title": "Night bus", "track": track, "note": "from 2:10"}]},
    )
    mira.api("POST", f"/boxes/{box}/lists", {"list": made["id"]})
    mira.api("POST", f"/boxes/{box}/tracks", {"tracks": [track]})
    return made["id"]


def _look(visitor, found, name, themes=THEMES):
    """Everything in the first theme, the colours in the others too."""
    for theme in themes:
        visitor.page.evaluate(WEAR, theme)
        rows = visitor.axe(*([] if theme == THEMES[0] else ["color-contrast"]))
        if rows:
            found[name, theme] = rows


def test_axe_finds_nothing_on_any_screen(chromium, companion, furnished):
    ids, state = furnished
    mira = Visitor(chromium, companion, storage_state=state, reduced_motion="reduce")
    found = {}
    for screen in SCREENS:
        mira.go(screen.format(**ids))
        _look(mira, found, screen, THEMES if screen in COLOURFUL else THEMES[:1])
    mira.go("/library/" + ids["track"])
    mira.page.locator("header.top").get_by_role("button", name="Play").click()
    mira.page.locator(".player").wait_for()
    mira.page.keyboard.press("i")
    _look(mira, found, "player")
    for key, layer in (("Control+k", "palette"), ("?", "keys")):
        mira.page.keyboard.press(key)
        mira.page.get_by_role("dialog").wait_for()
        _look(mira, found, layer)
        mira.page.keyboard.press("Escape")
    mira.page.locator("header.top").get_by_role("button", name="What can be done").click()
    _look(mira, found, "menu")
    mira.close()
    assert found == {}


def test_axe_finds_nothing_at_the_doors(chromium, companion):
    guest = Visitor(chromium, companion, reduced_motion="reduce")
    found = {}
    for door in DOORS:
        guest.go(door)
        _look(guest, found, door, THEMES if door in COLOURFUL else THEMES[:1])
    guest.close()
    assert found == {}


def test_no_screen_is_wider_than_its_window_and_nothing_is_too_small_to_hit(chromium, companion, furnished):
    ids, state = furnished
    mira = Visitor(chromium, companion, viewport=NARROW, storage_state=state)
    wide, small = {}, {}
    for screen in SCREENS:
        mira.go(screen.format(**ids))
        for width in (360, 390, 768, 1280):
            mira.page.set_viewport_size({**(NARROW if width < 720 else WIDE), "width": width})
            over = mira.page.evaluate(OVERFLOW)
            if over > 0:
                wide[screen, width] = over
            tiny = mira.page.evaluate(SMALL)
            if tiny:
                small[screen, width] = tiny
    mira.close()
    assert wide == {}
    assert small == {}
