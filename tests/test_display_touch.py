"""Hands on the screen: every control sends what it should, several at once, and lets go when it should."""

import random

import pygame
import pytest

from device.panel import controls
from tests.fake_screen import open_screen


@pytest.fixture
def screen(tmp_path):
    with open_screen(tmp_path) as opened:
        for deck in (1, 2):
            opened.engine.load(deck, seconds=60.0)
        opened.engine.state("deck1.hotcue.2", 12.0)
        opened.frame()
        yield opened


@pytest.fixture
def four(tmp_path):
    with open_screen(tmp_path, decks=4) as opened:
        for deck in (1, 2, 3, 4):
            opened.engine.load(deck, seconds=30.0)
        opened.frame()
        yield opened


TAPS = {
    "deck1.play": [("deck1.play", 1.0)],
    "deck2.play": [("deck2.play", 1.0)],
    "deck1.cue": [("deck1.cue", 1.0), ("deck1.cue", 0.0)],
    "deck1.loop.in": [("deck1.loop.in", 1.0)],
    "deck1.loop.out": [("deck1.loop.out", 1.0)],
    "deck1.loop.exit": [("deck1.loop.exit", 1.0)],
    "deck1.loop.beats": [("deck1.loop.beats", 4.0)],
    "deck2.loop.roll": [("deck2.loop.roll", 4.0), ("deck2.loop.roll", 0.0)],
    "deck1.jump.back": [("deck1.beatjump", -4.0)],
    "deck1.jump.forward": [("deck1.beatjump", 4.0)],
    "deck1.hotcue.1": [("deck1.hotcue.1.set", 1.0)],
    "deck1.hotcue.2": [("deck1.hotcue.2.go", 1.0), ("deck1.hotcue.2.go", 0.0)],
    "deck2.hotcue.8": [("deck2.hotcue.8.set", 1.0)],
    "bar.record": [("record.start", None)],
}


@pytest.mark.parametrize("name", TAPS)
def test_a_tap_asks_the_engine_for_the_right_action(screen, name):
    screen.tap(name)
    assert screen.asked(len(TAPS[name])) == TAPS[name]


@pytest.mark.parametrize("what", ["quantize", "keylock", "slip", "reverse"])
def test_a_tap_turns_a_switch_of_the_deck_over_and_back(screen, what):
    before = screen.engine.read(f"deck2.{what}")
    screen.tap(f"deck2.{what}")
    assert screen.engine.read(f"deck2.{what}") == 1 - before
    screen.tap(f"deck2.{what}")
    assert screen.engine.read(f"deck2.{what}") == before
    assert screen.engine.read(f"deck1.{what}") == before


def test_taps_in_the_mixer_turn_cue_assign_and_the_microphone(screen):
    screen.tap("mixer.ch2.cue")
    assert screen.engine.read("mixer.ch2.cue") == 1
    screen.tap("mixer.ch1.assign")
    assert screen.engine.read("mixer.ch1.assign") == 2
    screen.tap("mixer.ch1.assign")
    assert screen.engine.read("mixer.ch1.assign") == 0
    screen.tap("mixer.mic.on")
    assert screen.engine.read("mixer.mic.on") == 1


def test_four_decks_each_have_their_own_controls(four):
    for deck in (1, 2, 3, 4):
        four.tap(f"deck{deck}.play")
        four.tap(f"deck{deck}.slip")
    asked = four.asked(4)
    assert asked == [(f"deck{deck}.play", 1.0) for deck in (1, 2, 3, 4)]
    assert all(four.engine.read(f"deck{deck}.slip") == 1 for deck in (1, 2, 3, 4))


def test_on_a_slim_deck_shift_turns_halve_and_double_into_loop_in_and_out(four):
    four.tap("deck3.shift")
    four.tap("deck3.loop.halve")
    four.tap("deck3.loop.double")
    assert four.asked(2) == [("deck3.loop.in", 1.0), ("deck3.loop.out", 1.0)]


KNOBS = [f"mixer.ch{n}.{what}" for n in (1, 2) for what in ("trim", "eq_high", "eq_mid", "eq_low", "filter")]
KNOBS += ["mixer.main", "mixer.booth", "mixer.phones.mix", "mixer.phones.level"]


@pytest.mark.parametrize("name", KNOBS)
def test_a_knob_turns_its_value_up_and_down_and_two_taps_bring_the_default(screen, name):
    default = controls.table()[name].default
    screen.drag(name, (0, -30))
    assert screen.engine.read(name) > default
    screen.drag(name, (0, 60))
    assert screen.engine.read(name) < default
    for _ in range(2):
        screen.down(name)
        screen.frame(0.05)
        screen.up(name)
    assert screen.engine.read(name) == default


def test_a_knob_reaches_both_ends_and_goes_no_further(screen):
    row = controls.table()["mixer.ch1.eq_low"]
    screen.drag("mixer.ch1.eq_low", (0, 600))
    assert screen.engine.read(row.name) == row.low
    screen.drag("mixer.ch1.eq_low", (0, -900))
    assert screen.engine.read(row.name) == row.high


def test_a_fader_follows_the_hand_from_where_it_is_touched_and_never_jumps(screen):
    screen.tap("mixer.ch1.fader", along=0.9)
    assert screen.engine.read("mixer.ch1.fader") == 1.0
    screen.drag("mixer.ch1.fader", (0, 60), along=0.2)
    assert 0.5 < screen.engine.read("mixer.ch1.fader") < 0.9
    screen.drag("mixer.crossfader", (-60, 0))
    assert screen.engine.read("mixer.crossfader") < -0.2


def test_the_tempo_fader_is_faster_towards_the_player_within_the_range_of_its_button(screen):
    reach = screen.widget("deck1.tempo")._reach
    screen.drag("deck1.tempo", (0, reach / 2))
    assert screen.engine.read("deck1.tempo") == pytest.approx(10, abs=0.2)
    screen.tap("deck1.range")
    assert screen.engine.read("deck1.range") == 16
    screen.drag("deck1.tempo", (0, -reach))
    assert screen.engine.read("deck1.tempo") == pytest.approx(-16, abs=1.5)
    for _ in range(2):
        screen.down("deck1.tempo")
        screen.frame(0.05)
        screen.up("deck1.tempo")
    assert screen.engine.read("deck1.tempo") == 0
    for expected in (100, 6, 10, 16):
        screen.tap("deck1.range")
        assert screen.engine.read("deck1.range") == expected


def test_two_fingers_move_two_faders_at_once(screen):
    one, two = screen.at("mixer.ch1.fader"), screen.at("mixer.ch2.eq_mid")
    screen.finger(pygame.FINGERDOWN, 1, one)
    screen.finger(pygame.FINGERDOWN, 2, two)
    for step in range(1, 11):
        screen.finger(pygame.FINGERMOTION, 1, (one[0], one[1] + 5 * step))
        screen.finger(pygame.FINGERMOTION, 2, (two[0], two[1] - 3 * step))
        screen.frame()
    assert screen.engine.read("mixer.ch1.fader") < 0.95
    assert screen.engine.read("mixer.ch2.eq_mid") > 0.5
    screen.finger(pygame.FINGERUP, 1, one)
    held = screen.engine.read("mixer.ch1.fader")
    screen.finger(pygame.FINGERMOTION, 1, (one[0], one[1] - 90))
    screen.finger(pygame.FINGERMOTION, 2, (two[0], two[1] - 50))
    assert screen.engine.read("mixer.ch1.fader") == held
    assert screen.engine.read("mixer.ch2.eq_mid") > 1.5


def test_a_mouse_event_that_sdl_made_of_a_touch_is_ignored(screen):
    event = pygame.event.Event(pygame.MOUSEBUTTONDOWN, {"pos": screen.at("deck1.slip"), "button": 1, "touch": True})
    screen.app.take([event])
    screen.frame()
    assert screen.engine.read("deck1.slip") == 0


def test_a_touch_just_beside_a_button_still_means_it(screen):
    rect = screen.app.page.plan.rects["mixer.crossfader"]
    x = screen.app.page.plan.rects["mixer.ch1.cue"].centerx
    between = (rect.y + screen.app.page.plan.rects["mixer.ch1.cue"].bottom) // 2
    assert screen.app.pointers.widget_at(x, between) is not None


def test_a_finger_on_the_waveform_scratches_one_turn_for_one_point_eight_seconds(screen):
    wave = screen.widget("wave1")
    screen.engine.put("deck1.jog.angle", 5.0)
    screen.frame()
    x, y = screen.at("wave1")
    screen.finger(pygame.FINGERDOWN, 1, (x, y))
    assert screen.engine.read("deck1.jog.touch") == 1
    screen.finger(pygame.FINGERMOTION, 1, (x - 0.9 * wave.scale, y))  # half a turn of track pulled to the left
    assert screen.engine.read("deck1.jog.angle") == pytest.approx(5.5, abs=0.01)
    screen.finger(pygame.FINGERMOTION, 1, (x + 1.8 * wave.scale, y))
    assert screen.engine.read("deck1.jog.angle") == pytest.approx(4.0, abs=0.01)
    screen.finger(pygame.FINGERUP, 1, (x, y))
    assert screen.engine.read("deck1.jog.touch") == 0


def test_a_second_finger_on_the_waveform_lets_go_of_the_platter_and_zooms(screen):
    x, y = screen.at("wave1")
    before = screen.app.desk.zoom
    screen.finger(pygame.FINGERDOWN, 1, (x - 50, y))
    screen.finger(pygame.FINGERDOWN, 2, (x + 50, y))
    assert screen.engine.read("deck1.jog.touch") == 0
    screen.finger(pygame.FINGERMOTION, 2, (x + 150, y))
    assert screen.app.desk.zoom == pytest.approx(before / 2)
    screen.finger(pygame.FINGERUP, 1, (x, y))
    screen.finger(pygame.FINGERUP, 2, (x, y))
    assert screen.engine.read("deck1.jog.touch") == 0


def test_zoom_buttons_and_keys_change_what_is_shown_within_limits(screen):
    before = screen.app.desk.zoom
    screen.tap("bar.zoom_in")
    assert screen.app.desk.zoom < before
    for _ in range(20):
        screen.key(pygame.K_MINUS, unicode="-")
    assert screen.app.desk.zoom == 64
    for _ in range(30):
        screen.key(pygame.K_PLUS, unicode="+")
    assert screen.app.desk.zoom == 1


def test_a_touch_on_the_overview_goes_there_and_following_it_sends_only_the_latest(screen):
    screen.down("deck1.overview", across=0.5)
    assert screen.asked()[0][0] == "deck1.seek"
    assert screen.asked()[0][1] == pytest.approx(30.0, abs=0.5)
    screen.engine.hang.set()
    for step in range(40):
        screen.mouse(pygame.MOUSEMOTION, screen.at("deck1.overview", across=0.5 + step / 100))
    screen.engine.hang.clear()
    screen.up("deck1.overview", across=0.89)
    screen.until(lambda: screen.engine.actions[-1][1] > 52)
    assert len(screen.engine.actions) < 10


def test_holding_a_set_pad_clears_it_but_not_with_slip_and_not_right_after_setting(screen):
    screen.down("deck1.hotcue.2")
    screen.frame(0.5)
    assert ("deck1.hotcue.2.clear", 1.0) not in screen.engine.actions
    screen.frame(0.5)
    screen.up("deck1.hotcue.2")
    assert screen.asked(3) == [("deck1.hotcue.2.go", 1.0), ("deck1.hotcue.2.clear", 1.0), ("deck1.hotcue.2.go", 0.0)]
    screen.engine.actions.clear()
    screen.down("deck1.hotcue.3")
    screen.frame(2.0)
    screen.up("deck1.hotcue.3")
    screen.engine.put("deck1.slip", 1.0)
    screen.until(lambda: screen.app.desk.board.number("deck1.hotcue.3") >= 0)
    screen.down("deck1.hotcue.3")
    screen.frame(2.0)
    screen.up("deck1.hotcue.3")
    assert [name for name, _ in screen.asked(3)] == ["deck1.hotcue.3.set", "deck1.hotcue.3.go", "deck1.hotcue.3.go"]


def test_shift_and_a_pad_clears_it(screen):
    screen.tap("deck1.shift")
    screen.tap("deck1.hotcue.2")
    screen.tap("deck1.hotcue.5")  # empty: nothing to clear
    screen.tap("deck1.play")
    assert screen.asked(2) == [("deck1.hotcue.2.clear", 1.0), ("deck1.play", 1.0)]


def test_loop_size_is_halved_and_doubled_before_and_while_it_runs(screen):
    screen.tap("deck1.loop.double")
    screen.tap("deck1.loop.beats")
    assert screen.asked()[-1] == ("deck1.loop.beats", 8.0)
    screen.until(lambda: screen.app.desk.board.on("deck1.loop.active"))
    screen.tap("deck1.loop.halve")
    screen.asked(2)
    screen.until(lambda: screen.app.desk.decks[1].beats == 4)
    screen.tap("deck1.loop.beats")
    assert screen.asked(3) == [("deck1.loop.beats", 8.0), ("deck1.loop.halve", 1.0), ("deck1.loop.exit", 1.0)]
    for _ in range(20):
        screen.tap("deck1.loop.halve")
    assert screen.app.desk.decks[1].loop_beats == 1 / 32


def test_the_jump_size_button_goes_round(screen):
    sizes = []
    for _ in range(7):
        screen.tap("deck1.jump.size")
        sizes.append(screen.app.desk.decks[1].jump_beats)
    assert sizes == [8, 16, 32, 64, 1, 2, 4]


def test_a_tap_on_the_time_turns_remaining_into_elapsed(screen):
    screen.engine.state("deck1.position", 20.0)
    screen.frame()
    assert screen.widget("deck1.time").look()[0] == "−0:40.0"
    screen.tap("deck1.time")
    assert screen.widget("deck1.time").look()[0] == "0:20.0"


def test_turning_the_page_lets_go_of_what_is_held(screen):
    screen.down("deck1.cue")
    screen.finger(pygame.FINGERDOWN, 7, screen.at("wave2"))
    screen.asked()
    assert screen.engine.read("deck2.jog.touch") == 1
    screen.key(pygame.K_F3)
    assert screen.asked(2)[-1] == ("deck1.cue", 0.0)
    assert screen.engine.read("deck2.jog.touch") == 0


def test_losing_the_window_lets_go_of_keys(screen):
    screen.key(pygame.K_a, unicode="a")
    screen.key(pygame.K_x, unicode="x")
    assert screen.engine.read("deck1.bend") == 0.5
    screen.app.take([pygame.event.Event(pygame.WINDOWFOCUSLOST)])
    assert screen.asked(2) == [("deck1.cue", 1.0), ("deck1.cue", 0.0)]
    assert screen.engine.read("deck1.bend") == 0


def test_keys_play_cue_jump_loop_and_set_hot_cues_on_both_sides(screen):
    for key, letter in ((pygame.K_s, "s"), (pygame.K_k, "k"), (pygame.K_w, "w"), (pygame.K_u, "u"), (pygame.K_1, "1")):
        screen.key(key, unicode=letter)
        screen.key_up(key)
    screen.key(pygame.K_7, unicode="7")
    screen.key(pygame.K_s, mod=pygame.KMOD_ALT)
    assert screen.asked(7) == [
        ("deck1.play", 1.0), ("deck2.play", 1.0), ("deck1.beatjump", 4.0), ("deck2.beatjump", -4.0),
        ("deck1.hotcue.1.set", 1.0), ("deck2.hotcue.1.set", 1.0), ("deck3.play", 1.0),
    ]  # fmt: skip


def test_shift_and_a_number_key_clears_a_hot_cue(screen):
    screen.key(pygame.K_2, mod=pygame.KMOD_SHIFT, unicode='"')
    assert screen.asked() == [("deck1.hotcue.2.clear", 1.0)]


def test_arrows_move_the_crossfader_and_function_keys_turn_pages(screen):
    screen.key(pygame.K_RIGHT)
    assert screen.engine.read("mixer.crossfader") == pytest.approx(0.1)
    screen.key(pygame.K_F1)
    assert screen.app.page.plan.page == "help"
    screen.key(pygame.K_ESCAPE)
    assert screen.app.page.plan.page == "deck"
    screen.key(pygame.K_F2)
    assert screen.app.page.plan.decks == 4
    screen.key(pygame.K_q, mod=pygame.KMOD_CTRL)
    assert screen.app.stop


def test_the_bar_turns_pages_and_shows_two_or_four_decks(screen):
    for page in ("browser", "settings", "help"):
        screen.tap(f"bar.{page}")
        assert screen.app.page.plan.page == page
    screen.tap("bar.deck")
    assert screen.app.page.plan.page == "deck"
    screen.tap("bar.count", across=0.9)
    assert screen.app.page.plan.decks == 4
    screen.tap("bar.count", across=0.1)
    assert screen.app.page.plan.decks == 2


def test_a_small_screen_flips_to_the_other_decks(tmp_path):
    with open_screen(tmp_path, size=(800, 480), decks=4) as small:
        small.tap("bar.layer")
        small.tap("deck4.keylock")
        assert small.engine.read("deck4.keylock") == 1
        small.tap("bar.mixer")
        small.drag("mixer.ch3.fader", (0, 40))
        assert small.engine.read("mixer.ch3.fader") < 1


def test_settings_set_what_they_say(screen):
    screen.tap("bar.settings")
    widgets = [widget for widget in screen.app.page.widgets if type(widget).__name__ == "Choice"]
    settings = [widget for widget in widgets if widget.rect != screen.app.page.plan.rects["bar.count"]]
    names = ["mixer.eq_mode", "mixer.crossfader_curve", "mixer.fader_curve", "mixer.limiter", "mixer.phones.split"]
    names += ["mixer.mic.on", "record.format"]
    assert len(settings) == len(names)
    for name, widget in zip(names, settings, strict=True):
        count = len(controls.table()[name].choices)
        for index in (count - 1, 0):
            place = (widget.rect.x + (index + 0.5) * widget.rect.w / count, widget.rect.centery)
            screen.mouse(pygame.MOUSEBUTTONDOWN, place)
            screen.mouse(pygame.MOUSEBUTTONUP, place)
            screen.frame()
            assert screen.engine.read(name) == index


def test_the_wheel_turns_knobs_faders_and_zooms(screen):
    for name in ("mixer.ch1.trim", "mixer.crossfader"):
        before = screen.engine.read(name)
        screen.widget(name).wheel(2.0)
        assert screen.engine.read(name) > before
    zoom = screen.app.desk.zoom
    screen.widget("wave1").wheel(1.0)
    assert screen.app.desk.zoom < zoom


@pytest.mark.parametrize("size", [(1280, 720), (800, 480)])
def test_whatever_hands_do_nothing_breaks_and_nothing_wrong_is_sent(tmp_path, size):
    dice = random.Random(7)
    with open_screen(tmp_path, size=size, decks=4) as wild:
        for deck in (1, 2, 3):
            wild.engine.load(deck, seconds=20.0)
        kinds = [pygame.FINGERDOWN, pygame.FINGERMOTION, pygame.FINGERMOTION, pygame.FINGERUP]
        keys = [pygame.K_a, pygame.K_s, pygame.K_e, pygame.K_7, pygame.K_TAB, pygame.K_RETURN, pygame.K_F2]
        for step in range(300):
            place = (dice.uniform(-20, size[0] + 20), dice.uniform(-20, size[1] + 20))
            wild.finger(dice.choice(kinds), dice.randrange(3), place)
            if step % 7 == 0:
                key = dice.choice(keys)
                wild.key(key, unicode=chr(key) if key < 128 and chr(key).isprintable() else "")
                wild.key_up(key)
            wild.engine.step(wild.now)
            wild.frame(0.02)
        wild.app.pointers.release_all()
        wild.frame()
        wrong = [text for text in wild.app.desk.toasts.sentences if "takes" in text or "control" in text]
        assert not wrong
        assert all(wild.engine.read(f"deck{deck}.jog.touch") == 0 for deck in (1, 2, 3, 4))
