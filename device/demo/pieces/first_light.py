"""First Light: piano house in A minor at 124 BPM."""

from device.demo import drums as kit
from device.demo.effects import chorus, hall, saturate, widen
from device.demo.filters import bell, high_cut, high_shelf, low_cut, sweep, tone
from device.demo.harmony import lead
from device.demo.mixdown import Desk, Piece
from device.demo.score import (
    Note,
    Notes,
    Section,
    among,
    comp,
    hits,
    line,
    louder,
    over,
    sustain,
    swung,
    transposed,
    without,
)
from device.demo.synth import bell as glass
from device.demo.synth import organ, pluck, plucked_bass, saws, sub

SECTIONS = (
    Section("intro", 16),
    Section("build", 8),
    Section("drop", 16),
    Section("break", 16),
    Section("second drop", 16),
    Section("outro", 16),
)
SWING = 0.14
HALL_SECONDS = 2.4

CHORDS = ["Am7", "Fmaj7", "Dm9", "Em7"]
BREAK_CHORDS = ["Fmaj7", "G6", "Am7", "Am7", "Fmaj7", "G6", "Dm9", "Em7"]
BASS = line(
    """
    -:2 A1:2 -:2 A1:1 A1:1 -:2 A2:1 -:1 G1:2 A1:2 |
    -:2 F1:2 -:2 F1:1 F1:1 -:2 F2:1 -:1 E2:2 C2:2 |
    -:2 D2:2 -:2 D2:1 D2:1 -:2 D2:1 -:1 C2:2 D2:2 |
    -:2 E2:2 -:2 E2:1 E2:1 -:2 E2:1 -:1 B1:2 G1:2 |
    -:2 A1:2 -:2 A1:1 A1:1 -:2 A2:1 -:1 G1:2 A1:2 |
    -:2 F1:2 -:2 F1:1 F1:1 -:2 F2:1 -:1 A1:2 C2:2 |
    -:2 D2:2 -:2 D2:1 D2:1 -:2 A1:1 -:1 D2:2 F2:2 |
    -:2 E2:2 -:2 E2:1 E2:1 -:2 G2:1 E2:1 D2:1 B1:1 G1:2
""",
    0.82,
)
HOOK = line("""
    E5:3! D5:3 C5:2 A4:4 -:4 | C5:3 D5:3 E5:2 G5:4 -:4 | F5:3! E5:3 D5:2 A4:4 C5:4 | B4:3 D5:3 E5:2 B4:4 -:4 |
    E5:3! D5:3 C5:2 A4:4 -:2 A4:2 | C5:3 D5:3 E5:2 A5:4 G5:4 | F5:3! E5:3 D5:2 F5:4 A5:4 | G5:3 E5:3 D5:2 B4:4 -:4
""")
BREAK_TUNE = line(
    """
    A4:4 C5:4 E5:8 | D5:4 E5:2 D5:2 B4:8 | C5:4 E5:4 A5:8 | G5:6 E5:2 A4:4 -:4 |
    A5:4 G5:2 E5:2 C5:8 | B4:4 D5:4 E5:8 | F5:4 E5:4 D5:4 A4:4 | G4:4 B4:4 E5:4 -:4
""",
    0.62,
)
COUNTER = line(
    """
    E5:12 C5:4 | C5:8 E5:8 | D5:12 F5:4 | E5:8 G5:8 | A5:12 E5:4 | G5:8 E5:8 | F5:8 A5:8 | G5:8 B5:8
""",
    0.6,
)


BREAK_COUNTER = line(
    """
    C5:16 | B4:8 D5:8 | E5:16 | C5:16 | C5:8 E5:8 | D5:16 | F5:16 | G5:8 B5:8
""",
    0.6,
)


def _kicks(desk: Desk) -> Notes:
    form = desk.form
    four = hits("9...9...9...9...", 36)
    played = over(four, 1, *form.spans("intro", "build", "drop", "second drop", "outro"))
    for end in (form["build"].stop, form["drop"].stop):
        played = without(played, end * 4 - 2, end * 4)  # a held breath before what comes
    return played


def drums(desk: Desk) -> None:
    """Kick, clap, hats, shaker and fills."""
    form, rng = desk.form, desk.rng("kit")
    kicks = _kicks(desk)
    desk.listen(kicks)
    desk.strip(desk.samples(kicks, kit.kick(rng, 55.0)), -8.0)
    clapping = [form.last("intro", 8), form["build"], form["drop"], form["second drop"], form.first("outro", 12)]
    claps = over(hits("....8.......8...", 39), 1, *clapping)
    ghosts = over(hits("....8.......8..4", 39), 2, form["second drop"])
    desk.strip(desk.samples(desk.human("clap", claps + ghosts, 0.003), kit.clap(rng)), -7.5, hall=0.14)
    bars = [*form.spans("intro", "build", "drop"), form.last("break", 4), *form.spans("second drop", "outro")]
    closed = over(hits("62.46.5263.46.52", 42), 1, *bars)
    closed = desk.human("hat", swung(closed, SWING), 0.006, 0.12)
    start, end = form["break"].start, form["break"].stop
    fade = [(0, -8), (8, -2), (start - 0.1, 0), (end - 4, -14), (end, 0), (form.bars - 8, 0), (form.bars, -6)]
    desk.strip(desk.samples(closed, kit.hat(rng, 0.055), 0.22), -10.0, fade=fade)
    offbeat = [form.last("intro", 12), *form.spans("build", "drop", "second drop"), form.first("outro", 8)]
    opened = over(hits("..7...7...7...7.", 46), 1, *offbeat)
    desk.strip(desk.samples(desk.human("open", opened, 0.004), kit.hat(rng, 0.24, 6800), -0.12), -10.0, hall=0.03)
    shaking = (form.last("drop", 8), form["second drop"])
    shaken = over(hits("3657365736573657", 70), 1, *shaking)
    shaken = desk.human("shaker", swung(shaken, SWING), 0.006, 0.15)
    desk.strip(desk.samples(shaken, kit.shaker(rng), -0.45), -14.5)
    fills: Notes = []
    lively = {"intro": "..........5.6.78", "build": "5.5.5.6.66667788", "second drop": "......5.6..6.7.8"}
    for name, rhythm in lively.items():
        fills += over(hits(rhythm, 38), 1, form.last(name, 1))
    roll = "6...6...6...6...|6.5.6.5.6.5.6.5.|6.5.6.5.6.5.6.5.|6565656565656789"
    fills += over(hits(roll, 38), 4, form.last("break", 4))
    swell = [(0, 0), (end - 4.1, 0), (end - 4, -9), (end, 0)]
    rattle = desk.samples(desk.human("fill", fills, 0.003), kit.snare(rng, 205.0), 0.08)
    desk.strip(rattle, -13.0, hall=0.22, fade=swell)


def percussion(desk: Desk) -> None:
    """Congas and a tambourine."""
    form = desk.form
    congas = among("....5..6..4.5.7.|..4.5..6..45..76", (62, 64, 63))
    late = (form.last("intro", 8), form["build"], form.first("outro", 14))
    notes = over(congas, 2, form["drop"], form["second drop"], *late)
    notes += over(hits("....6.......6...", 54), 1, form["second drop"])
    played = desk.band(desk.human("conga", swung(notes, SWING), 0.006, 0.1), 0, drums=True)
    desk.strip(widen(tone(played, low_cut(150)), 1.3), -3.0, hall=0.12)


def bass(desk: Desk) -> None:
    """The bass answers the kick: never on the beat."""
    form = desk.form
    bars = [form["build"], form["drop"], form["second drop"], form.first("outro", 8)]
    notes = over(BASS, 8, *bars)
    notes = without(notes, form["build"].stop * 4 - 2, form["build"].stop * 4)
    notes = desk.human("bass", notes, 0.003, 0.06)
    plucked = desk.play(notes, plucked_bass(130, 1100, 0.10))
    opening = desk.cutoff([
        (form["build"].start, 180), (form["build"].stop - 1, 700), (form["build"].stop, 5000),
        (form["outro"].start, 5000), (form["outro"].stop - 8, 250),
    ])  # fmt: skip
    desk.strip(sweep(plucked, opening), -11.5, duck=0.55, duck_beats=0.5)
    desk.strip(desk.play(notes, sub()), -15.5, duck=0.7, duck_beats=0.5)


def chords(desk: Desk) -> None:
    """Organ and piano stabs, filtered in the intro and open in the drops."""
    form = desk.form
    voicings = lead(CHORDS, 57, 76, rootless=True)
    stabs = comp(voicings, "8..6..6...7..6..|8..6..6...7.6..5", 0.42)
    early = (form.last("intro", 8), form["build"])
    late = form.first("outro", 12)
    notes = over(stabs, 4, *early, form["drop"], form["second drop"], late)
    notes = desk.human("stab", swung(notes, SWING), 0.005)
    opening = desk.cutoff([
        (8, 300), (form["intro"].stop, 700), (form["build"].stop - 0.5, 4200), (form["build"].stop, 9000),
        (form["outro"].start, 9000), (form["outro"].start + 12, 350),
    ])  # fmt: skip
    organs = sweep(chorus(desk.play(notes, organ())), opening, resonance=3)
    desk.strip(organs, -11.5, duck=0.5, hall=0.16, echo=0.16)
    struck = over(stabs, 4, form.last("drop", 8), form["second drop"])
    piano = desk.band(desk.human("piano", swung(struck, SWING), 0.005), 1)
    bright = saturate(tone(piano, low_cut(190), high_shelf(3500, 7)) * 3.0, 1.2)
    desk.strip(bright, -11.0, duck=0.4, hall=0.12)


def pad(desk: Desk) -> None:
    """Saws that open through the builds and breathe with the kick."""
    form = desk.form
    main = sustain(lead(CHORDS, 52, 74, rootless=True), 1)
    calm = sustain(lead(BREAK_CHORDS, 52, 74, rootless=True), 1)
    notes = over(main, 4, *form.spans("build", "drop", "second drop"))
    notes += over(calm, 8, form["break"]) + over(main, 4, form.first("outro", 8))
    start, end = form["break"].start, form["break"].stop
    opening = desk.cutoff([
        (form["build"].start, 250), (form["build"].stop, 2600), (form["drop"].start + 0.5, 3000), (start - 1, 4500),
        (start, 700), (start + 8, 900), (end - 0.2, 7500), (end, 3500), (form["outro"].start, 4500),
        (form["outro"].start + 8, 220),
    ])  # fmt: skip
    swept = sweep(desk.play(notes, saws(5, 0.14, 0.12, 0.35)), opening, resonance=2)
    desk.strip(tone(swept, low_cut(170)), -10.5, duck=0.75, duck_beats=0.85, hall=0.25)


def hook(desk: Desk) -> None:
    """The tune: a pluck with glass an octave above, and its echo."""
    form = desk.form
    notes = over(HOOK, 8, form["drop"], form["second drop"])
    notes += over(louder(HOOK, 0.7), 8, form["build"])
    notes = desk.human("hook", notes, 0.004)
    opening = desk.cutoff([
        (form["build"].start, 350), (form["build"].stop - 0.2, 2500), (form["build"].stop, 12000), (form.bars, 12000),
    ])  # fmt: skip
    desk.strip(sweep(desk.play(notes, pluck(600, 8500)), opening), -9.5, duck=0.3, hall=0.22, echo=0.32)
    above = transposed(over(HOOK, 8, form["second drop"]), 12)
    desk.strip(desk.play(desk.human("glass", above, 0.004), glass(), 0.3), -20.0, hall=0.4, echo=0.3)


def breakdown(desk: Desk) -> None:
    """Piano and strings alone, and strings again over the second drop."""
    form = desk.form
    start, end = form["break"].start, form["break"].stop
    under = comp(lead(BREAK_CHORDS, 52, 71), "6.......4...4...", 2.0)
    notes = over(under, 8, form["break"]) + over(BREAK_TUNE, 8, form.first("break", 8))
    notes += over(louder(BREAK_TUNE, 1.15), 8, form.last("break", 8))
    notes += over(louder(transposed(BREAK_TUNE, 12), 0.8), 8, form.last("break", 8))
    piano = desk.band(desk.human("ballad", notes, 0.01), 0)
    desk.strip(tone(piano, low_cut(70), bell(300, -2)), 5.0, hall=0.30, fade=[(end - 2, 0), (end, -3)])
    strung = over(sustain(lead(BREAK_CHORDS, 57, 79), 1, 0.55), 8, form.last("break", 8))
    strung += over(BREAK_COUNTER, 8, form.last("break", 8)) + over(COUNTER, 8, form["second drop"])
    strings = tone(desk.band(desk.human("strings", strung, 0.01), 48), low_cut(180), high_cut(9500, 1))
    swell = [(start + 8, -8), (end - 1, 0), (end, -2.5)]
    desk.strip(strings, -1.0, duck=0.45, hall=0.35, fade=swell)


def turns(desk: Desk) -> None:
    """Risers into each drop, crashes and booms out of them."""
    form, rng = desk.form, desk.rng("turns")
    for name, bars in (("build", 4), ("break", 8)):
        rise = kit.riser(rng, desk.seconds(bars * 4))
        desk.strip(desk.samples([Note((form[name].stop - bars) * 4.0, 1, 0, 1.0)], rise), -12.5, hall=0.2)
    starts = [form[name].start * 4.0 for name in ("build", "drop", "break", "second drop", "outro")]
    starts += [(form[name].start + 8) * 4.0 for name in ("drop", "second drop")]
    desk.strip(desk.samples([Note(beat, 1, 49, 0.8) for beat in starts], kit.crash(rng)), -13.0, hall=0.12)
    booms = [Note(form[name].start * 4.0, 1, 0, 1.0) for name in ("drop", "break", "second drop")]
    desk.strip(desk.samples(booms, kit.impact(rng, 43.65)), -15.0, hall=0.1)


def space(desk: Desk) -> None:
    """The room and the dotted echo of the whole piece."""
    desk.spaces(hall(desk.rng("hall"), HALL_SECONDS), 0.75)


PIECE = Piece(
    name="first-light",
    title="First Light",
    bpm=124.0,
    key="Am",
    first_beat=0.05,
    sections=SECTIONS,
    seed=124,
    parts=(drums, percussion, bass, chords, pad, hook, breakdown, turns, space),
)
