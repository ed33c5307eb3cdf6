"""The page in a real browser, from signing up to listening, reading without a network, and by keys alone."""

import re

import pyotp
import pytest

from tests.companion import mailbox
from tests.companion.browser import PASSWORD, Visitor, chromium, companion, visitor
from tests.companion.tunes import write_tune

pytestmark = pytest.mark.slow
__all__ = ["chromium", "companion", "visitor"]
PLACE = "document.getElementById('audio').currentTime"


def test_from_signing_up_to_a_played_and_renamed_track_that_is_read_offline(visitor, tmp_path):
    page = visitor.page
    page.goto(f"{visitor.url}/sign-up")
    page.get_by_label("Name").fill("Mira Sand")
    page.get_by_label("E-mail").fill("mira@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make an account").click()
    page.get_by_role("heading", name="Welcome, Mira").wait_for()

    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload your first track").click()
    chooser.value.set_files(str(write_tune(tmp_path / "Night bus.wav")))
    page.get_by_text("In your library").wait_for(timeout=60_000)
    page.locator(".tray").get_by_role("link", name="Night bus.wav").click()

    visitor.settle()
    assert page.get_by_label("Title").input_value() == "Night bus"
    assert re.search(r"−\d+\.\d LUFS", page.locator(".numbers").inner_text())
    assert page.locator("figcaption").count() == 2
    visitor.until("document.querySelector('.big-wave canvas')?.className.includes('waiting') === false")
    painted = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    assert page.locator(".big-wave canvas").evaluate(painted)

    page.locator("header.top").get_by_role("button", name="Play").click()
    visitor.until("document.getElementById('audio').currentTime > 0.4")
    page.keyboard.press("k")
    visitor.until("document.getElementById('audio').paused")
    _loop_and_mark(visitor)

    title = page.get_by_label("Title")
    title.fill("Night bus, last stop")
    title.press("Enter")
    page.locator(".player").get_by_text("Night bus").wait_for()
    assert visitor.api("GET", "/tracks?q=stop")["items"][0]["title"] == "Night bus, last stop"

    visitor.until("navigator.serviceWorker.controller !== null")
    visitor.go("/library")
    page.get_by_role("link", name="Night bus, last stop").first.click()
    visitor.settle()
    visitor.expected = ("ERR_INTERNET_DISCONNECTED", "Failed to fetch")
    visitor.context.set_offline(True)
    page.reload()
    visitor.settle()
    assert page.get_by_label("Title").input_value() == "Night bus, last stop"
    page.get_by_text("You see what was read last").wait_for()
    page.get_by_label("Genre").fill("Dub")
    page.get_by_label("Genre").press("Enter")
    page.get_by_text("Changed here, not sent yet").wait_for()
    visitor.context.set_offline(False)
    page.get_by_text("Changed here, not sent yet").wait_for(state="detached", timeout=20_000)
    assert visitor.api("GET", "/tracks?q=stop")["items"][0]["genre"] == "Dub"


def _loop_and_mark(visitor):
    """Drag over the waveform: what was dragged over repeats; keep it as a marker, go there, take it off."""
    page = visitor.page
    box = page.locator(".big-wave").bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.52, y, steps=3)
    page.mouse.move(box["x"] + box["width"] * 0.55, y, steps=3)
    page.mouse.up()
    page.get_by_text(re.compile(r"Loop 0:0[56]")).wait_for()
    visitor.until(f"{PLACE} < 5")
    page.keyboard.press("l")
    begins, ends = 6, 6.6  # of 12 seconds
    page.evaluate(f"document.getElementById('audio').currentTime = {begins}")
    for _ in range(2):
        visitor.until(f"{PLACE} > {ends - 0.15}")
        visitor.until(f"{PLACE} < {begins + 0.3}")  # it went back
    page.keyboard.press("k")
    page.get_by_role("button", name="Keep this loop").click()
    name = page.get_by_label("Name of the marker")
    name.fill("Drop")
    name.press("Enter")
    page.get_by_role("button", name="No loop").first.click()
    page.get_by_role("button", name="Play from Drop").click()
    page.get_by_text(re.compile(r"Loop 0:0[56]")).wait_for()
    visitor.until("document.querySelector('.markers') !== null")
    track = visitor.page.url.rsplit("/", 1)[1]
    marker = visitor.api("GET", f"/tracks/{track}")["markers"][0]
    assert (marker["label"], round(marker["start"]), round(marker["end"] - marker["start"], 1)) == ("Drop", 6, 0.6)
    page.get_by_role("button", name="Remove Drop").click()
    page.locator(".markers").wait_for(state="detached")
    page.get_by_role("button", name="No loop").first.click()


def test_an_upload_goes_on_where_the_line_was_lost(visitor, tmp_path):
    visitor.sign_up("Noor", "noor@example.org")
    visitor.expected = ("ERR_FAILED",)
    page, asked = visitor.page, []
    path = write_tune(tmp_path / "Long way.wav", seconds=60)  # a piece and a bit

    def line(route):
        offset = int(route.request.headers["upload-offset"])
        asked.append(offset)
        if offset and asked.count(offset) == 1:
            route.abort("failed")  # the second piece is lost once
        else:
            route.continue_()

    page.route(
        re.compile(r"/api/v1/uploads/\w+$"),
        lambda route: line(route) if route.request.method == "PATCH" else route.continue_(),
    )
    visitor.go("/library")
    visitor.upload(path)
    assert asked[0] == 0
    assert asked[1] == asked[2] > 0
    page.get_by_role("link", name="Long way").wait_for()


def test_an_upload_that_a_closed_page_left_goes_on_with_the_same_file_only(visitor, tmp_path):
    visitor.sign_up("Bo", "bo@example.org")
    visitor.expected = ("ERR_FAILED",)
    page, asked = visitor.page, []
    path = write_tune(tmp_path / "Far away.wav", seconds=60, seed=4)
    other = write_tune(tmp_path / "Other.wav", 3, seed=5)

    def hold(route):
        """Let the first piece through; the second hangs until the page is gone."""
        if route.request.method != "PATCH" or route.request.headers["upload-offset"] == "0":
            route.continue_()
        else:
            asked.append(route)

    upload = re.compile(r"/api/v1/uploads/\w+$")
    page.route(upload, hold)
    visitor.go("/library")
    visitor.choose(path)
    for _ in range(200):
        if asked:
            break
        page.wait_for_timeout(50)
    page.on("dialog", lambda dialog: dialog.accept())  # the browser asks before it leaves an upload
    page.get_by_role("button", name="Pause Far away.wav").click()
    page.unroute(upload)
    page.reload()
    page.get_by_text("One upload was not finished").wait_for()
    page.get_by_text("Stopped at").wait_for()

    again = page.get_by_role("button", name="Choose file Far away.wav again")
    with page.expect_file_chooser() as chooser:
        again.click()
    chooser.value.set_files(str(other))
    page.get_by_text("That is another file").wait_for()
    sent = []
    page.on("request", lambda one: one.method == "PATCH" and sent.append(one.headers["upload-offset"]))
    with page.expect_file_chooser() as chooser:
        again.click()
    chooser.value.set_files(str(path))
    page.locator(".tray h2", has_text="Uploads finished").wait_for(timeout=60_000)
    assert sent
    assert "0" not in sent
    page.get_by_role("link", name="Far away", exact=True).wait_for()


def test_a_file_that_is_no_music_is_refused_with_a_reason_and_the_others_are_taken(visitor, tmp_path):
    visitor.sign_up("Ada", "ada@example.org")
    visitor.expected = ("415",)
    (tmp_path / "song.wav").write_bytes(b"MZ" + bytes(2000))
    visitor.go("/library")
    visitor.choose(tmp_path / "song.wav", *(write_tune(tmp_path / f"{n}.wav", 3, seed=n) for n in range(3)))
    tray = visitor.page.locator(".tray")
    tray.get_by_text("This is a program").wait_for()
    tray.locator("h2", has_text="One upload failed").wait_for(timeout=60_000)
    assert tray.get_by_text("In your library").count() == 3
    assert visitor.page.get_by_role("button", name="Go on with song.wav").count() == 0


def test_everything_can_be_done_by_keys(visitor, tmp_path):
    page, keys = visitor.page, visitor.page.keyboard
    visitor.sign_up("Kai", "kai@example.org")
    visitor.go("/")
    visitor.upload(write_tune(tmp_path / "First.wav", 6), write_tune(tmp_path / "Second.wav", 8, seed=2))
    keys.press("Control+k")
    keys.type("sign out")
    keys.press("Enter")
    page.get_by_role("heading", name="Good to see you").wait_for()
    keys.type("kai@example.org")
    keys.press("Tab")
    keys.type(PASSWORD)
    keys.press("Enter")
    page.locator(".rail").wait_for()

    keys.press("g")
    keys.press("l")
    page.get_by_role("grid", name="Library").wait_for()
    page.locator("[role=row][tabindex='0']").focus()
    keys.press("ArrowDown")
    visitor.until("document.activeElement.dataset.at === '1'")
    keys.press("Space")
    visitor.until("!document.getElementById('audio').paused")
    keys.press("x")
    page.get_by_text("1 selected").wait_for()
    keys.press("Escape")
    keys.press("Enter")
    page.wait_for_url(re.compile(r"/library/\w+"))
    visitor.settle()

    visitor.until("document.getElementById('audio').currentTime > 0.2")
    keys.press("m")
    page.get_by_label("Name of the marker").wait_for()
    keys.press("i")
    keys.press("Shift+ArrowRight")
    page.get_by_text("Loop 0:").wait_for()
    keys.press("Shift+L")
    keys.press("+")
    page.get_by_role("button", name="Show all").wait_for()

    keys.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    keys.press("Escape")
    keys.press("Control+k")
    keys.type("first")
    page.get_by_role("option", name="First").wait_for()
    keys.press("Enter")
    visitor.until("document.querySelector('.title')?.value === 'First'")

    keys.press("g")
    keys.press("l")  # alone, it would play faster
    page.get_by_role("grid", name="Library").wait_for()
    keys.press("Control+k")
    keys.type("new project")
    page.get_by_role("option", name="New project").wait_for()
    keys.press("Enter")
    page.get_by_role("dialog", name="New project").wait_for()
    keys.type("By hand")
    keys.press("Enter")
    page.get_by_role("heading", name="By hand").wait_for()
    focus_is_seen = "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
    for _ in range(5):
        keys.press("Tab")
        assert page.evaluate(focus_is_seen)


def test_what_one_page_does_shows_in_another_at_once(chromium, companion, visitor):
    visitor.sign_up("Lu", "lu@example.org")
    visitor.go("/projects")
    other = Visitor(chromium, companion, storage_state=visitor.context.storage_state())
    other.go("/projects")
    other.page.wait_for_timeout(500)  # until its line of events is open
    other.api("POST", "/projects", {"title": "Seen twice"})
    visitor.page.get_by_role("link", name="Seen twice").wait_for(timeout=10_000)
    other.close()


def _with_project(visitor, tmp_path):
    """A track in the library, put into a new project by the list's menu. Returns the project's id."""
    page = visitor.page
    visitor.go("/library")
    visitor.upload(write_tune(tmp_path / "Harbour.wav", 6, seed=7))
    page.get_by_role("button", name="What can be done with Harbour").click()
    page.get_by_role("menuitem", name="Put into a project").click()
    page.get_by_role("dialog").get_by_role("button", name="New project").click()
    page.get_by_text("Put into Harbour").wait_for()
    visitor.go("/projects")
    page.get_by_role("link", name="Harbour").click()
    page.locator(".tabs").wait_for()
    return page.url.rsplit("/", 1)[1]


def test_two_people_work_on_a_project(chromium, companion, visitor, tmp_path):
    visitor.sign_up("Mo Reyes", "mo@example.org")
    project = _with_project(visitor, tmp_path)
    page = visitor.page
    page.get_by_role("link", name="People").click()
    page.get_by_label("E-mail").fill("ren@example.org")
    page.get_by_role("button", name="Send the invitation").click()
    page.get_by_text("The invitation to ren@example.org is on its way").wait_for()
    page.get_by_role("link", name="Comments").click()
    page.get_by_text("Nobody said anything yet").wait_for()

    other = Visitor(chromium, companion)
    other.sign_up("Ren Ito", "ren@example.org")
    secret = mailbox.secret(companion, "ren@example.org", "invitations")
    other.go(f"/invitations#{secret}")
    other.page.get_by_text("Mo Reyes asks you to work on “Harbour” as Commenter.").wait_for()
    other.page.get_by_role("button", name="Accept").click()
    other.page.get_by_role("button", name="Play Harbour").click()
    other.until(f"{PLACE} > 0.3")
    other.page.keyboard.press("k")
    other.page.get_by_role("link", name="Comments").click()
    other.page.get_by_label("Say something").fill("More air here.")
    other.page.get_by_role("button", name="Send").click()

    page.get_by_text("More air here.").wait_for(timeout=10_000)  # without asking for it
    page.get_by_role("button", name="Harbour · 0:00").click()
    visitor.until("!document.getElementById('audio').paused")
    page.get_by_role("button", name="Mark as done").click()
    page.get_by_text("Everything is dealt with").wait_for()
    page.get_by_role("link", name="History").click()
    page.get_by_text("Ren Ito joined").wait_for()
    assert [row["name"] for row in visitor.api("GET", f"/projects/{project}/members")] == ["Mo Reyes", "Ren Ito"]
    other.close()


def test_a_box_becomes_mine_by_its_code_gets_a_name_and_is_let_go(visitor, companion):
    visitor.sign_up("Uma", "uma@example.org")
    visitor.expected = ("404",)
    page = visitor.page
    visitor.go("/boxes")
    page.get_by_role("button", name="Add a box").first.click()
    page.get_by_label("Code on the box").fill("AAAA-AAAA")
    page.get_by_role("button", name="Make it mine").click()
    page.get_by_role("alert").get_by_text("code").wait_for()
    companion.show_code("7K2M9QXP")
    page.get_by_label("Code on the box").fill("7k2m 9qxp")
    page.get_by_role("button", name="Make it mine").click()
    page.get_by_text("Studio rack is yours now").wait_for()
    page.get_by_role("button", name="It shows the same").click()
    page.get_by_role("link", name="Health").click()
    page.get_by_text("Claimed").wait_for()
    name = page.get_by_label("Name of the box")
    name.fill("Basement")
    name.press("Enter")
    page.get_by_text("Renamed").wait_for()
    page.get_by_role("button", name="What can be done with Basement").click()
    page.get_by_role("menuitem", name="Let go of it").click()
    page.get_by_role("button", name="Let go of it").click()
    page.get_by_text("No box is yours yet").wait_for()
    assert visitor.api("GET", "/boxes") == []


def test_a_copy_of_ones_data_takes_the_music_along_where_that_is_wanted(visitor, tmp_path):
    page = visitor.page
    visitor.sign_up("Olga", "olga@example.org")
    visitor.go("/account/data")
    assert page.get_by_text("With the music").count() == 0
    visitor.go("/library")
    visitor.upload(write_tune(tmp_path / "Night bus.wav", seconds=2))
    visitor.go("/account/data")
    page.get_by_label("With the music").check()
    page.get_by_role("button", name="Make a copy").click()
    page.get_by_text("with the music", exact=False).nth(1).wait_for()
    assert [one["music"] for one in visitor.api("GET", "/account/exports")["items"]] == [True]


def _sign_out(page):
    page.get_by_role("link", name="Account").click()
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    page.get_by_role("heading", name="Good to see you").wait_for()


def test_an_account_is_protected_by_a_new_password_an_app_and_a_passkey(visitor):
    page, new = visitor.page, "A kettle sings at 6!"
    visitor.sign_up("Tove", "tove@example.org")
    visitor.expected = ("401", "403")
    device = visitor.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    visitor.go("/account/security")
    page.get_by_role("button", name="Change", exact=True).click()
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password").fill(new)
    page.get_by_role("button", name="Change the password").click()
    page.get_by_text("The password was changed").wait_for()

    page.get_by_role("button", name="Set up").click()
    secret = page.locator(".totp .secret").inner_text().replace(" ", "")
    app = pyotp.TOTP(secret)
    page.get_by_label("Code of the app").fill(app.now())
    page.get_by_role("button", name="Switch it on").click()
    codes = page.get_by_role("dialog", name="Recovery codes")
    codes.wait_for()
    recovery = codes.locator("code").all_inner_texts()
    assert len(recovery) == 10
    page.get_by_role("button", name="I have put them away").click()
    page.get_by_text("10 recovery codes are left").wait_for()
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_role("button", name=re.compile("Rename Passkey of")).wait_for()

    _sign_out(page)
    page.get_by_label("E-mail").fill("tove@example.org")
    page.get_by_label("Password").fill(new)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="One more step").wait_for()
    page.get_by_role("button", name="Use a recovery code").click()
    page.get_by_label("Recovery code").fill(recovery[0])
    page.get_by_role("button", name="Sign in").click()
    page.locator(".rail").wait_for()
    assert visitor.api("GET", "/account/protection")["recovery_left"] == 9

    _sign_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    page.locator(".rail").wait_for()
    page.get_by_role("link", name="Account").click()
    page.get_by_role("link", name="Security").click()
    page.get_by_text("This one").wait_for()
    page.get_by_text("used just now").wait_for()


def test_somebody_whom_another_site_sent_back_is_told_why(visitor):
    visitor.go("/sign-in#refused=address-not-proved")
    visitor.page.get_by_role("alert").get_by_text("That address is not confirmed").wait_for()
    visitor.sign_up("Ned", "ned@example.org")
    visitor.go("/library")
    visitor.page.goto(f"{visitor.url}/sign-in#refused=conflict")  # they wanted to link an account
    visitor.page.get_by_text("That account is linked already").wait_for()
    visitor.page.wait_for_url("**/account/security")


MANY = 10_000


@pytest.fixture(scope="module")
def crowded(companion, chromium, tmp_path_factory):
    """The session of somebody with ten thousand tracks, made by copying the row of one."""
    somebody = Visitor(chromium, companion)
    somebody.sign_up("Ark", "ark@example.org")
    somebody.go("/library")
    somebody.upload(write_tune(tmp_path_factory.mktemp("many") / "Take.wav", 3, seed=9))
    companion.copy_track(somebody.api("GET", "/tracks")["items"][0]["id"], MANY - 1)
    state = somebody.context.storage_state()
    somebody.close()
    return state


def test_ten_thousand_tracks_are_a_list_like_any_other(chromium, companion, crowded):
    somebody = Visitor(chromium, companion, storage_state=crowded)
    page, keys = somebody.page, somebody.page.keyboard
    somebody.go("/library")
    page.get_by_text("10,000 tracks").wait_for()
    assert page.locator("[role=row]").count() < 60  # only what is in sight
    page.locator("[role=row][tabindex='0']").focus()
    keys.press("End")
    somebody.until("document.activeElement.dataset.at === '99'")
    somebody.until("document.querySelectorAll('[data-at=\"104\"]').length === 1")
    page.get_by_role("searchbox").fill("Take 09876")
    page.get_by_role("link", name="Take 09876").wait_for()
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Title").click()
    page.get_by_role("link", name="Take 00001").wait_for()
    somebody.close()
