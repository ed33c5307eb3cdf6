"""Every screen in every theme, wide and narrow: axe finds nothing, nothing is wider than the window."""

import pytest

from tests.companion.browser import NARROW, WIDE, Visitor, chromium, companion
from tests.companion.test_page_journey import write_tune

pytestmark = pytest.mark.slow
__all__ = ["chromium", "companion"]
DOORS = ("/sign-in", "/sign-up", "/forgot", "/reset")
SCREENS = (
    "/", "/library", "/library/{track}", "/library?q=nothing-like-this", "/projects", "/projects/{project}",
    "/projects/{project}/comments", "/projects/{project}/people", "/projects/{project}/history", "/boxes", "/notices",
    "/account", "/account/security", "/account/keys", "/account/look", "/account/data", "/admin", "/admin/users",
    "/admin/jobs", "/admin/boxes", "/admin/audit", "/admin/flags", "/nowhere-at-all",
)  # fmt: skip
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"


@pytest.fixture(scope="module")
def furnished(chromium, companion, tmp_path_factory):
    """Ids of what Mira has: a track with a marker, a project with it and a comment. And her session."""
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
    state = mira.context.storage_state()
    mira.close()
    return {"track": track, "project": project}, {"cookies": state["cookies"], "origins": []}


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
def test_axe_finds_nothing_on_any_screen(chromium, companion, furnished, theme):
    ids, state = furnished
    mira = Visitor(chromium, companion, theme=theme, storage_state=state, reduced_motion="reduce")
    found = {}
    for screen in SCREENS:
        mira.go(screen.format(**ids) if screen != "/nowhere-at-all" else "/library/x/y")
        found[screen] = mira.axe()
    mira.go("/library/" + ids["track"])
    mira.page.locator("header.top").get_by_role("button", name="Play").click()
    mira.page.locator(".player").wait_for()
    found["player"] = mira.axe()
    mira.page.keyboard.press("Control+k")
    found["palette"] = mira.axe()
    mira.page.keyboard.press("Escape")
    mira.page.keyboard.press("?")
    found["keys"] = mira.axe()
    mira.close()
    assert {screen: rows for screen, rows in found.items() if rows} == {}


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
def test_axe_finds_nothing_at_the_doors(chromium, companion, theme):
    guest = Visitor(chromium, companion, theme=theme, reduced_motion="reduce")
    found = {}
    for door in DOORS:
        guest.go(door)
        found[door] = guest.axe()
    guest.close()
    assert {door: rows for door, rows in found.items() if rows} == {}


@pytest.mark.parametrize("width", [360, 390, 768, 1280])
def test_no_screen_is_wider_than_its_window(chromium, companion, furnished, width):
    ids, state = furnished
    size = {**(NARROW if width < 720 else WIDE), "width": width}
    mira = Visitor(chromium, companion, viewport=size, storage_state=state)
    wide = {}
    for screen in SCREENS[:-1]:
        mira.go(screen.format(**ids))
        wide[screen] = mira.page.evaluate(OVERFLOW)
    mira.close()
    assert {screen: over for screen, over in wide.items() if over > 0} == {}
