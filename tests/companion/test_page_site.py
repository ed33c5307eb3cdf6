"""Serving the built page, and what can be told of it without a browser: its size, its colours, its texts."""

import gzip
import json
import re
import shutil
import subprocess

import pytest
from flask import Flask

from companion import site
from display.theme import contrast

PAGE = site.DIST.parent
built = pytest.mark.skipif(not (site.DIST / "index.html").exists(), reason="the page is not built; run `make page`")
# ordinary text on these grounds: 4.5; what is large, or a line that tells something: 3
TEXTS = [
    (text, ground)
    for text in ("text", "soft", "faint", "accent", "bad", "good")
    for ground in ("base", "sunk", "raised", "lifted")
] + [
    ("on-accent", "accent"),
    ("accent", "accent-tint"),
    ("text", "accent-tint"),
    ("text", "pressed"),
    ("soft", "pressed"),
    ("text", "button"),
    ("bad", "bad-tint"),
    ("soft", "bad-tint"),
]
GRAPHICS = [
    (line, ground)
    for line in ("edge", "wave", "accent", *(f"m{number}" for number in range(1, 9)))
    for ground in ("base", "sunk")
]


@pytest.fixture
def dist(tmp_path):
    """A build in small."""
    (tmp_path / "assets").mkdir()
    for name, text in {
        "index.html": "<!doctype html>page",
        "sw.js": "worker",
        "assets/page-AAAA.js": "script" * 99,
    }.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "assets" / "page-AAAA.js.gz").write_bytes(gzip.compress(b"script" * 99))
    return tmp_path


@pytest.fixture
def browser(dist):
    app = Flask("page", static_folder=None)
    site.install(app, dist)
    return app.test_client()


@pytest.mark.parametrize(
    "path", ["/", "/library", "/library/01abc", "/account/security", "/sign-in", "/projects/1/history"]
)
def test_every_address_of_the_page_is_the_same_document_which_is_asked_for_each_time(browser, path):
    answer = browser.get(path)
    assert answer.data == b"<!doctype html>page"
    assert answer.headers["Cache-Control"] == "no-cache"
    again = browser.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_a_mistyped_address_is_the_page_for_people_and_a_problem_for_programs(browser):
    people = browser.get("/nothing/here", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (people.status_code, people.data) == (404, b"<!doctype html>page")
    for accept in ("*/*", "application/json", "application/json, text/html;q=0.5"):
        program = browser.get("/nothing/here", headers={"Accept": accept})
        assert (program.status_code, program.json["type"]) == (404, "/problems/not-found")


def test_hashed_files_are_kept_for_ever_and_come_packed_for_who_can_unpack_them(browser):
    plain = browser.get("/assets/page-AAAA.js")
    packed = browser.get("/assets/page-AAAA.js", headers={"Accept-Encoding": "gzip, deflate"})
    refused = browser.get("/assets/page-AAAA.js", headers={"Accept-Encoding": "gzip;q=0"})
    assert plain.data == refused.data == gzip.decompress(packed.data)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert "immutable" in plain.headers["Cache-Control"]
    assert plain.content_type.startswith("text/javascript")


def test_nothing_but_the_build_can_be_had(browser, app):
    visitor = app.test_client()
    for path in (
        "/assets/page-BBBB.js",
        "/assets/../site.py",
        "/assets/%2e%2e/site.py",
        "/assets/index.html",
        "/site.py",
    ):
        assert visitor.get(path).status_code == 404, path


def test_a_companion_without_a_built_page_says_what_to_do(settings, tmp_path, monkeypatch):
    from companion.app import create_app

    monkeypatch.setattr(site.install, "__defaults__", (tmp_path,))
    answer = create_app(settings).test_client().get("/library")
    assert answer.status_code == 503
    assert "make page" in answer.json["detail"]


@built
def test_the_page_obeys_the_policy_that_it_is_sent_with(app):
    answer = app.test_client().get("/")
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=|https?://", answer.text)
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', answer.text):
        assert app.test_client().get(path).status_code == 200, path


@built
def test_the_first_load_stays_within_its_150_kilobytes_of_script():
    text = (site.DIST / "index.html").read_text()
    first = re.findall(r'"/assets/([\w-]+\.js)"', text)
    assert first
    assert sum(len((site.DIST / "assets" / f"{name}.gz").read_bytes()) for name in first) <= 150_000


def test_the_page_can_be_installed():
    manifest = json.loads((PAGE / "static" / "manifest.webmanifest").read_text())
    assert manifest["display"] == "standalone"
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    for icon in manifest["icons"]:
        assert (PAGE / "static" / icon["src"].lstrip("/")).exists()


def themes():
    """The colours of each theme, (r, g, b) by name."""
    text = (PAGE / "src" / "styles" / "tokens.css").read_text()
    found = {}
    for theme, body in re.findall(r"\[data-theme='(\w+)'\] \{(.*?)\n\}", text, re.S):
        pairs = re.findall(r"--([\w-]+): #([0-9a-f]{6});", body)
        found[theme] = {name: tuple(bytes.fromhex(value)) for name, value in pairs}
    return found


@pytest.mark.parametrize("theme", ["dark", "light", "contrast"])
def test_every_pair_of_colours_can_be_told_apart(theme):
    colours = themes()[theme]
    weak = [pair for pair in TEXTS if contrast(colours[pair[0]], colours[pair[1]]) < 4.5]
    weak += [pair for pair in GRAPHICS if contrast(colours[pair[0]], colours[pair[1]]) < 3]
    assert weak == []


def test_the_sources_are_well_typed():
    npm = shutil.which("npm")
    if npm is None or not (PAGE / "node_modules" / "typescript").exists():
        pytest.skip("the page's packages are not installed; run `make page`")
    done = subprocess.run([npm, "run", "--silent", "check"], cwd=PAGE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
