"""Loading Bay: tech house in E minor at 126 BPM, a neighbour of First Light on the Camelot wheel."""

from device.demo import drums as kit
from device.demo.effects import chorus, hall, saturate, widen
from device.demo.filters import high_shelf, low_cut, sweep, tone
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
from device.demo.synth import pluck, plucked_bass, saws, sub, vowel

SECTIONS = (
    Section("intro", 16),
    Section("build", 8),
    Section("drop", 16),
    Section("break", 16),
    Section("second drop", 16),
    Section("outro", 16),
)
SWING = 0.18
HALL_SECONDS = 1.7

CHORDS = ["Em7", "Em7", "Cmaj7", "Bm7"]
BREAK_CHORDS = ["Em9", "Cmaj7", "G6", "Bm7", "Em9", "Cmaj7", "Am7", "Bm7"]
BASS = line(
    """
    -:2 E1:1 E1:1 -:2 G1:1 -:3 E1:2 -:1 D2:1 B1:1 D2:1 | -:2 E1:1 E1:1 -:2 G1:1 -:3 A1:1 G1:1 -:1 E1:3 |
    -:2 C2:1 C2:1 -:2 C2:1 -:3 G1:2 -:1 C2:1 B1:1 A1:1 | -:2 B1:1 B1:1 -:2 D2:1 -:3 B1:1 A1:1 -:1 G1:1 F#1:1 D2:1
""",
    0.85,
)
RIFF = line("""
    B4:1! -:2 B4:1 -:2 D5:2 -:2 E5:1! -:2 D5:1 B4:2 | -:2 G5:1! -:2 E5:1 -:2 D5:2 -:2 B4:2 -:2 |
    C5:1! -:2 C5:1 -:2 E5:2 -:2 G5:1! -:2 E5:1 C5:2 | -:2 F#5:1! -:2 D5:1 -:2 B4:2 -:2 A4:1 B4:1 D5:2
""")
VOICE = line("""
    -:6 E4:2! -:4 G4:1 -:3 | -:6 E4:2 -:2 D4:2! B3:2 -:2 | -:6 E4:2! -:4 G4:1 -:3 | -:6 F#4:2 -:2 D4:2! B3:2 -:2
""")
ACID = line(
    """
    E3:1! G3:1 E3:1 B3:1! E3:1 D4:1 E3:1 B3:1 E4:1! E3:1 D4:1 B3:1 G3:1 A3:1! B3:1 D4:1 |
    E3:1! G3:1 E3:1 B3:1! E3:1 D4:1 E3:1 B3:1 E4:1! D4:1 B3:1 A3:1 G3:1 E3:1! D3:1 B2:1 |
    C3:1! G3:1 C3:1 E3:1! C3:1 B3:1 C3:1 G3:1 C4:1! C3:1 B3:1 G3:1 E3:1 G3:1! A3:1 B3:1 |
    B2:1! F#3:1 B2:1 D3:1! B2:1 A3:1 B2:1 F#3:1 B3:1! B2:1 A3:1 F#3:1 D3:1 F#3:1! A3:1 D4:1
""",
    0.7,
)
BREAK_TUNE = line(
    """
    B4:12 G4:4 | E5:12 D5:4 | B4:8 D5:8 | F#5:12 D5:4 | G5:12 E5:4 | E5:8 G5:8 | A5:12 E5:4 | F#5:8 D5:8
""",
    0.6,
)


def drums(desk: Desk) -> None:
    """Kick, clap, hats, rim and fills."""
    form, rng = desk.form, desk.rng("kit")
    four = hits("9...9...9...9...", 36)
    kicks = over(four, 1, *form.spans("intro", "build", "drop", "second drop", "outro"))
    for end in (form["build"].stop, form["drop"].start + 8):
        kicks = without(kicks, end * 4 - 2, end * 4)
    desk.listen(kicks)
    desk.strip(desk.samples(kicks, kit.kick(rng, 49.0, 0.30, punch=6.0, drive=2.6, click=0.5)), -7.5)
    clapped = [form.last("intro", 8), form.first("build", 7), form["drop"], form["second drop"]]
    clapped.append(form.first("outro", 12))
    claps = over(hits("....8.......8...|....8.......8.4.", 39), 2, *clapped)
    desk.strip(desk.samples(desk.human("clap", claps, 0.003), kit.clap(rng, 0.26, 1.3)), -6.0, hall=0.10)
    grooving = [form.last("intro", 12), *form.spans("build", "drop", "second drop"), form.first("outro", 12)]
    opened = over(hits("..8...8...8...8.", 46), 1, *grooving)
    desk.strip(desk.samples(desk.human("open", opened, 0.003), kit.hat(rng, 0.20, 6400, 0.65), 0.1), -10.5)
    ticking = [*form.spans("intro", "build", "drop"), form.last("break", 8), *form.spans("second drop", "outro")]
    closed = over(hits("5346.3465346.466", 42), 1, *ticking)
    fade = [(0, -6), (8, -1), (form["break"].start, 0), (form["break"].start + 8, -16), (form["break"].stop, 0)]
    closed = desk.human("hat", swung(closed, SWING), 0.005, 0.12)
    desk.strip(desk.samples(closed, kit.hat(rng, 0.045, 8200, 0.35), -0.25), -10.5, fade=fade)
    rims = over(hits("...5..5....5..4.|...5..5..4.5.54.", 37), 2, *grooving)
    rims = desk.human("rim", swung(rims, SWING), 0.004, 0.12)
    desk.strip(desk.samples(rims, kit.rim(rng), 0.38), -12.5, hall=0.10, echo=0.06)
    fills: Notes = []
    for end in (form["intro"].stop, form["drop"].start + 8, form["second drop"].start + 8, form["second drop"].stop):
        fills += over(hits("........5.5.6778", 38), 1, range(end - 1, end))
    roll = "6.......6.......|6...6...6...6...|5.5.5.5.6.6.6.6.|5666566656677889"
    fills += over(hits(roll, 38), 4, form.last("build", 4), form.last("break", 4))
    desk.strip(desk.samples(desk.human("fill", fills, 0.003), kit.snare(rng, 220, 0.2), 0.05), -12.5, hall=0.18)
    toms = (  # an E, a G and a B, from right to left
        (82.4, 0.4, "......5........."), (98.0, 0.0, "........5..5...."), (123.5, -0.4, ".........5....56"),
    )  # fmt: skip
    for tuned, where, rhythm in toms:
        eighths = (form.last("drop", 9), form.last("second drop", 9))  # so that a loop of eight ends each eight bars
        beaten = over(hits(rhythm, 45), 8, form.last("break", 1), *eighths)
        desk.strip(desk.samples(beaten, kit.tom(rng, tuned), where), -13.5, hall=0.15)


def percussion(desk: Desk) -> None:
    """Bongos, congas and a cabasa, handed round."""
    form = desk.form
    skins = among("..5..6....5..4.6|..5..6...45.6.46", (61, 60, 62, 64))
    grain = hits("4354435443544354", 69)
    bars = [form.last("intro", 8), *form.spans("build", "drop", "second drop"), form.first("outro", 14)]
    notes = over(skins, 2, *bars) + over(grain, 1, *bars)
    notes += over(skins, 2, form.last("break", 8))
    played = desk.band(desk.human("skins", swung(notes, SWING), 0.006, 0.12), 0, drums=True)
    desk.strip(widen(tone(played, low_cut(140), high_shelf(5000, 3)), 1.2), -1.0, hall=0.10)


def bass(desk: Desk) -> None:
    """A rolling line between the kicks; the sub holds the root through the break."""
    form = desk.form
    bars = [form["build"], form["drop"], form["second drop"], form.first("outro", 8)]
    notes = over(BASS, 4, *bars)
    for end in (form["build"].stop, form["drop"].start + 8):
        notes = without(notes, end * 4 - 2, end * 4)
    notes = desk.human("bass", notes, 0.003, 0.07)
    opening = desk.cutoff([
        (form["build"].start, 150), (form["build"].stop - 1, 600), (form["build"].stop, 3500),
        (form["drop"].stop, 6000), (form["outro"].start, 5000), (form["outro"].stop - 8, 200),
    ])  # fmt: skip
    growl = saturate(desk.play(notes, plucked_bass(170, 1900, 0.07, 8.0)), 2.0, 0.15)
    desk.strip(sweep(growl, opening), -8.0, duck=0.5, duck_beats=0.45)
    held = [Note(n.beat, n.beats, n.pitch if n.pitch >= 31 else n.pitch + 12, n.velocity) for n in notes]
    desk.strip(desk.play(held, sub(1.8)), -15.0, duck=0.7, duck_beats=0.45)
    drone = [Note((form["break"].start + 4 * i) * 4.0, 15.5, 40, 0.6) for i in range(3)]
    desk.strip(desk.play(drone, sub(1.5, 0.3, 0.5)), -17.0)


def stabs(desk: Desk) -> None:
    """Dub chords that answer themselves in the echo."""
    form = desk.form
    voicings = lead(CHORDS, 55, 74, rootless=True)
    played = comp(voicings, "...7..8.........|...7..8......6..", 0.30)
    bars = [form.last("intro", 8), *form.spans("build", "drop", "second drop"), form.first("outro", 10)]
    notes = desk.human("stab", swung(over(played, 4, *bars), SWING), 0.003)
    opening = desk.cutoff([
        (8, 350), (form["intro"].stop, 900), (form["build"].stop - 0.3, 6500), (form["build"].stop, 4500),
        (form["drop"].stop, 9000), (form["second drop"].start, 5000), (form["second drop"].stop, 10500),
        (form["outro"].start + 8, 500),
    ])  # fmt: skip
    made = sweep(desk.play(notes, saws(5, 0.20, 0.003, 0.10)), opening, resonance=5, window=1024)
    desk.strip(tone(made, low_cut(180)), -8.0, duck=0.3, hall=0.16, echo=0.50)


def riff(desk: Desk) -> None:
    """The marimba's tune, doubled by a square pluck, and a chopped voice that answers."""
    form = desk.form
    first, second = form["drop"], form["second drop"]
    notes = over(RIFF, 4, first, second) + over(louder(RIFF, 0.75), 4, form["build"])
    notes += over(louder(RIFF, 0.8), 4, form.last("break", 8))
    notes = desk.human("riff", swung(notes, SWING), 0.004)
    struck = desk.band(notes, 12)
    desk.strip(tone(struck, low_cut(160), high_shelf(3000, 4)), 1.5, duck=0.2, hall=0.16, echo=0.22)
    opening = desk.cutoff([
        (form["build"].start, 400), (form["build"].stop, 3000), (first.start, 9000), (first.stop, 9000),
        (form["break"].start + 8, 300), (form["break"].stop - 0.3, 8000), (form["break"].stop, 9000),
    ])  # fmt: skip
    synth = sweep(desk.play(notes, pluck(700, 9000, 0.10, 0.25, odd=True)), opening, resonance=3)
    desk.strip(synth, -9.0, duck=0.25, hall=0.14, echo=0.25)
    sung = over(VOICE, 4, form.last("drop", 8), second)
    sung += over(louder(VOICE, 0.7), 4, form.first("break", 8))
    said = chorus(desk.play(desk.human("voice", swung(sung, SWING), 0.004), vowel()), 3.0, 0.4)
    desk.strip(tone(said, low_cut(200), high_shelf(4000, 4)), -7.5, duck=0.25, hall=0.22, echo=0.30)


def acid(desk: Desk) -> None:
    """A resonant line that opens through the second drop."""
    form = desk.form
    start, end = form["second drop"].start, form["second drop"].stop
    notes = over(louder(ACID, 0.8), 4, form.last("break", 4)) + over(ACID, 4, form["second drop"])
    made = desk.play(desk.human("acid", swung(notes, SWING), 0.002, 0.1), plucked_bass(300, 3200, 0.06, 12.0), 0.15)
    opening = desk.cutoff([(start - 4, 250), (start, 900), (end - 4, 7000), (end, 1500)])
    made = tone(sweep(saturate(made, 2.5), opening, resonance=4), low_cut(220))
    desk.strip(chorus(made, 1.5, 0.3, 0.35), -9.5, duck=0.35, hall=0.08, echo=0.15)


def breakdown(desk: Desk) -> None:
    """Choir, strings and an opening wall of saws."""
    form = desk.form
    start, end = form["break"].start, form["break"].stop
    wall = over(sustain(lead(BREAK_CHORDS, 52, 74, rootless=True), 1), 8, form["break"])
    again = over(sustain(lead(CHORDS, 52, 74), 1), 4, form["second drop"])
    opening = desk.cutoff([(start, 350), (start + 8, 900), (end - 0.2, 9000), (end, 1600), (form.bars, 1600)])
    saw = sweep(desk.play(wall + again, saws(7, 0.18, 0.08, 0.4, seed=9)), opening, resonance=3)
    held = [(start, 1), (start + 8, -1), (end, 0), (end + 0.01, -3), (form.bars, -3)]
    desk.strip(tone(saw, low_cut(150)), -12.5, duck=0.7, duck_beats=0.85, hall=0.25, fade=held)
    choir = over(sustain(lead(BREAK_CHORDS, 57, 76, voices=3), 1, 0.6), 8, form["break"])
    sung = tone(desk.band(choir, 52), low_cut(200))
    desk.strip(widen(sung, 1.3), -4.0, hall=0.35, fade=[(start, -3), (start + 8, 0), (end, 0)])
    tune = over(BREAK_TUNE, 8, form["break"]) + over(transposed(louder(BREAK_TUNE, 0.9), 12), 8, form.last("break", 8))
    strings = tone(desk.band(desk.human("strings", tune, 0.01), 48), low_cut(180), high_shelf(5000, 3))
    desk.strip(strings, -2.0, hall=0.35, echo=0.08)


def turns(desk: Desk) -> None:
    """Risers, crashes and booms at the seams."""
    form, rng = desk.form, desk.rng("turns")
    for name, bars in (("intro", 2), ("build", 4), ("break", 8)):
        rise = kit.riser(rng, desk.seconds(bars * 4), 300, 10500)
        desk.strip(desk.samples([Note((form[name].stop - bars) * 4.0, 1, 0, 1.0)], rise), -12.5, hall=0.2)
    starts = [form[name].start * 4.0 for name in ("build", "drop", "break", "second drop", "outro")]
    starts += [(form[name].start + 8) * 4.0 for name in ("drop", "second drop")]
    desk.strip(desk.samples([Note(beat, 1, 49, 0.8) for beat in starts], kit.crash(rng, 2.2)), -13.0, hall=0.10)
    booms = [Note(form[name].start * 4.0, 1, 0, 1.0) for name in ("drop", "break", "second drop")]
    desk.strip(desk.samples(booms, kit.impact(rng, 41.2, 2.0)), -15.0, hall=0.1)


def space(desk: Desk) -> None:
    """A room, and an echo of three sixteenths."""
    desk.spaces(hall(desk.rng("hall"), HALL_SECONDS), 0.75, feedback=0.52)


PIECE = Piece(
    name="loading-bay",
    title="Loading Bay",
    bpm=126.0,
    key="Em",
    first_beat=0.05,
    sections=SECTIONS,
    seed=126,
    parts=(drums, percussion, bass, stabs, riff, acid, breakdown, turns, space),
)
