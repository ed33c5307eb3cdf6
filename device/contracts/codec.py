"""Messages to JSON and back, within their limits: what is not as its dataclass says is a Malformed, whatever it is."""

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from device.contracts import shapes
from device.contracts.errors import Malformed

LIMIT = 512 * 1024  # bytes of a message
UNFIT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")  # what databases and screens choke on
_ABSENT = object()
Read = Callable[[Any], Any]
Write = Callable[[Any], Any]
T = TypeVar("T")
_KNOWN: dict[type[Any], tuple[Read, Write]] = {}


def clean(text: str, most: int) -> str:
    """A text from anywhere (a file's tags, a device's name) as a message can hold it, cut to `most` characters."""
    return UNFIT.sub("", text)[:most]


def loads(made: type[T], payload: bytes) -> T:
    """The dataclass that a payload holds. Unknown fields are ignored. Malformed."""
    read, _ = both(made)
    return read(parse(payload))  # type: ignore[no-any-return]


def dumps(value: Any) -> bytes:
    """A dataclass as a payload. Malformed when a value is beyond its limits: nothing is sent that cannot be read."""
    return form(plain(value))


def plain(value: Any) -> Any:
    """A dataclass as JSON's own objects, checked. Malformed."""
    read, write = both(type(value))
    try:
        made = write(value)
    except (AttributeError, TypeError, ValueError) as exc:
        raise Malformed(f"cannot be written: {exc}") from exc
    read(made)
    return made


def form(value: Any) -> bytes:
    """JSON's own objects as a payload. Malformed when it is too long."""
    payload = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    if len(payload) > LIMIT:
        raise Malformed(f"is longer than {LIMIT} bytes")
    return payload


def parse(payload: bytes) -> Any:
    """JSON as its own objects, strictly: one meaning or Malformed."""
    if len(payload) > LIMIT:
        raise Malformed(f"is longer than {LIMIT} bytes")
    try:
        return _PARSER.decode(payload.decode())
    except RecursionError:
        raise Malformed("is nested too deeply") from None
    except ValueError as exc:
        raise Malformed(f"is not JSON in UTF-8: {str(exc)[:100]}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise Malformed("says one thing twice")
    return made


def _constant(name: str) -> None:
    raise Malformed(f"has {name} for a number")


_PARSER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def both(made: type[Any]) -> tuple[Read, Write]:
    """How a dataclass is read from JSON's own objects (Malformed), and written to them unchecked."""
    known = _KNOWN.get(made)
    if known is None:
        shape = shapes.shape_of(made)
        known = _KNOWN[made] = _reader(shape), _writer(shape)
    return known


def _reader(shape: shapes.Shape) -> Read:
    match shape:
        case shapes.Text():
            return _text(shape)
        case shapes.Bytes(most):
            return _bytes(most)
        case shapes.Whole(least, most):
            return _whole(least, most)
        case shapes.Real(least, most):
            return _real(least, most)
        case shapes.Flag():
            return _flag
        case shapes.Choice(words):
            return _choice(words)
        case shapes.Scalar(most):
            return _scalar(most)
        case shapes.Maybe(of):
            read = _reader(of)
            return lambda value: None if value is None else read(value)
        case shapes.Many(of, most):
            return _many(_reader(of), most)
        case shapes.Table(names, of, most):
            return _table(_reader(names), _reader(of), most)
        case shapes.Row(made, inner):
            return _row(made, tuple(_reader(one) for one in inner))
        case shapes.Record(made, parts):
            return _record(made, tuple((part.name, _reader(part.of), part.default) for part in parts))


def _text(shape: shapes.Text) -> Read:
    least, most = shape.least, shape.most
    matches = re.compile(shape.pattern, re.ASCII).fullmatch if shape.pattern else None
    search = UNFIT.search

    def read(value: Any) -> str:
        if type(value) is not str:
            raise Malformed("is not a text")
        if not least <= len(value) <= most:
            raise Malformed(f"has not {least} to {most} characters")
        if not value.isprintable() and search(value):
            raise Malformed("has control characters or half characters")
        if matches is not None and not matches(value):
            raise Malformed(f"is not of the form {shape.pattern}")
        return value

    return read


def _bytes(most: int) -> Read:
    def read(value: Any) -> bytes:
        if type(value) is not str or len(value) > most * 4 // 3 + 4:
            raise Malformed(f"is not base 64 of at most {most} bytes")
        try:
            found = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise Malformed("is not base 64") from None
        if len(found) > most:
            raise Malformed(f"has more than {most} bytes")
        return found

    return read


def _whole(least: int, most: int) -> Read:
    def read(value: Any) -> int:
        if type(value) is not int:
            raise Malformed("is not a whole number")
        if not least <= value <= most:
            raise Malformed(f"is not from {least} to {most}")
        return value

    return read


def _real(least: float, most: float) -> Read:
    def read(value: Any) -> float:
        if type(value) is not float and type(value) is not int:
            raise Malformed("is not a number")
        if not least <= value <= most:
            raise Malformed(f"is not from {least:g} to {most:g}")
        return float(value)

    return read


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise Malformed("is not true or false")
    return value


def _choice(words: tuple[str, ...]) -> Read:
    known = frozenset(words)

    def read(value: Any) -> str:
        if type(value) is not str or value not in known:
            raise Malformed(f"is none of {', '.join(words)}")
        return value

    return read


def _scalar(most: int) -> Read:
    text, number = _text(shapes.Text(most)), _real(-shapes.REAL_MOST, shapes.REAL_MOST)

    def read(value: Any) -> Any:
        if value is None or type(value) is bool:
            return value
        if type(value) is str:
            return text(value)
        number(value)
        return value

    return read


def _many(read_one: Read, most: int) -> Read:
    def read(value: Any) -> tuple[Any, ...]:
        if type(value) is not list:
            raise Malformed("is not a list")
        if len(value) > most:
            raise Malformed(f"has more than {most} entries")
        found: list[Any] = []
        try:
            for one in value:
                found.append(read_one(one))  # its length says which one was wrong
        except Malformed as exc:
            raise exc.under(f"[{len(found)}]") from None
        return tuple(found)

    return read


def _table(read_name: Read, read_one: Read, most: int) -> Read:
    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise Malformed("is not an object")
        if len(value) > most:
            raise Malformed(f"has more than {most} entries")
        name = ""
        found: dict[str, Any] = {}
        try:
            for name, one in value.items():
                found[read_name(name)] = read_one(one)
        except Malformed as exc:
            raise exc.under(clean(name, 40)) from None
        return found

    return read


def _row(made: type[Any], reads: tuple[Read, ...]) -> Read:
    def read(value: Any) -> Any:
        if type(value) is not list or len(value) != len(reads):
            raise Malformed(f"is not a list of {len(reads)}")
        return made(*[read_one(one) for read_one, one in zip(reads, value, strict=True)])

    return read


def _record(made: type[Any], parts: tuple[tuple[str, Read, Callable[[], Any] | None], ...]) -> Read:
    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise Malformed("is not an object")
        found: list[Any] = []
        add, get = found.append, value.get
        name = ""
        try:
            for name, read_one, default in parts:
                one = get(name, _ABSENT)
                if one is not _ABSENT:
                    add(read_one(one))
                elif default is not None:
                    add(default())
                else:
                    raise Malformed("is missing")
        except Malformed as exc:
            raise exc.under(name) from None
        return made(*found)

    return read


def _fields(parts: tuple[tuple[str, Write], ...]) -> Write:
    def write(value: Any) -> dict[str, Any]:
        found = ((name, write_one, getattr(value, name)) for name, write_one in parts)
        return {name: write_one(one) for name, write_one, one in found if one is not None}  # null says no more

    return write


def _same(value: Any) -> Any:
    return value


def _writer(shape: shapes.Shape) -> Write:
    match shape:
        case shapes.Bytes():
            return lambda value: base64.b64encode(value).decode()
        case shapes.Maybe(of):
            return _writer(of)
        case shapes.Many(of):
            write = _writer(of)
            return lambda value: [write(one) for one in value]
        case shapes.Table(_, of):
            write = _writer(of)
            return lambda value: {name: write(one) for name, one in value.items()}
        case shapes.Row():
            return list
        case shapes.Record(_, parts):
            return _fields(tuple((part.name, _writer(part.of)) for part in parts))
        case _:
            return _same
