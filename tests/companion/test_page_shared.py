"""A machine that several people use: what one read there is gone when they sign out."""

import pytest

from tests.companion.browser import chromium, companion, visitor

pytestmark = pytest.mark.slow
__all__ = ["chromium", "companion", "visitor"]
KEPT = """async () => {
  if (!(await caches.has('read'))) return 0;
  const keys = await (await caches.open('read')).keys();
  return keys.filter((one) => one.url.includes('/tracks')).length;
}"""
READ = "async () => { try { return (await fetch('/api/v1/tracks?limit=7')).status } catch { return 0 } }"


@pytest.mark.parametrize("controlled", [True, False])
def test_who_comes_next_finds_nothing_without_a_network_either(visitor, controlled):
    page = visitor.page
    visitor.sign_up("Tove", f"tove{controlled}@example.org")
    visitor.go("/library")
    visitor.until("navigator.serviceWorker.controller !== null")
    page.reload()
    visitor.settle()
    assert page.evaluate(READ) == 200
    assert page.evaluate(KEPT) > 0
    visitor.context.set_offline(True)
    visitor.expected = ("ERR_INTERNET_DISCONNECTED", "ERR_FAILED", "Failed to fetch", "401")
    assert page.evaluate(READ) == 200, "without a network, what was read is there"
    visitor.context.set_offline(False)
    if not controlled:  # as after a reload that goes past the service worker
        page.evaluate("Object.defineProperty(navigator.serviceWorker, 'controller', { value: null })")
    page.get_by_role("link", name="Account").click()
    page.get_by_role("button", name="Sign out", exact=True).first.click()
    page.get_by_role("heading", name="Good to see you").wait_for()
    for _ in range(200):
        if page.evaluate(KEPT) == 0:
            break
        page.wait_for_timeout(25)
    assert page.evaluate(KEPT) == 0
    visitor.context.set_offline(True)
    assert page.evaluate(READ) == 0
