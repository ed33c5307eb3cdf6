"""Passwords: the rules, and argon2 behind a gate so that a flood of sign-ins cannot take the machine."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from companion.errors import Invalid, Unavailable
from companion.installed import Installed

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

    Waiting takes a thread of the web process, so at most half of them may be here: the others go on serving. Of these
    places strangers get half, so that who has signed in here before gets in while a flood of guesses stands outside.
    """

    def __init__(self, threads: int):
        self._places = max(1, threads // 2)
        self._for_strangers = max(1, self._places // 2)
        self._at_once = min(AT_ONCE, self._places)
        self._here = self._strangers = self._hashing = self._known_waiting = 0
        self._changed = threading.Condition()

    @contextmanager
    def passed(self, known: bool = False) -> Iterator[None]:
        """Hash inside of this. Unavailable when there is no place, or none came free in time. known: goes first."""
        with self._changed:
            if self._here >= self._places or (not known and self._strangers >= self._for_strangers):
                raise self._full()
            self._here, self._strangers = self._here + 1, self._strangers + (not known)
            self._known_waiting += known
            served = self._changed.wait_for(lambda: self._turn(known), PATIENCE_SECONDS)
            self._known_waiting -= known
            self._hashing += served
        try:
            if not served:
                raise self._full()
            yield
        finally:
            with self._changed:
                self._here, self._strangers = self._here - 1, self._strangers - (not known)
                self._hashing -= served
                self._changed.notify_all()

    def _turn(self, known: bool) -> bool:
        return self._hashing < self._at_once and (known or not self._known_waiting)

    @staticmethod
    def _full() -> Unavailable:
        return Unavailable("too many people sign in at this moment; try again in some seconds", {"Retry-After": "5"})


_gate = Installed(Gate(threads=8))


def install(threads: int) -> None:
    """Fit the gate to a web process with so many threads."""
    _gate.put(Gate(threads))


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


def hash_password(password: str, known: bool = False) -> str:
    """The argon2id hash, with its salt and costs. known: by somebody who was here before, as at the gate."""
    with _gate().passed(known):
        return _hasher.hash(password)


def matches(hashed: str, password: str, known: bool = False) -> bool:
    """Whether the password is right. An empty hash takes as long, so that nobody learns who has an account."""
    with _gate().passed(known):
        try:
            return _hasher.verify(hashed or _nobodys, password) and bool(hashed)
        except (VerificationError, InvalidHashError):
            return False


def outdated(hashed: str) -> bool:
    """Whether it was made with other costs than today's: hash again after the next sign-in."""
    return _hasher.check_needs_rehash(hashed)
