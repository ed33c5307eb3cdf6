"""The box page: the state of the sync, claiming, earnings, releases, notices; whatever lies on the board."""

import copy
import json
import os
import subprocess

import pygame
import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from device.panel import board
from display import claim_view, money, theme, when
from display.button import Choice
from display.earnings_view import TOLD_SECONDS, periods
from display.scroll import Scroll
from display.shared import Shared
from display.widget import Touch
from tests.fake_board import (
    CLAIM,
    EARNINGS,
    GOOD,
    HOUR,
    IN_STEP,
    LINK,
    LISTS,
    MINUTE,
    NOON,
    NOTICES,
    RELEASES,
    open_box,
)
from tests.fake_screen import open_screen


@pytest.fixture
def box(tmp_path):
    with open_box(tmp_path) as opened:
        yield opened


def test_without_a_sync_the_bar_says_nothing_and_the_page_what_to_do(box):
    assert box.sign() == ""
    assert {"Sync is not running", "No earnings yet", "No releases yet", "Nothing to say"} <= set(box.words())


SIGNS = [
    ({"state": "in step"}, "in step", "In step"),
    ({"state": "behind", "behind": 12}, "behind by 12", "Behind by 12"),
    ({"state": "behind", "behind": 123456}, "behind by 123k", "Behind by 123,456"),
    ({"state": "offline", "since": 0}, "offline", "Offline"),
    ({"state": "nobody's"}, "waits for an owner", "Waiting for an owner"),
    ({"state": "disk full"}, "disk full", "The disk is full"),
    ({"state": "unanswered", "behind": 1}, "unanswered", "No answer"),
    ({"state": "asleep"}, "asleep", "Asleep"),  # a later version's word
]


@pytest.mark.parametrize(("document", "sign", "heading"), SIGNS)
def test_bar_and_page_say_how_the_box_stands_with_its_companion(box, document, sign, heading):
    box.pin(sync=document)
    assert box.sign() == sign
    assert heading in box.words()


def test_offline_says_since_when_why_and_that_what_waits_is_kept(box):
    box.pin(sync={"state": "offline", "since": NOON - 2 * HOUR, "behind": 1284, "said": "no route to it"})
    at = when.since(NOON - 2 * HOUR, NOON)
    assert box.sign() == f"offline since {at}"
    words = " ".join(box.words())
    assert f"Offline since {at}" in words
    assert "1,284 messages wait here." in words
    assert "No route to it" in words


def test_a_small_screen_says_it_shorter(tmp_path):
    with open_box(tmp_path, (800, 480)) as box:
        box.pin(sync={"state": "behind", "behind": 12})
        assert box.sign() == "12 behind"


def test_what_a_killed_sync_said_is_not_believed(box):
    with subprocess.Popen(["sleep", "100"]) as process:
        box.pin(sync={**IN_STEP, "pid": process.pid})
        assert box.sign() == "in step"
        process.kill()
    box.screen.frame(1.1)
    assert box.sign() == ""


def test_a_sync_that_stands_still_is_not_believed_until_it_goes_on(box):
    document = {**IN_STEP, "said": "why", "pid": os.getpid(), "beat": int(box.screen.now)}
    box.pin(sync=document)
    assert box.sign() == "in step"
    box.screen.frame(board.SILENT_SECONDS + 1)
    assert box.sign() == "sync stands still"
    assert "Sync stands still" in box.words()
    box.pin(sync={**document, "beat": int(box.screen.now)})
    assert box.sign() == "in step"


@pytest.mark.parametrize("size", [(800, 480), (1024, 600), (1280, 720), (1920, 1080)])
def test_why_the_box_is_offline_is_there_to_the_last_word(tmp_path, size):
    said = "the broker is not the companion's (certificate verify failed: self-signed certificate in chain)"
    document = {"state": "offline", "since": NOON - 40 * HOUR, "said": said, "files": 12, "file_bytes": 9_200_000_000}
    with open_box(tmp_path, size) as box:
        box.pin(**{**GOOD, "sync": {**IN_STEP, **document, "behind": 1284}})
        words = " ".join(box.words())
        assert said[1:] in words
        assert "12 (9.2 GB)" in words
        assert "2 files still to come" in words


def test_with_files_that_wait_not_everything_has_arrived(box):
    box.pin(sync={**IN_STEP, "files": 3})
    assert "Everything has reached" not in " ".join(box.words())


def test_a_box_that_is_nobodys_shows_code_digits_and_time_left(box):
    box.pin(sync={"state": "nobody's"}, claim=CLAIM)
    words = box.words()
    assert {"7K2M-9QXP", "418 206", "Good for 8:00"} <= set(words)
    assert any("music.example.org" in line for line in words)
    box.at(NOON + 7 * MINUTE + 500)
    assert "Good for 1:00" in box.words()


@pytest.mark.parametrize("size", [(1280, 720), (800, 480), (640, 400)])
def test_the_claims_link_is_drawn_as_a_qr_code_with_its_empty_border(tmp_path, size):
    with open_box(tmp_path, size) as box:
        box.pin(sync={"state": "nobody's"}, claim=CLAIM)
        made = segno.make_qr(LINK, error="m", mask=claim_view.MASK)
        side = len(made.matrix) + 8
        white = pygame.mask.from_threshold(box.screen.surface, (255, 255, 255), (1, 1, 1))
        card = max(white.get_bounding_rects(), key=lambda rect: rect.w * rect.h)
        square = card.w // side
        assert square >= 3
        left = card.x + (card.w - side * square) // 2
        top = card.y + (card.h - side * square) // 2
        seen = [
            [box.screen.surface.get_at((left + x * square + 1, top + y * square + 1))[0] < 128 for x in range(side)]
            for y in range(side)
        ]
        assert seen == [[bool(dark) for dark in row] for row in made.matrix_iter(border=4)]


def test_a_claim_comes_and_goes_while_one_looks(box):
    box.pin(**GOOD)
    assert "EARNINGS" in box.words()
    box.pin(sync={"state": "nobody's"}, claim=CLAIM)
    assert "7K2M-9QXP" in box.words()
    assert "EARNINGS" not in box.words()
    box.at(CLAIM["ends"])
    box.look()
    assert "7K2M-9QXP" not in box.words()
    assert any("rackdeck box claim" in line for line in box.words())
    box.pin(sync=IN_STEP)
    assert "In step" in box.words()


def test_a_claim_that_is_none_leaves_the_state(box):
    box.pin(sync={"state": "nobody's"}, claim={**CLAIM, "url": "javascript:alert(1)"})
    assert box.sign() == "waits for an owner"
    assert "7K2M-9QXP" not in box.words()


def test_earnings_are_exact_and_in_the_owners_words(box):
    box.pin(**GOOD)
    words = box.words()
    assert {"Today, EUR", "312.45", "1,804.50", "18,220.11", "3817", "−12.00", "604.12"} <= set(words)
    assert {"Today, JPY", "0", "120,034", "4,120,034", "This month"} <= set(words)
    assert {"+250.00 EUR", "Gig fee  ·  Club Nacht", "4 min ago"} <= set(words)


def test_what_comes_in_while_one_looks_is_told_for_a_while(box):
    box.pin(**GOOD)
    assert not box.shared.gains
    after = copy.deepcopy(EARNINGS)
    after["cards"][0]["today"] += 12_004200
    box.pin(earnings=after)
    assert {"324.45", "42", "+12.0042"} <= set(box.words())
    assert dict(box.inks())["324.45"] != theme.TEXT
    assert dict(box.inks())["18,220.11"] == theme.TEXT
    box.screen.frame(TOLD_SECONDS)
    assert "+12.0042" not in box.words()
    assert dict(box.inks())["324.45"] == theme.TEXT


def test_a_new_day_is_no_loss(box):
    box.pin(**GOOD)
    after = {**copy.deepcopy(EARNINGS), "day": "2026-11-22"}
    after["cards"][0]["today"] = 0
    box.pin(earnings=after)
    assert not box.shared.gains


def test_yesterdays_sum_is_not_called_today(box):
    box.pin(**GOOD)
    box.at(NOON + 12 * HOUR + MINUTE)  # past midnight in Berlin, not in UTC
    assert "21 Nov 2026, EUR" in box.words()
    assert periods(box.shared.earnings, NOON + 11 * 24 * HOUR)[1] == "Nov 2026"


@given(st.integers(-(2**53), 2**53), st.sampled_from(["EUR", "JPY", "KWD", "CLF"]), st.integers(0, 6))
def test_an_amount_is_written_without_loss(micros, currency, places):
    head, tail = money.split(micros, currency, places)
    whole, _, digits = (head + tail).replace(",", "").replace("−", "-").partition(".")
    assert int(f"{whole}{digits:<06}") == micros
    own = money.minor(currency)
    assert len(head.partition(".")[2]) == own
    assert not money.split(micros, currency)[1].endswith("0")


def test_releases_say_where_they_stand_the_latest_first(box):
    box.pin(**GOOD)
    words = box.words()
    assert {"Live", "1 of 2 stores", "Velvet Harbour  ·  1 Sep 2026", "1 of 2 live"} <= set(words)
    assert "Beatgrid: The ISRC is taken." in words
    assert [word for word in words if word in ("Live", "Rejected")] == ["Rejected", "Live"]


def test_notices_are_newest_first_with_their_age_until_they_are_over(box):
    box.pin(**GOOD)
    words = box.words()
    assert words.index("Newer.") < words.index("Older.")
    assert {"5 min ago · warning", "3 h ago"} <= set(words)
    box.at(NOON + HOUR)
    assert "Newer." not in box.words()
    assert {"Older.", "4 h ago"} <= set(box.words())


def test_lists_that_are_not_all_here_are_said(box):
    box.pin(**GOOD)
    assert any("2 files still to come" in word for word in box.words())
    mine = {"list": "x", "title": "Mine", "held": False}
    box.pin(lists={"lists": [{**LISTS["lists"][0], "there": 14}, mine]})
    assert "2 lists, 1 held ready here" in box.words()
    box.pin(lists={"lists": [mine]})
    assert "1 list" in box.words()


def test_a_document_that_is_taken_down_leaves_an_empty_state(box):
    box.pin(**GOOD)
    for name in GOOD:
        box.writer.remove(name)
    box.look()
    assert box.sign() == ""
    assert {"No earnings yet", "No releases yet", "Nothing to say"} <= set(box.words())


def test_one_bad_row_does_not_hide_the_others(box):
    rows = [None, 5, {"title": "x"}, {**RELEASES["releases"][0], "stage": "sold"}, *RELEASES["releases"]]
    box.pin(releases={"releases": rows}, notices={"notices": [[], *NOTICES["notices"]]})
    assert len(box.shared.releases) == 2
    assert len(box.shared.notices) == 2


def test_the_page_stands_still_when_nothing_changes(box):
    box.pin(**GOOD)
    box.screen.frame(TOLD_SECONDS)
    changed = []
    box.screen.app.window.present = changed.extend
    for _ in range(5):
        box.screen.frame(0.001)
    rects = box.screen.app.page.plan.rects
    assert [rect for rect in changed if rect not in (rects["bar.record"], rects["bar.clock"])] == []


def many_releases(count: int = 40) -> dict[str, object]:
    rows = [{**RELEASES["releases"][0], "title": f"Number {n}", "changed": NOON - n} for n in range(count)]
    return {"releases": rows}


def test_lists_scroll_by_finger_wheel_and_keys_and_stay_within_their_ends(box):
    box.pin(releases=many_releases())
    assert "Number 39" not in box.words()
    body = box.screen.app.page.plan.rects["box.body"]
    box.screen.drag("box.body", (0, -0.6 * body.h), across=0.8, along=0.9)
    assert "Number 0" not in box.words()
    for _ in range(60):
        box.screen.key(pygame.K_PAGEDOWN)
    assert "Number 39" in box.words()
    for _ in range(60):
        box.screen.key(pygame.K_PAGEUP)
    assert "Number 0" in box.words()


def test_a_flung_list_rolls_out_and_stops():
    scroll = Scroll()
    scroll.run_on(1000.0, 0.0)
    touch = Touch(1, 0, 300, 0, 300, 0.0)
    scroll.down(touch, 0.0)
    for step in range(1, 6):
        touch.y -= 20
        scroll.move(touch, step / 60, 1.0)
    assert scroll.up()
    before = scroll.offset
    for step in range(6, 600):
        scroll.run_on(1000.0, step / 60)
    assert before < scroll.offset <= 1000
    still = scroll.offset
    scroll.run_on(1000.0, 11.0)
    assert scroll.offset == still


def test_a_small_screen_shows_one_list_at_a_time(tmp_path):
    with open_box(tmp_path, (800, 480)) as box:
        box.pin(**GOOD)
        assert "312.45" in box.words()
        choices = [widget for widget in box.screen.app.page.widgets if isinstance(widget, Choice)]
        rect = next(choice.rect for choice in choices if "Earnings" in choice.captions)
        for share, word in ((0.5, "First Light"), (0.9, "Newer.")):
            place = (rect.x + share * rect.w, rect.centery)
            box.screen.mouse(pygame.MOUSEBUTTONDOWN, place)
            box.screen.frame()
            box.screen.mouse(pygame.MOUSEBUTTONUP, place)
            box.screen.frame()
            assert word in box.words()
            assert "312.45" not in box.words()


def test_the_sign_and_a_key_open_the_page_and_leave_it(tmp_path):
    with open_screen(tmp_path) as screen:
        screen.tap("bar.box")
        assert screen.app.page.plan.page == "box"
        screen.tap("bar.box")
        assert screen.app.page.plan.page == "deck"
        screen.key(pygame.K_F4)
        assert screen.app.page.plan.page == "box"
        screen.key(pygame.K_ESCAPE)
        assert screen.app.page.plan.page == "deck"


def test_the_page_needs_no_engine(tmp_path):
    with open_box(tmp_path, engine=False) as box:
        box.pin(**GOOD)
        assert {"In step", "312.45", "Night Drive"} <= set(box.words())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=10), inner, max_size=5),
    max_leaves=12,
)


def put(document: object, path: list[int], value: object) -> object:
    """The document with one of its parts replaced; the path says which by turns."""
    if not path or not isinstance(document, dict | list) or not document:
        return value
    made = copy.copy(document)
    names = list(made) if isinstance(made, dict) else list(range(len(made)))
    name = names[path[0] % len(names)]
    made[name] = put(made[name], path[1:], value)
    return made


def test_no_document_whatever_it_holds_stops_the_screen(tmp_path):
    with open_box(tmp_path) as box:

        @settings(max_examples=50, deadline=None)
        @given(st.sampled_from(board.NAMES), st.lists(st.integers(0, 30), min_size=1, max_size=5), JSON)
        def show(name, path, value):
            good = {**GOOD, "claim": CLAIM, "box": {"music": "/srv/music"}}
            (box.folder / f"board-{name}.json").write_text(json.dumps(put(good[name], path, value)))
            box.look()

        show()
        for name in board.NAMES:
            box.writer.remove(name)
        box.pin(**GOOD)
        assert {"In step", "312.45", "First Light", "Newer."} <= set(box.words())


def test_no_bytes_stop_the_screen(tmp_path):
    with open_box(tmp_path) as box:
        whole = json.dumps(EARNINGS).encode()
        bad = [
            b"",
            b"\0" * 100,
            whole[:-9],
            b"[" * 100_000,
            b'{"cards":' * 9000,
            b"9" * 99_999,
            b"{}",
            b"[]",
            b"\xff\xfe",
        ]
        for data in [*bad, whole * 400, b'{"releases":[' + b"[]," * 40_000 + b"[]]}"]:
            for name in board.NAMES:
                (box.folder / f"board-{name}.json").write_bytes(data)
            box.look()
            assert "No earnings yet" in box.words()
        (box.folder / "board-sync.json").unlink()
        (box.folder / "board-sync.json").mkdir()
        box.look()
        assert box.sign() == ""


def test_a_document_that_is_none_is_read_once_and_not_with_every_frame(tmp_path, monkeypatch):
    (tmp_path / "board-releases.json").write_bytes(b'{"releases":[' + b'{"b":1},' * 15_000 + b"1")
    parse, parsed = board._parsed, []
    monkeypatch.setattr(board, "_parsed", lambda path, size: (parsed.append(path.name), parse(path, size))[1])
    shared = Shared(tmp_path)
    for frame in range(300):
        shared.poll(frame / 60)
    assert parsed == ["board-releases.json"]
    assert shared.releases == ()


def test_at_most_one_document_is_read_anew_in_a_frame(tmp_path):
    writer = board.Writer(tmp_path)
    for name, document in GOOD.items():
        writer.show(name, document)
    shared = Shared(tmp_path)
    for frame in range(len(GOOD)):
        before = sum(shared.versions.values())
        shared.poll(frame / 60)
        assert sum(shared.versions.values()) == before + 1
    shared.poll(1.0)
    assert not shared.busy
    assert shared.earnings is not None


def test_ages_and_times_are_said_in_a_few_letters():
    assert when.ago(NOON, NOON + 30_000) == "now"
    assert when.ago(NOON, NOON + 59 * MINUTE) == "59 min ago"
    assert when.ago(NOON, NOON + 3 * 24 * HOUR) == "3 d ago"
    assert when.ago(NOON, NOON + 30 * 24 * HOUR) == when.date(NOON)
    assert when.ago(NOON + HOUR, NOON) == ""  # a clock is wrong
    assert when.since(0, NOON) == ""
    assert when.since(NOON + HOUR, NOON) == ""
    assert when.since(NOON - 48 * HOUR, NOON).startswith("19 Nov ")
    assert when.day("2026-02-31") == "31 Feb 2026"
    assert when.day("2026-99-31") == "2026-99-31"


def test_a_screenshot_shows_what_lies_on_the_board(tmp_path):
    pictures = []
    for name in ("bare", "full"):
        (tmp_path / name).mkdir()
        with open_box(tmp_path / name) as box:
            if name == "full":
                for document, content in GOOD.items():
                    box.writer.show(document, content)
            box.screen.app.screenshot(tmp_path / f"{name}.png")
            assert (box.shared.earnings is not None) == (name == "full")
        pictures.append(pygame.surfarray.array3d(pygame.image.load(str(tmp_path / f"{name}.png"))))
    assert (pictures[0] != pictures[1]).any()


def test_captions_of_the_page_are_not_cut(tmp_path, monkeypatch):
    for size in ((800, 480), (1024, 600), (1280, 720), (1920, 1080)):
        with open_box(tmp_path, size) as box:
            text, cut = box.screen.app.desk.text, []
            fit = text.fit

            def watch(words, *rest, fit=fit, cut=cut):
                fitting = fit(words, *rest)
                if fitting != words:
                    cut.append(words)
                return fitting

            monkeypatch.setattr(text, "fit", watch)
            for shown in ({}, {"claim": CLAIM}, {"sync": {"state": "offline", "since": NOON - HOUR}}):
                box.writer.remove("claim")
                box.pin(**{**GOOD, **shown})
                for section in range(3):
                    box.screen.app.desk.section = section
                    box.screen.app.desk.stale = True
                    box.screen.frame(0.01)
                    box.words()
            assert not cut, (size, cut)
