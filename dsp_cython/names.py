"""The names behind the engine's numbers: values it reads, commands it takes, states and outputs it makes.

Each tuple is in the order of an enum in state.pxd, mixer.pxd or of the writes in period.pyx.
"""

DECKS = 4
CHANNELS = 4
HOT_CUES = 8

DECK_VALUES = ("tempo", "bend", "keylock", "key", "reverse", "slip", "quantize", "jog.touch", "jog.angle")
CHANNEL_VALUES = ("trim", "eq_low", "eq_mid", "eq_high", "filter", "fader", "assign", "cue")
MIXER_VALUES = (
    "crossfader",
    "crossfader_curve",
    "fader_curve",
    "eq_mode",
    "resonance",
    "main",
    "booth",
    "limiter",
    "phones.level",
    "phones.mix",
    "phones.split",
    "mic.on",
    "mic.level",
    "mic.duck",
)
VALUE_NAMES = (
    *(f"deck{d + 1}.{name}" for d in range(DECKS) for name in DECK_VALUES),
    *(f"mixer.ch{c + 1}.{name}" for c in range(CHANNELS) for name in CHANNEL_VALUES),
    *(f"mixer.{name}" for name in MIXER_VALUES),
)
# Commands by code. `{m}` is the hot cue.
OPS = (
    "play",
    "cue",
    "cue.at",
    "seek",
    "beatjump",
    "grid",
    "hotcue.{m}.set",
    "hotcue.{m}.go",
    "hotcue.{m}.clear",
    "hotcue.{m}.at",
    "loop.in",
    "loop.out",
    "loop.beats",
    "loop.roll",
    "loop.halve",
    "loop.double",
    "loop.exit",
    "loop.at",
    "load",
    "eject",
    "hold",
    "late",
)
DECK_STATES = (
    "play",
    "serial",
    "ready",
    "duration",
    "position",
    "speed",
    "held",
    "grid.bpm",
    "grid.first",
    "bpm",
    "cue.point",
    "loop.active",
    "loop.start",
    "loop.end",
    "slip.position",
    "stretching",
    "late",
    *(f"hotcue.{m + 1}" for m in range(HOT_CUES)),
    *(f"hotcue.{m + 1}.length" for m in range(HOT_CUES)),
)
CHANNEL_STATES = ("peak_left", "peak_right", "rms_left", "rms_right")
STATE_NAMES = (
    *(f"deck{d + 1}.{name}" for d in range(DECKS) for name in DECK_STATES),
    *(f"mixer.ch{c + 1}.{name}" for c in range(CHANNELS) for name in CHANNEL_STATES),
    "mixer.main.peak_left",
    "mixer.main.peak_right",
    "mixer.main.rms_left",
    "mixer.main.rms_right",
    "mixer.main.reduction",
    "mixer.main.clips",
    "mixer.mic.peak",
    "engine.frame",
    "engine.samplerate",
    "engine.period",
    "engine.load",
    "engine.xruns",
)
OUTPUT_NAMES = (
    "main_left",
    "main_right",
    "booth_left",
    "booth_right",
    "phones_left",
    "phones_right",
    *(f"deck{d + 1}_{side}" for d in range(DECKS) for side in ("left", "right")),
)
KINDS = ("value", "op", "origin", "record", "block", "released")
