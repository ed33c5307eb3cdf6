"""Ids of 26 characters: 48 bits of milliseconds and 80 random bits in Crockford's base 32. They sort by time."""

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LENGTH = 26
PATTERN = "[0-7][0-9a-hjkmnp-tv-z]{25}"
RANDOM_BYTES = 10
_LATEST_MS = 2**48 - 1


def make(ms: int, entropy: bytes) -> str:
    """The id of a time (ms since 1970) and 10 random bytes. ValueError for other sizes."""
    if not 0 <= ms <= _LATEST_MS or len(entropy) != RANDOM_BYTES:
        raise ValueError("an id is made of a time from 1970 to 10889 and of 10 random bytes")
    number = ms << 80 | int.from_bytes(entropy)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def time_of(made: str) -> int:
    """When an id was made, in ms since 1970 by its maker's clock. ValueError if it is none."""
    if len(made) != LENGTH or made[0] > "7" or not set(made) <= set(ALPHABET):
        raise ValueError(f"an id has {LENGTH} characters of {ALPHABET}")
    number = 0
    for letter in made:
        number = number << 5 | ALPHABET.index(letter)
    return number >> 80
