"""Texts made comparable: without case, accents and signs, for searching and sorting in every script."""

import re
import unicodedata

SORTED = 100
MOST_WORDS = 400
LONGEST = 60  # characters of a word
_WORD = re.compile(r"[^\W_]+")
# Letters that Unicode does not take apart, as most people type them.
_PLAIN = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th", "ŧ": "t"}
)
# Scripts that are written without spaces: each sign is a word of its own.
_DENSE = re.compile(r"([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f])")


def folded(text: str) -> str:
    """Lower case, no accents, single spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    bare = "".join(sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(unicodedata.normalize("NFC", bare).casefold().split())


def sort_key(text: str) -> str:
    """What a text is sorted by."""
    return folded(text)[:SORTED]


def words(text: str) -> list[str]:
    """The words of a text as the index has them."""
    return [word[:LONGEST] for word in _WORD.findall(_DENSE.sub(r" \1 ", folded(text)))[:MOST_WORDS]]
