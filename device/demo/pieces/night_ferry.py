"""Night Ferry: liquid drum and bass in D minor at 174 BPM."""

from device.demo import drums as kit
from device.demo.effects import chorus, hall, saturate, tremolo, widen
from device.demo.filters import bell, high_cut, high_shelf, low_cut, sweep, tone
from device.demo.harmony import lead
from device.demo.mixdown import Desk, Piece
from device.demo.score import Note, Notes, Section, comp, hits, line, louder, over, sustain, without
from device.demo.synth import bell as glass
from device.demo.synth import pluck, reese, saws, sub

SECTIONS = (
    Section("intro", 16),
    Section("build", 8),
    Section("drop", 32),
    Section("break", 16),
    Section("lift", 8),
    Section("second drop", 32),
    Section("outro", 16),
)
HALL_SECONDS = 2.8

CHORDS = ["Dm9", "Bbmaj7", "Gm7", "A7"]  # two bars each
LIFT_CHORDS = ["Bbmaj7", "C6", "Dm9", "Dm7", "Gm7", "Dm7", "Bbmaj7", "A7"]  # one bar each
BASS = line(
    """
    D2:6 -:4 D2:4 -:2 | -:2 D2:4 -:2 F2:2 D2:2 C2:4 | Bb1:6 -:4 Bb1:4 -:2 | -:2 Bb1:4 -:2 D2:2 C2:2 Bb1:4 |
    G1:6 -:4 G1:4 -:2 | -:2 G1:4 -:2 Bb1:2 A1:2 G1:4 | A1:6 -:4 A1:4 -:2 | -:2 A1:4 -:2 C#2:2 A1:2 C#2:4
""",
    0.85,
)
HOOK = line("""
    A4:6! D5:6 F5:4 | E5:12 D5:4 | D5:6! F5:6 A5:4 | G5:8 F5:4 D5:4 |
    Bb4:6! D5:6 F5:4 | A5:12 G5:4 | G5:6! E5:6 C#5:4 | E5:8 C#5:4 A4:4
""")
ANSWER = line(
    """
    -:8 D6:2 C6:2 A5:4 | -:16 | -:8 F6:2 D6:2 C6:4 | -:16 | -:8 D6:2 C6:2 Bb5:4 | -:16 | -:8 C#6:2 A5:2 G5:4 | -:16
""",
    0.6,
)
PIANO = line(
    """
    D4:2 A4:2 D5:2 A4:2 F5:2 D5:2 E5:2 D5:2 | D4:2 A4:2 D5:2 A4:2 F5:2 D5:2 C5:2 D5:2 |
    Bb3:2 F4:2 D5:2 F4:2 C5:2 F4:2 D5:2 F4:2 | Bb3:2 F4:2 D5:2 F4:2 F5:2 D5:2 C5:2 Bb4:2 |
    G3:2 D4:2 Bb4:2 D4:2 F5:2 D4:2 Bb4:2 D4:2 | G3:2 D4:2 Bb4:2 D4:2 D5:2 Bb4:2 A4:2 G4:2 |
    A3:2 E4:2 C#5:2 E4:2 G5:2 E4:2 C#5:2 E4:2 | A3:2 E4:2 C#5:2 E4:2 E5:2 C#5:2 G4:2 A4:2
""",
    0.55,
)
STRINGS = line(
    """
    A5:32 | F5:16 A5:16 | D5:16 F5:16 | E5:16 G5:16
""",
    0.6,
)


def _full(desk: Desk) -> list[range]:
    return [desk.form["drop"], desk.form["second drop"]]


def drums(desk: Desk) -> None:
    """The two-step, its ghosts, hats, a ride and rolls."""
    form, rng = desk.form, desk.rng("kit")
    step = hits("9.........9.....|9.........9.....|9.........9.....|9..8......9..7..", 36)
    kicks = over(step, 4, *form.spans("build", "drop", "second drop", "outro"))
    kicks += over(hits("9...............|9.........8.....", 36), 2, form["intro"])
    for end in (form["build"].stop, form["drop"].start + 16):
        kicks = without(kicks, end * 4 - 2, end * 4)
    desk.listen(kicks)
    desk.strip(desk.samples(kicks, kit.kick(rng, 58.3, 0.20, punch=6.0, drive=2.8, click=0.6)), -6.5)
    back = "....9.......9..."
    snares = over(hits(back, 38), 1, form.last("intro", 8), *form.spans("build", "drop", "second drop", "outro"))
    fills: Notes = []
    for end in (form["intro"].stop, form["drop"].start + 16, form["drop"].stop, form["second drop"].start + 16):
        snares = without(snares, end * 4 - 2, end * 4)
        fills += over(hits("........6.5868.9", 38), 1, range(end - 1, end))
    roll = "7.......7.......|7...7...7...7...|6.6.6.6.7.7.7.7.|6667666777788899"
    fills += over(hits(roll, 38), 4, form.last("lift", 4))
    fills += over(hits("7...7...7...7...|6.6.6.6.67677889", 38), 2, form.last("build", 2))
    crack = desk.samples(snares, kit.snare(rng, 196.0, 0.26, 1.2))
    desk.strip(crack, -6.5, hall=0.10)
    desk.strip(desk.samples(desk.human("roll", fills, 0.003), kit.snare(rng, 220.0, 0.16), 0.06), -11.5, hall=0.16)
    hats = "7.46.47.4.7346.4"
    steady = form.spans("intro", "build", "drop", "lift", "second drop", "outro")
    closed = over(hits(hats, 42), 1, form.last("break", 8), *steady)
    fade = [(0, -4), (8, 0), (form["break"].start, 0), (form["break"].start + 8, -12), (form["lift"].stop, -2)]
    closed = desk.human("hat", closed, 0.008, 0.14)
    desk.strip(desk.samples(closed, kit.hat(rng, 0.055, 7600), 0.25), -11.5, fade=[*fade, (form["lift"].stop + 0.1, 0)])
    opened = over(hits("..............6.", 46), 2, form["build"], *_full(desk))
    desk.strip(desk.samples(opened, kit.hat(rng, 0.22, 6500), -0.2), -11.5, hall=0.05)


def breaks(desk: Desk) -> None:
    """A drummer behind the machine: ghost notes, a ride and tambourine, high-passed out of the kick's way."""
    form = desk.form
    ghosts = hits("..3....4.5....43|..3....4.5.4..35", 38)
    loop = ghosts + hits("7...6...7...6...|7...6...7...6.5.", 51)
    notes = over(loop, 2, *_full(desk))
    notes += over(ghosts, 2, form.last("intro", 8), form["build"], form.first("outro", 12))
    shake = hits("..3...3...3...3.", 54)
    notes += over(shake, 1, form.last("drop", 16), form["second drop"])
    played = tone(desk.band(desk.human("drummer", notes, 0.008, 0.12), 16, drums=True), low_cut(230, 3))
    desk.strip(saturate(played * 4.0, 1.5), -11.0, hall=0.10)


def bass(desk: Desk) -> None:
    """A sub that lands with the kick, and a reese that moves above it."""
    form = desk.form
    notes = over(BASS, 8, *_full(desk), form.first("outro", 8))
    for end in (form["build"].stop, form["drop"].start + 16):
        notes = without(notes, end * 4 - 2, end * 4)
    desk.strip(desk.play(notes, sub(1.5, 0.006, 0.06)), -9.5, duck=0.45, duck_beats=0.45)
    dark = [(form["drop"].start, 700), (form["drop"].start + 16, 1500), (form["drop"].stop, 2200)]
    bright = [(form["second drop"].start, 1200), (form["second drop"].stop - 8, 4500), (form["outro"].start + 8, 250)]
    growl = saturate(desk.play(desk.human("reese", notes, 0.002, 0.0), reese(0.20, 0.9)), 2.2)
    moved = tone(sweep(growl, desk.cutoff([*dark, *bright]), resonance=3), low_cut(105, 2), bell(300, -2))
    desk.strip(moved, -4.5, duck=0.45, duck_beats=0.45, hall=0.03)
    held = sustain([(38,), (34,), (31,), (33,)], 2, 0.5)
    desk.strip(desk.play(over(held, 8, form["break"]), sub(1.5, 0.2, 0.6)), -17.0)


def keys(desk: Desk) -> None:
    """An electric piano that wanders between the sides."""
    form = desk.form
    voicings = lead(CHORDS, 57, 76)
    stabs = comp(voicings, "7.....6.........|..6.....5.......", 1.1, 2)
    bars = [form["intro"], form["build"], *_full(desk), form.first("outro", 12)]
    notes = desk.human("keys", over(stabs, 8, *bars), 0.01)
    played = tremolo(chorus(desk.band(notes, 4)), desk.seconds(4), 0.5)
    opening = desk.cutoff([
        (0, 500), (form["intro"].stop, 1800), (form["build"].stop, 9000), (form["outro"].start, 9000),
        (form.bars - 4, 500),
    ])  # fmt: skip
    desk.strip(tone(sweep(played, opening), low_cut(160), high_shelf(3000, 4)), 1.0, duck=0.35, hall=0.25, echo=0.20)


def pad(desk: Desk) -> None:
    """Long saws under everything, swept with the form."""
    form = desk.form
    main = sustain(lead(CHORDS, 53, 74), 2)
    raised = sustain(lead(LIFT_CHORDS, 53, 76, rootless=True), 1)
    bars = [*form.spans("intro", "build", "drop", "break", "second drop"), form.first("outro", 8)]
    notes = over(main, 8, *bars) + over(raised, 8, form["lift"])
    opening = desk.cutoff([
        (0, 260), (form["build"].start, 700), (form["build"].stop - 0.3, 6000), (form["build"].stop, 2200),
        (form["drop"].stop, 3500), (form["break"].start, 900), (form["lift"].start, 1200),
        (form["lift"].stop - 0.3, 9500), (form["lift"].stop, 3200), (form["outro"].start, 3800),
        (form["outro"].start + 8, 250),
    ])  # fmt: skip
    made = sweep(desk.play(notes, saws(5, 0.15, 0.15, 0.5, seed=7)), opening, resonance=2)
    desk.strip(tone(made, low_cut(180)), -13.0, duck=0.55, duck_beats=0.9, hall=0.30)


def hook(desk: Desk) -> None:
    """The tune on a pluck and a vibraphone; glass answers above it."""
    form = desk.form
    second = form["second drop"]
    notes = over(HOOK, 8, form.last("drop", 24), second)
    notes += over(louder(HOOK, 0.8), 8, form.last("break", 8))
    notes = desk.human("hook", notes, 0.006)
    opening = desk.cutoff([(form["break"].start, 9000), (form["break"].start + 8, 900), (form["break"].stop, 9000)])
    synth = sweep(desk.play(notes, pluck(700, 7500, 0.22, 0.7)), opening)
    desk.strip(synth, -11.0, duck=0.2, hall=0.25, echo=0.30)
    struck = tone(desk.band(notes, 11), low_cut(200), high_shelf(3500, 4))
    desk.strip(struck, 0.5, hall=0.25, echo=0.15)
    above = over(ANSWER, 8, form.last("drop", 16), second)
    desk.strip(desk.play(desk.human("glass", above, 0.006), glass(2.0, 1.8, 1.2), -0.35), -17.0, hall=0.4, echo=0.45)


def breakdown(desk: Desk) -> None:
    """A piano in broken chords, strings and a choir that lifts into the second drop."""
    form = desk.form
    start, end = form["break"].start, form["lift"].stop
    notes = over(PIANO, 8, form["break"]) + over(louder(PIANO, 0.75), 8, form.last("drop", 16))
    notes += over(comp(lead(LIFT_CHORDS, 50, 74), "7.....5...6...5.", 1.4), 8, form["lift"])
    piano = tone(desk.band(desk.human("piano", notes, 0.012), 0), low_cut(90), high_shelf(4000, 2))
    desk.strip(piano, 5.0, duck=0.2, hall=0.28, echo=0.06, fade=[(start - 0.1, -5), (start, 0), (end, 0)])
    strung = over(STRINGS, 8, form.last("break", 8)) + over(louder(STRINGS, 0.9), 8, form["second drop"])
    strung += over(sustain(lead(LIFT_CHORDS, 60, 81), 1, 0.6), 8, form["lift"])
    strung += over(sustain(lead(CHORDS, 57, 76, voices=3), 2, 0.45), 8, form["second drop"])
    strings = tone(desk.band(desk.human("strings", strung, 0.015), 48), low_cut(200), high_shelf(5000, 3))
    desk.strip(strings, -1.0, duck=0.35, hall=0.35, fade=[(start + 8, -4), (end, 0), (end + 0.1, -2), (form.bars, -2)])
    choir = tone(desk.band(over(sustain(lead(LIFT_CHORDS, 60, 79, 3), 1, 0.7), 8, form["lift"]), 52), high_cut(8000, 1))
    desk.strip(widen(choir, 1.3), -4.0, hall=0.4)


def turns(desk: Desk) -> None:
    """Risers, crashes and booms at the seams."""
    form, rng = desk.form, desk.rng("turns")
    for name, bars in (("build", 4), ("lift", 8)):
        rise = kit.riser(rng, desk.seconds(bars * 4), 350, 10500)
        desk.strip(desk.samples([Note((form[name].stop - bars) * 4.0, 1, 0, 1.0)], rise), -12.0, hall=0.2)
    starts = [form[name].start * 4.0 for name in ("build", "drop", "break", "second drop", "outro")]
    starts += [(form[name].start + 16) * 4.0 for name in ("drop", "second drop")]
    desk.strip(desk.samples([Note(beat, 1, 49, 0.8) for beat in starts], kit.crash(rng, 2.4)), -12.0, hall=0.12)
    booms = [Note(form[name].start * 4.0, 1, 0, 1.0) for name in ("drop", "break", "second drop")]
    desk.strip(desk.samples(booms, kit.impact(rng, 36.7, 2.0)), -15.0, hall=0.1)


def space(desk: Desk) -> None:
    """A large room and a dotted echo."""
    desk.spaces(hall(desk.rng("hall"), HALL_SECONDS), 1.5, feedback=0.42)


PIECE = Piece(
    name="night-ferry",
    title="Night Ferry",
    bpm=174.0,
    key="Dm",
    first_beat=0.05,
    sections=SECTIONS,
    seed=174,
    parts=(drums, breaks, bass, keys, pad, hook, breakdown, turns, space),
)
