"""Playlists on the touchscreen: listed, opened, loaded, with what is not on this box."""

import pytest

from device.contracts import ids
from device.panel import board
from display import playlists
from tests.fake_board import IN_STEP
from tests.fake_screen import open_screen
from tests.test_display_browser import row, settle, tap, titles

FRIDAY = ids.make(1_795_258_800_000, bytes(10))


def track(title, path, *facts):
    return [title, "Mira Okafor", str(path), "Am", 126.0, 214.0, *facts, ""][:7]


@pytest.fixture
def screen(tmp_path):
    music = tmp_path / "crate"
    music.mkdir()
    for name in ("b.wav", "a.wav"):
        (music / name).touch()
    with open_screen(tmp_path, page="browser", music=music) as opened:
        opened.music, opened.writer = music, board.Writer(opened.app.link.folder)
        settle(opened.app.desk.browser)
        opened.frame()
        yield opened


def pin(screen, *tracks, mark="1", more=0):
    screen.writer.show(board.PLAYLIST + FRIDAY, {"title": "Friday", "tracks": list(tracks), "more": more})
    shown = {"list": FRIDAY, "title": "Friday", "tracks": len(tracks), "shown": len(tracks), "mark": mark}
    shown["here"] = sum(bool(one[2]) for one in tracks)
    screen.writer.show("playlists", {"playlists": [shown], "more": 0})


def go(screen, index):
    tap(screen, row(screen, index))
    settle(screen.app.desk.browser)
    screen.frame()


def usual(screen):
    return (
        track("Night Drive", screen.music / "b.wav", "after midnight"),
        track("Not sent", ""),
        track("Concrete Garden", screen.music / "a.wav"),
        track("Night Drive", screen.music / "b.wav"),
        track("Deleted", screen.music / "gone.wav"),
    )


def test_a_playlist_is_opened_in_its_order_and_its_tracks_load_like_files(screen):
    browser = screen.app.desk.browser
    pin(screen, *usual(screen))
    assert titles(browser)[:2] == ["Playlists", "From the companion"]
    go(screen, 0)
    assert [(found.title, found.facts) for found in browser.rows] == [("Friday", "5 tracks, 4 here")]
    go(screen, 0)
    assert browser.where == "Playlists  ›  Friday"
    assert titles(browser) == ["Night Drive", "Not sent", "Concrete Garden", "Night Drive", "Deleted"]
    assert [found.missing for found in browser.rows] == [False, True, False, False, True]
    assert (browser.rows[0].note, browser.rows[0].bpm, browser.rows[0].seconds) == ("after midnight", 126.0, 214.0)
    tap(screen, row(screen, 2))
    tap(screen, row(screen, 2))
    screen.tap("browser.load2")
    path = str(screen.music / "a.wav")
    assert screen.asked(2) == [("deck1.load", path), ("deck2.load", path)]


def test_a_track_without_a_file_here_says_so_and_loads_nothing(screen):
    pin(screen, *usual(screen))
    go(screen, 0)
    go(screen, 0)
    tap(screen, row(screen, 1))
    screen.tap("browser.load1")
    assert "no file on this box" in screen.app.desk.toasts.sentences[0]
    assert screen.engine.actions == []


def test_sorting_a_playlist_comes_back_to_its_order_and_leaves_folders_alone(screen):
    browser = screen.app.desk.browser
    pin(screen, *usual(screen))
    go(screen, 0)
    go(screen, 0)
    browser.choose(3)
    for _ in range(2):
        browser.sort_by("title")
    assert titles(browser)[0] == "Not sent"
    assert browser.current.place == 4  # of the two that are one file, the one that was chosen
    browser.sort_by("title")
    assert titles(browser)[0] == "Night Drive"
    for where in ("Playlists", "crate", "Places"):
        browser.up()
        settle(browser)
        assert browser.where == where
    assert browser.sort == ("title", False)


def test_what_is_edited_meanwhile_shows_at_once(screen):
    browser = screen.app.desk.browser
    pin(screen, *usual(screen))
    go(screen, 0)
    go(screen, 0)
    tap(screen, row(screen, 2))
    pin(screen, usual(screen)[2], mark="2")
    screen.until(lambda: titles(browser) == ["Concrete Garden"])
    screen.writer.remove(board.PLAYLIST + FRIDAY)
    screen.writer.show("playlists", {"playlists": [], "more": 0})
    screen.until(lambda: not browser.rows)
    assert browser.empty_reason == playlists.GONE


def test_without_playlists_it_says_how_to_make_them_and_without_a_sync_why_there_are_none(screen):
    browser = screen.app.desk.browser
    go(screen, 0)
    assert browser.empty_reason == playlists.NO_SYNC
    screen.writer.show("sync", IN_STEP)
    browser.reload()
    settle(browser)
    assert browser.empty_reason == playlists.EMPTY
    pin(screen)
    screen.until(lambda: titles(browser) == ["Friday"])
    go(screen, 0)
    assert browser.empty_reason == playlists.NO_TRACKS


def test_what_had_no_room_is_said(screen):
    pin(screen, *usual(screen), more=4000)
    go(screen, 0)
    go(screen, 0)
    assert titles(screen.app.desk.browser)[-1].startswith("4,000 more")
    screen.app.desk.browser.choose(5)
    screen.tap("browser.load1")
    assert "4,000 more" in screen.app.desk.toasts.sentences[0]


@pytest.mark.parametrize(
    "document",
    [
        {"playlists": 1}, {"playlists": [1, {}, {"list": "../x"}, {"list": "/etc"}, {"list": 3, "title": []}]},
    ],
)  # fmt: skip
def test_what_is_no_list_of_playlists_is_left_out(tmp_path, document):
    board.Writer(tmp_path).show("playlists", document)
    assert playlists.find(tmp_path, playlists.TOP).rows == []


def test_what_is_no_playlist_is_left_out(tmp_path):
    writer, path = board.Writer(tmp_path), playlists.TOP / FRIDAY
    for tracks in (3, [3, [], ["a"] * 6]):
        writer.show(board.PLAYLIST + FRIDAY, {"title": 3, "tracks": tracks, "more": "x"})
        assert playlists.find(tmp_path, path).rows == []
    writer.show(
        board.PLAYLIST + FRIDAY, {"tracks": [[1, 2, "/" + "x" * 5000, 4, "5", None, 7], ["t", "", "/\0", *"four"]]}
    )
    assert [found.missing for found in playlists.find(tmp_path, path).rows] == [True, True]


def test_the_browser_opens_the_music_folder_of_the_box_that_runs(tmp_path):
    panel, music = tmp_path / "panel", tmp_path / "My music"
    panel.mkdir()
    music.mkdir()
    board.Writer(panel).show("box", {"music": str(music)})
    with open_screen(tmp_path, page="browser") as screen:
        browser = screen.app.desk.browser
        settle(browser)
        assert browser.folder == music
        assert titles(browser) == ["Playlists", "From the companion"]
        go(screen, 1)
        assert browser.folder == tmp_path / "home" / "music"
        assert browser.where == "From the companion"
        browser.up()
        settle(browser)
        assert browser.folder == music
