"""Money as it is written: exact millionths of a currency's unit, grouped, with as many decimals as the currency has."""

from display.travel import MINUS

MICROS = 1_000_000
DECIMALS = 6  # of a micro-unit
# ISO 4217's decimals, where they are not two.
_NONE = [
    "BIF",
    "CLP",
    "DJF",
    "GNF",
    "ISK",
    "JPY",
    "KMF",
    "KRW",
    "PYG",
    "RWF",
    "UGX",
    "UYI",
    "VND",
    "VUV",
    "XAF",
    "XOF",
    "XPF",
]
_THREE = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]
_FOUR = ("CLF", "UYW")
_MINOR = dict.fromkeys(_NONE, 0) | dict.fromkeys(_THREE, 3) | dict.fromkeys(_FOUR, 4)


def minor(currency: str) -> int:
    """How many decimals the currency is counted in."""
    return _MINOR.get(currency, 2)


def decimals(micros: int, currency: str) -> int:
    """How many decimals say the amount exactly; never fewer than the currency's own."""
    return max(minor(currency), len(f"{abs(micros) % MICROS:0{DECIMALS}}".rstrip("0")))


def split(micros: int, currency: str, places: int = 0) -> tuple[str, str]:
    """An amount as (`−1,234.56`, `789`): what is paid out, and what is exact beyond it. `places`: decimals at least."""
    own = minor(currency)
    places = max(places, decimals(micros, currency))
    whole, rest = divmod(abs(micros), MICROS)
    digits = f"{rest:0{DECIMALS}}"[:places]
    head = f"{MINUS if micros < 0 else ''}{whole:,}" + (f".{digits[:own]}" if own else "")
    tail = digits[own:]
    return head, tail if own or not tail else f".{tail}"


def say(micros: int, currency: str, sign: bool = False) -> str:
    """An amount with its currency, `1,234.56789 EUR`; `sign`: a plus before what came in."""
    return ("+" if sign and micros > 0 else "") + "".join(split(micros, currency)) + f" {currency}"
