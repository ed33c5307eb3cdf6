"""How far a knob or fader is turned for a value, and how the value is said."""

from device.panel.controls import Control

CENTRE_SNAP = 0.015
MINUS = "−"


def share(row: Control, value: float) -> float:
    """Travel 0…1 for a value. A default inside an uneven range sits in the middle of an equaliser's travel."""
    value = min(max(value, row.low), row.high)
    if row.taper == "decibel" and row.low < -40:
        return float(((value - row.low) / (row.high - row.low)) ** 2)  # the usual range takes most of the travel
    if row.taper == "decibel":
        if value < row.default:
            return 0.5 * (value - row.low) / (row.default - row.low)
        return 0.5 + 0.5 * (value - row.default) / (row.high - row.default)
    return (value - row.low) / (row.high - row.low)


def value(row: Control, travel: float) -> float:
    """The value at a travel of 0…1; snaps to the default when very near."""
    travel = min(max(travel, 0.0), 1.0)
    if abs(travel - share(row, row.default)) < CENTRE_SNAP:
        return row.default
    if row.taper == "decibel" and row.low < -40:
        return float(row.low + (row.high - row.low) * travel**0.5)
    if row.taper == "decibel":
        if travel < 0.5:
            return row.low + 2 * travel * (row.default - row.low)
        return row.default + (2 * travel - 1) * (row.high - row.default)
    return row.low + travel * (row.high - row.low)


def signed(number: float, digits: int) -> str:
    """With a plus or a true minus sign; zero has none."""
    text = f"{abs(number):.{digits}f}"
    if float(text) == 0:
        return text
    return ("+" if number > 0 else MINUS) + text


def say(row: Control, number: float) -> str:
    """A value in a few letters."""
    if row.choices:
        return row.choices[round(number)]
    if row.taper == "decibel":
        return "off" if number <= row.low else f"{signed(number, 1)} dB"
    if row.unit == "dB":
        return f"{number:.0f} dB"
    if row.name.endswith(".filter"):
        return "off" if number == 0 else f"{'HP' if number > 0 else 'LP'} {abs(number) * 100:.0f}"
    if row.name.endswith("phones.mix"):
        return f"{number * 100:.0f} % main"
    return f"{number * 100:.0f} %"
