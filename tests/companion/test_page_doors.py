"""The doors of the page in a real browser: mailed links, invitations of newcomers, leaving and staying."""

import pytest

from tests.companion import mailbox
from tests.companion.browser import PASSWORD, Visitor, chromium, companion, visitor

pytestmark = pytest.mark.slow
__all__ = ["chromium", "companion", "visitor"]


def _mailed(visitor, companion, to, page):
    """The secret of the link that is mailed to an address, once the worker has sent it."""
    for _ in range(600):
        if any(f"/{page}#" in mail.get_content() for mail in mailbox.mails(companion, to)):
            break
        visitor.page.wait_for_timeout(50)
    return mailbox.secret(companion, to, page)


def test_who_comes_first_is_told_what_this_is_and_administers(chromium, companion):
    ada = Visitor(chromium, companion)
    page = ada.page
    ada.go("/sign-in")
    page.get_by_role("heading", name="Welcome to your companion").wait_for()
    page.get_by_text("The first account is yours: it administers").wait_for()
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make an account").click()
    page.get_by_role("heading", name="Welcome, Ada").wait_for()
    page.get_by_role("link", name="Which folder?").click()
    page.get_by_text("Links to confirm an address").wait_for()
    ada.close()


def test_every_button_that_makes_a_link_says_where_it_goes(chromium, visitor, companion):
    somebody = Visitor(chromium, companion)
    somebody.sign_up("Eva", "eva@example.org")
    somebody.close()
    page = visitor.page
    visitor.go("/sign-up")
    page.get_by_role("heading", name="Make an account").wait_for()
    page.get_by_text("You are in at once").wait_for()
    visitor.sign_up("Ina", "ina@example.org")
    visitor.go("/account")
    page.get_by_role("button", name="Make a new link").click()
    page.get_by_text("A new link is where it can be fetched").wait_for()
    page.get_by_label("Another e-mail address").fill("ina@example.net")
    page.get_by_role("button", name="Mail a link there").click()
    page.get_by_text("The link to ina@example.net is on its way").wait_for()
    assert _mailed(visitor, companion, "ina@example.net", "verify")

    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_role("link", name="Forgot the password?").click()
    page.get_by_label("E-mail").fill("ina@example.org")
    page.get_by_role("button", name="Mail me the link").click()
    page.get_by_role("heading", name="Look into your mail").wait_for()


def test_a_newcomer_who_is_asked_to_a_project_signs_up_and_is_there(chromium, companion, visitor):
    visitor.sign_up("Ana Lem", "ana@example.org")
    project = visitor.api("POST", "/projects", {"title": "Tide"})["id"]
    visitor.api("POST", f"/projects/{project}/invitations", {"email": "new@example.org", "role": "editor"})
    secret = _mailed(visitor, companion, "new@example.org", "invitations")

    other = Visitor(chromium, companion)
    page, other.expected = other.page, ("401",)  # nobody is signed in yet
    other.go(f"/invitations#{secret}")
    page.get_by_text("Ana Lem asks you to work on “Tide” as Editor. Sign in to accept it").wait_for()
    page.get_by_role("link", name="Make an account").click()
    page.get_by_text("Ana Lem asks you to work on “Tide” as Editor. Make an account").wait_for()
    other.until("document.querySelector('[name=email]').value === 'new@example.org'")
    page.get_by_role("link", name="Sign in").click()  # there and back loses nothing
    page.get_by_role("link", name="Make an account").click()
    page.get_by_label("Name").fill("Newt")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make an account").click()
    page.get_by_role("heading", name="Ana Lem asks you to work on “Tide” as Editor.").first.wait_for()
    page.get_by_role("button", name="Accept").first.click()
    page.wait_for_url(f"**/projects/{project}")
    other.close()


def test_an_account_that_is_about_to_be_deleted_says_so_on_every_screen_until_it_is_kept(visitor):
    page, visitor.expected = visitor.page, ("401",)  # all sessions end
    visitor.sign_up("Lev", "lev@example.org")
    visitor.go("/account/data")
    page.get_by_role("button", name="Delete the account").click()
    page.get_by_role("dialog").get_by_label("Password").fill(PASSWORD)
    page.get_by_role("dialog").get_by_role("button", name="Delete the account").click()
    page.get_by_role("heading", name="Good to see you").wait_for()
    page.get_by_label("E-mail").fill("lev@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator(".rail").wait_for()
    for path in ("/library", "/boxes"):
        visitor.go(path)
        page.get_by_text("This account will be deleted on").wait_for()
    page.get_by_role("button", name="Keep it after all").click()
    page.get_by_text("This account will be deleted on").wait_for(state="detached")
    assert visitor.api("GET", "/account")["leaving"] is None


def test_the_overview_of_an_empty_library_still_tells_what_is_next_and_what_is_on_the_desk(visitor):
    page = visitor.page
    visitor.sign_up("Eve", "eve@example.org")
    visitor.api("POST", "/projects", {"title": "Plans"})
    visitor.go("/")
    page.get_by_role("button", name="Upload your first track").wait_for()
    page.get_by_text("Confirm eve@example.org").wait_for()
    page.get_by_role("link", name="Plans").wait_for()
