"""What a message may hold: text, numbers, choices, lists and records, each with its limits.

Dataclasses say it in their annotations. `shape_of` reads them once; `codec` reads and writes messages by the shapes,
`schema` describes them.
"""

import types
from collections.abc import Callable
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

WHOLE_MOST = 2**53 - 1  # beyond it other languages lose digits
REAL_MOST = 1e15
_CHARACTER_BYTES = 4  # the most that one takes, in UTF-8 or escaped
_NUMBER_BYTES = 25


@dataclass(frozen=True, slots=True)
class Text:
    """Unicode without control characters (but tab and line ends). most, least: in characters; pattern: of all of it."""

    most: int
    least: int = 0
    pattern: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True)
class Bytes:
    """Bytes, in base 64 on the wire. most: before that."""

    most: int
    says: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number from `least` to `most`."""

    least: int = 0
    most: int = WHOLE_MOST
    says: str = ""


@dataclass(frozen=True, slots=True)
class Real:
    """A finite number from `least` to `most`."""

    least: float = -REAL_MOST
    most: float = REAL_MOST
    says: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text of at most so many characters, a number, true, false or null."""

    most: int


@dataclass(frozen=True, slots=True)
class Items:
    """How many a tuple or a mapping may have; an annotation only."""

    most: int


@dataclass(frozen=True, slots=True)
class Maybe:
    """One of that shape, or null; null is the default, and left out."""

    of: "Shape"


@dataclass(frozen=True, slots=True)
class Many:
    """A list."""

    of: "Shape"
    most: int


@dataclass(frozen=True, slots=True)
class Table:
    """An object with names of its own choice."""

    names: "Shape"
    of: "Shape"
    most: int


@dataclass(frozen=True, slots=True)
class Row:
    """A list of fixed length; a NamedTuple of whole numbers."""

    made: type[Any]
    of: tuple["Shape", ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a record. default: makes what is meant where it is missing; None when it must be there."""

    name: str
    of: "Shape"
    default: Callable[[], Any] | None


@dataclass(frozen=True, slots=True)
class Record:
    """An object that becomes a dataclass."""

    made: type[Any]
    parts: tuple[Part, ...]


Leaf = Text | Bytes | Whole | Real | Flag | Choice | Scalar
Shape = Leaf | Maybe | Many | Table | Row | Record


def shape_of(hint: Any) -> Shape:
    """The shape of an annotation. TypeError for one that no message can hold."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _limited(inner[0], inner[1])
    if origin is Literal:
        return Choice(inner)
    if origin in (Union, types.UnionType) and len(inner) == 2 and inner[1] is type(None):
        return Maybe(shape_of(inner[0]))
    if hint is bool:
        return Flag()
    if isinstance(hint, type) and issubclass(hint, tuple):
        hints = get_type_hints(hint, include_extras=True)
        return Row(hint, tuple(shape_of(one) for one in hints.values()))
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint, include_extras=True)
        return Record(hint, tuple(_part(one, hints[one.name]) for one in fields(hint)))
    raise TypeError(f"no message can hold {hint!r}: give it limits")


def _limited(hint: Any, limits: Any) -> Shape:
    if isinstance(limits, Items):
        inner = get_args(hint)
        if get_origin(hint) is tuple:
            return Many(shape_of(inner[0]), limits.most)
        return Table(shape_of(inner[0]), shape_of(inner[1]), limits.most)
    if isinstance(limits, Leaf):
        return limits
    raise TypeError(f"{limits!r} is not a limit")


def _part(field: Field[Any], hint: Any) -> Part:
    shape, default = shape_of(hint), _default(field)
    if isinstance(shape, Maybe) and (default is None or default() is not None):
        raise TypeError(f"{field.name} may be null, so that must be its default")
    return Part(field.name, shape, default)


def _default(field: Field[Any]) -> Callable[[], Any] | None:
    if field.default is not MISSING:
        value = field.default
        return lambda: value
    return None if field.default_factory is MISSING else field.default_factory


def largest(shape: Shape) -> int:
    """The most bytes that one can take in a message."""
    match shape:
        case Text(most) | Scalar(most):
            return max(_NUMBER_BYTES, most * _CHARACTER_BYTES + 2)
        case Bytes(most):
            return most * 4 // 3 + 6
        case Whole() | Real() | Flag():
            return _NUMBER_BYTES
        case Choice(words):
            return max(len(word) for word in words) + 2
        case Maybe(of):
            return max(4, largest(of))
        case Many(of, most):
            return 2 + most * (largest(of) + 1)
        case Table(names, of, most):
            return 2 + most * (largest(names) + largest(of) + 2)
        case Row(_, inner):
            return 2 + sum(largest(one) + 1 for one in inner)
        case Record(_, parts):
            return 2 + sum(len(part.name) + 4 + largest(part.of) for part in parts)
