"""Low Tide: a slow swing in F major at 90 BPM."""

from device.demo import drums as kit
from device.demo.effects import chorus, hall, saturate, tremolo, widen
from device.demo.filters import bell, high_cut, high_shelf, low_cut, sweep, tone
from device.demo.harmony import lead
from device.demo.mixdown import Desk, Piece
from device.demo.score import Note, Notes, Section, comp, hits, line, louder, over, sustain, swung, transposed, without
from device.demo.synth import bell as glass
from device.demo.synth import saws, sub

SECTIONS = (
    Section("intro", 8),
    Section("verse", 16),
    Section("chorus", 8),
    Section("break", 8),
    Section("second verse", 8),
    Section("second chorus", 8),
    Section("outro", 8),
)
SWING = 0.30
HALL_SECONDS = 2.0

VERSE = ["Fmaj9", "Dm9", "Gm9", "C9sus4", "Fmaj9", "Am7", "Bbmaj7", "C9sus4"]
CHORUS = ["Bbmaj7", "Am7", "Gm9", "Fmaj9", "Bbmaj7", "Am7", "Gm9", "C9sus4"]
VERSE_BASS = line(
    """
    F1:5 -:1 F1:2 -:2 C2:3 -:1 E2:2 | D2:5 -:1 D2:2 -:2 A1:3 -:1 F#1:2 | G1:5 -:1 G1:2 -:2 D2:3 -:1 G1:2 |
    C2:5 -:1 C2:2 -:2 G1:3 -:1 E1:2 | F1:5 -:1 F1:2 -:2 C2:3 -:1 F2:2 | A1:5 -:1 A1:2 -:2 E2:3 -:1 A1:2 |
    Bb1:5 -:1 Bb1:2 -:2 F2:3 -:1 D2:2 | C2:5 -:1 C2:2 -:2 G1:2 C2:2 E2:2
""",
    0.8,
)
CHORUS_BASS = line(
    """
    Bb1:5 -:1 Bb1:2 -:2 F2:3 -:1 Bb1:2 | A1:5 -:1 A1:2 -:2 E2:3 -:1 A1:2 | G1:5 -:1 G1:2 -:2 D2:3 -:1 G1:2 |
    F1:5 -:1 F1:2 -:2 C2:3 -:1 F2:2 | Bb1:5 -:1 Bb1:2 -:2 F2:3 -:1 Bb1:2 | A1:5 -:1 A1:2 -:2 E2:3 -:1 A1:2 |
    G1:5 -:1 G1:2 -:2 D2:3 -:1 G1:2 | C2:5 -:1 C2:2 -:2 G1:2 C2:2 E2:2
""",
    0.8,
)
GUITAR = line("""
    -:4 A4:2 C5:2 D5:4! C5:4 | A4:6 F4:2 -:8 | -:4 Bb4:2 D5:2 F5:4! D5:4 | C5:6 G4:2 -:8 |
    -:4 A4:2 C5:2 E5:4! C5:4 | G5:4 E5:4 C5:8 | D5:4! F5:4 A5:4 G5:4 | F5:2 D5:2 C5:4 -:8
""")
REPLY = line(
    """
    -:16 | -:8 F5:2 E5:2 D5:2 A4:2 | -:16 | -:8 D5:2 C5:2 Bb4:2 G4:2 |
    -:16 | -:12 E5:2 G5:2 | -:16 | -:8 G5:2 F5:2 D5:2 C5:2
""",
    0.55,
)
SONG = line(
    """
    F5:6! D5:2 Bb4:8 | E5:6! C5:2 A4:8 | D5:6! Bb4:2 G4:4 Bb4:4 | A4:12 C5:4 |
    F5:6! G5:2 A5:8 | G5:6! E5:2 C5:8 | Bb4:4 D5:4 F5:4 A5:4 | G5:12 -:4
""",
    0.72,
)


def _verses(desk: Desk) -> list[range]:
    return [desk.form["verse"], desk.form["second verse"]]


def _choruses(desk: Desk) -> list[range]:
    return [desk.form["chorus"], desk.form["second chorus"]]


def _cycle(desk: Desk, verse: Notes, refrain: Notes) -> Notes:
    """The verse's loop, also in intro and outro, and the chorus's, also in the break."""
    form = desk.form
    notes = over(verse, 8, form["intro"], *_verses(desk), form["outro"])
    return notes + over(refrain, 8, *_choruses(desk), form["break"])


def drums(desk: Desk) -> None:
    """A lazy beat: kick, snare with a rim under it, swung hats."""
    form, rng = desk.form, desk.rng("kit")
    beat = hits("9......5..8.....|9..5......8..4..|9......5..8.....|9..5...4..8.....", 36)
    playing = form.spans("verse", "chorus", "second verse", "second chorus", "outro")
    kicks = over(beat, 4, *playing)
    kicks += over(hits("9.........8.....", 36), 1, form["intro"])
    kicks = swung(without(kicks, form["chorus"].stop * 4 - 2, form["chorus"].stop * 4), SWING)
    desk.listen(kicks)
    thump = tone(desk.samples(kicks, kit.kick(rng, 53.0, 0.30, punch=3.2, drive=1.8, click=0.22)), high_cut(7000, 1))
    desk.strip(thump, -6.0)
    back = "....8.......8...|....8.......8.2.|....8.......8...|....8..2.2..8..3"
    snares = swung(over(hits(back, 38), 4, *playing), SWING)
    snares = [*without(snares, (form.bars - 1) * 4 + 3, form.bars * 4)]
    desk.strip(tone(desk.samples(snares, kit.snare(rng, 178.0, 0.24, 0.7)), high_cut(9500, 1)), -9.5, hall=0.18)
    sticks = over(hits("....6.......6...", 37), 1, form["intro"]) + snares
    desk.strip(desk.samples(desk.human("stick", sticks, 0.004), kit.rim(rng), -0.15), -17.0, hall=0.25)
    ticks = "7.5.7.536.5.7.53"
    timed = [*playing, form["intro"], form.last("break", 4)]
    closed = desk.human("hat", swung(over(hits(ticks, 42), 1, *timed), SWING), 0.008, 0.15)
    fade = [(0, -6), (8, 0), (form.bars - 4, 0), (form.bars, -5)]
    desk.strip(desk.samples(closed, kit.hat(rng, 0.05, 7000, 0.4), 0.22), -14.0, fade=fade)
    lazily = over(hits("3.6.3.6.3.6.3.6.", 70), 1, *form.spans("chorus", "second verse", "second chorus"))
    grain = desk.samples(desk.human("shaker", swung(lazily, SWING), 0.008, 0.15), kit.shaker(rng), -0.4)
    desk.strip(grain, -16.0)
    ends = [form.last(name, 1) for name in ("intro", "verse", "break", "second verse")]
    fills = over(hits("..........4.5.67", 38), 1, *ends)
    desk.strip(desk.band(desk.human("fill", swung(fills, SWING), 0.008), 0, drums=True), -1.0, hall=0.2)


def bass(desk: Desk) -> None:
    """A double bass with a sub under its long notes."""
    form = desk.form
    notes = without(swung(_cycle(desk, VERSE_BASS, CHORUS_BASS), SWING), 0, form["verse"].start * 4)
    notes = without(notes, form["break"].start * 4, (form["break"].stop - 4) * 4)
    notes = [n for n in notes if n.beat < (form.bars - 1) * 4] + [Note((form.bars - 1) * 4.0, 4, 29, 0.8)]
    notes = desk.human("bass", notes, 0.008, 0.07)
    wood = tone(desk.band(notes, 32), low_cut(38), bell(900, 3), high_cut(5000, 1))
    desk.strip(saturate(wood * 2.5, 1.2), -4.5, duck=0.25, duck_beats=0.4)
    desk.strip(desk.play([n for n in notes if n.beats > 0.4], sub(1.2, 0.012, 0.08)), -13.0, duck=0.5, duck_beats=0.4)


def keys(desk: Desk) -> None:
    """An electric piano through a slow tremolo."""
    form = desk.form
    rhythm = "7.....5...4.....|6.....5...4..3.."
    verse = comp(lead(VERSE, 55, 74), rhythm, 1.2)
    song = comp(lead(CHORUS, 55, 76), "7...5.....5...4.", 0.9)
    notes = [n for n in _cycle(desk, verse, song) if n.beat < (form.bars - 1) * 4]
    last = [Note((form.bars - 1) * 4.0, 4, number, 0.6) for number in lead(VERSE, 55, 74)[0]]
    played = desk.band(desk.human("keys", swung(notes, SWING) + last, 0.012), 4)
    warm = tremolo(chorus(saturate(played * 4.0, 1.0), 2.0, 0.7), desk.seconds(2), 0.45)
    opening = desk.cutoff([(0, 500), (8, 4500), (form["outro"].start, 5000), (form.bars, 1200)])
    desk.strip(tone(sweep(warm, opening), low_cut(120), high_shelf(2500, 4)), -7.0, duck=0.2, hall=0.22, echo=0.06)


def guitar(desk: Desk) -> None:
    """The verse's tune on nylon strings, and a vibraphone that replies."""
    form = desk.form
    notes = over(GUITAR, 8, *_verses(desk))
    notes += over(louder(GUITAR[:9], 0.6), 8, form["outro"])
    played = tone(desk.band(desk.human("guitar", swung(notes, SWING), 0.012), 24), low_cut(120), high_shelf(3500, 4))
    desk.strip(widen(played, 0.8), 6.5, hall=0.25, echo=0.14)
    replies = over(REPLY, 8, form.last("verse", 8), form["second verse"])
    struck = desk.band(desk.human("vibes", swung(replies, SWING), 0.01), 11)
    desk.strip(struck, 5.5, hall=0.35, echo=0.25)


def song(desk: Desk) -> None:
    """The chorus's tune: a flute, with glass over the second one."""
    form = desk.form
    notes = over(SONG, 8, *_choruses(desk))
    played = tone(desk.band(desk.human("flute", notes, 0.012), 73), low_cut(200), high_shelf(5000, 2))
    desk.strip(played, -2.5, hall=0.35, echo=0.16)
    quiet = over(louder(SONG, 0.8), 8, form["break"])
    piano = tone(desk.band(desk.human("piano", swung(quiet, SWING), 0.014), 0), low_cut(110))
    desk.strip(piano, 5.0, hall=0.30, echo=0.12)
    above = over(transposed(SONG, 12), 8, form["second chorus"])
    desk.strip(desk.play(desk.human("glass", above, 0.01), glass(3.5, 1.2, 1.4), 0.3), -22.0, hall=0.45, echo=0.3)


def strings(desk: Desk) -> None:
    """Strings in the choruses and a pad below the rest."""
    form = desk.form
    high = sustain(lead(CHORUS, 60, 79), 1, 0.55)
    notes = over(high, 8, *_choruses(desk), form["break"])
    strung = tone(desk.band(desk.human("strings", notes, 0.015), 48), low_cut(190), high_shelf(5000, 2))
    desk.strip(strung, -3.0, duck=0.2, hall=0.35)
    soft = _cycle(desk, sustain(lead(VERSE, 53, 72, rootless=True), 1), sustain(lead(CHORUS, 53, 72, rootless=True), 1))
    soft = [n for n in soft if n.beat < (form.bars - 1) * 4]
    opening = desk.cutoff([
        (0, 300), (8, 700), (form["verse"].stop, 900), (form["chorus"].start, 1800), (form["chorus"].stop, 1800),
        (form["break"].start + 1, 600), (form["break"].stop - 0.2, 4000), (form["break"].stop, 900),
        (form["second chorus"].start, 2200), (form["outro"].start, 2200), (form.bars, 300),
    ])  # fmt: skip
    made = sweep(desk.play(soft, saws(5, 0.12, 0.2, 0.5, seed=3)), opening)
    desk.strip(tone(made, low_cut(170)), -16.0, duck=0.35, duck_beats=0.8, hall=0.25)


def surface(desk: Desk) -> None:
    """The record it is pressed on, a crash at each seam and a swell out of the break."""
    form, rng = desk.form, desk.rng("surface")
    dust = tone(kit.vinyl(rng, desk.frames), low_cut(400), high_cut(7500))
    ends = [(0, 0), (8, -3), (form["break"].start, -3), (form["break"].start + 1, 0), (form["break"].stop, -3)]
    desk.strip(dust, -16.0, fade=[*ends, (form.bars, -3), (form.bars + 0.7, -40)])
    starts = [form[name].start * 4.0 for name in ("verse", "chorus", "break", "second verse", "second chorus", "outro")]
    desk.strip(desk.samples([Note(beat, 1, 49, 0.7) for beat in starts], kit.crash(rng, 2.6)), -18.0, hall=0.15)
    rise = kit.riser(rng, desk.seconds(8), 300, 6000)
    desk.strip(desk.samples([Note((form["break"].stop - 2) * 4.0, 1, 0, 1.0)], rise), -19.0, hall=0.2)


def space(desk: Desk) -> None:
    """A room, and an echo of three eighths."""
    desk.spaces(hall(desk.rng("hall"), HALL_SECONDS), 1.5, feedback=0.38, duck=0.15)


PIECE = Piece(
    name="low-tide",
    title="Low Tide",
    bpm=90.0,
    key="F",
    first_beat=0.05,
    sections=SECTIONS,
    seed=90,
    parts=(drums, bass, keys, guitar, song, strings, surface, space),
)
