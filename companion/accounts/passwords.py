"""Passwords: the rules, and argon2 behind a gate so that a flood of sign-ins cannot take the machine."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from companion.errors import Invalid, Unavailable

LEAST, MOST = 8, 256
AT_ONCE = 2  # hashings at one time; each takes 64 MiB and about 150 ms of CPU
PATIENCE_SECONDS = 5.0

# What the commonest passwords are made of, whatever digits and signs are put around it.
_COMMON = (
    "password passwort passwd pass qwerty qwertyuiop qwertz azerty asdf asdfgh zxcvbn abc abcd abcdef letmein welcome "
    "admin administrator root login iloveyou monkey dragon football baseball soccer master sunshine princess secret "
    "changeme default test testing guest user hello shadow superman batman starwars pokemon michael charlie jordan "
    "freedom whatever trustno money love music rackdeck spring summer autumn winter january february march april may "
    "june july august september october november december monday friday sunday"
)
_LOOKALIKES = str.maketrans("0134578@$!l", "oieastbasii")
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_OWN_LETTERS = 3  # what must remain of a password without the words that anybody would try first


_hasher: PasswordHasher
_nobodys: str  # a hash for who has none: looking at it costs as much


class Gate:
    """Lets few hash at one time and few more wait; the rest is turned away at once.

    Waiting takes a thread of the web process, so at most half of them may be here: the others go on serving.
    """

    def __init__(self, threads: int):
        places = max(1, threads // 2)
        self._places = threading.BoundedSemaphore(places)
        self._hashing = threading.BoundedSemaphore(min(AT_ONCE, places))

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Hash inside of this. Unavailable when there is no place, or none came free in time."""
        if not self._places.acquire(blocking=False):
            raise self._full()
        try:
            if not self._hashing.acquire(timeout=PATIENCE_SECONDS):
                raise self._full()
            try:
                yield
            finally:
                self._hashing.release()
        finally:
            self._places.release()

    @staticmethod
    def _full() -> Unavailable:
        return Unavailable("too many people sign in at this moment; try again in some seconds", {"Retry-After": "5"})


_gate = Gate(threads=8)


def install(threads: int) -> None:
    """Fit the gate to a web process with so many threads."""
    global _gate  # noqa: PLW0603 - one companion per process
    _gate = Gate(threads)


def use(hasher: PasswordHasher) -> None:
    """Hash at other costs from now on; passwords of before still match, and are hashed again at the next sign-in."""
    global _hasher, _nobodys
    _hasher, _nobodys = hasher, hasher.hash("nobody has this password")


use(PasswordHasher())


def check_rules(password: str, *own: str) -> None:
    """Invalid when a password is too weak; `own` is what everybody knows of its user: name, address."""
    if not LEAST <= len(password) <= MOST:
        raise Invalid(f"a password has {LEAST} to {MOST} characters")
    wanted: dict[str, Callable[[str], bool]] = {
        "a capital letter": str.isupper,
        "a small letter": str.islower,
        "a digit": str.isdigit,
        "a special character": lambda sign: not sign.isalnum(),
    }
    missing = [name for name, test in wanted.items() if not any(test(sign) for sign in password)]
    if missing:
        raise Invalid(f"the password lacks {', '.join(missing)}")
    words = {word for text in own for word in (_letters(text), *map(_letters, re.split(r"[\W_]+", text)))}
    if password.lower() in {text.lower() for text in own} or _is_made_of(password, words):
        raise Invalid("the password is your name or address; choose one that nobody can guess from them")
    if _is_made_of(password, set(map(_letters, _COMMON.split()))):
        raise Invalid("the password is one of those that are tried first; choose another")


def _letters(text: str) -> str:
    """The letters of a text, small, with look-alikes such as 0 and o, 1 and l made the same inside of it."""
    core = _EDGES.sub("", text.lower()).translate(_LOOKALIKES)
    return "".join(sign for sign in core if sign.isalpha())


def _is_made_of(password: str, words: set[str]) -> bool:
    letters = left = _letters(password)
    for word in sorted(words, key=len, reverse=True):
        if len(word) > 2:
            left = left.replace(word, "")
    return len(left) < _OWN_LETTERS and left != letters


def hash_password(password: str) -> str:
    """The argon2id hash, with its salt and costs."""
    with _gate.passed():
        return _hasher.hash(password)


def matches(hashed: str, password: str) -> bool:
    """Whether the password is right. An empty hash takes as long, so that nobody learns who has an account."""
    with _gate.passed():
        try:
            return _hasher.verify(hashed or _nobodys, password) and bool(hashed)
        except (VerificationError, InvalidHashError):
            return False


def outdated(hashed: str) -> bool:
    """Whether it was made with other costs than today's: hash again after the next sign-in."""
    return _hasher.check_needs_rehash(hashed)
