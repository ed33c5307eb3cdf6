"""The database: SQLite (WAL) by default, PostgreSQL by address; ids, times, and queries that are compiled once."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import peewee
from playhouse.db_url import connect
from playhouse.migrations import Runner

from companion.config import Settings
from companion.errors import SettingError

database = peewee.DatabaseProxy()
MIGRATIONS = Path(__file__).parent / "migrations"
PATIENCE_SECONDS = 5  # with a server that does not answer
_MIGRATING = 0x7261636B  # any number that nobody else locks
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": "full",  # measured: with `normal` a power cut takes back commits that were answered
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "cache_size": -16000,
    "mmap_size": 128 << 20,
}


class Model(peewee.Model):
    """Base of all tables."""

    class Meta:
        database = database
        legacy_table_names = False

    if TYPE_CHECKING:  # what peewee adds by itself: `user_id` beside `user`, back references

        def __getattr__(self, name: str) -> Any: ...


def new_id() -> str:
    """26 characters, the microsecond first, so that rows lie as they came; 70 random bits: none can be guessed."""
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    number = milliseconds << 80 | rest // 1000 << 70 | secrets.randbits(70)
    text = []
    for _ in range(26):
        text.append(_ALPHABET[number & 31])
        number >>= 5
    return "".join(reversed(text))


def now() -> int:
    """Milliseconds since 1970, UTC: how every table keeps time."""
    return time.time_ns() // 1_000_000


class IdField(peewee.CharField):
    """A primary key from `new_id`."""

    def __init__(self, **options: Any):
        super().__init__(**({"max_length": 26, "primary_key": True, "default": new_id} | options))


def bind(settings: Settings) -> peewee.Database:
    """Open the database of these settings and make it the one that models use. SettingError with a wrong address."""
    if settings.database_url:
        try:
            opened: peewee.Database = connect(
                settings.database_url,
                unquote_user=True,
                unquote_password=True,
                autoconnect=False,
                connect_timeout=PATIENCE_SECONDS,
            )
        except (RuntimeError, ValueError) as exc:
            raise SettingError(f"database_url is not understood: {exc}") from exc
    else:
        settings.folder.mkdir(parents=True, exist_ok=True)
        opened = peewee.SqliteDatabase(
            str(settings.folder / "companion.db"),
            pragmas=_PRAGMAS,
            autoconnect=False,
            lock_type="immediate",  # a transaction that reads first and then writes would not wait for another's end
        )
    database.initialize(opened)
    return opened


def ready() -> None:
    """A connection for this thread, kept between its requests; a fresh one where the server hung up."""
    server = not isinstance(database.obj, peewee.SqliteDatabase)
    if server and not database.is_closed() and database.connection().closed:
        database.close()
    database.connect(reuse_if_open=True)


@contextmanager
def connection() -> Iterator[None]:
    """A connection for the block; nested ones share the outer's."""
    with database.connection_context() if database.is_closed() else _nothing():
        yield


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def runner() -> Runner:
    """The migrations: `up()`, `down()`, `status()`."""
    return Runner(database.obj, str(MIGRATIONS))


@contextmanager
def migrating() -> Iterator[None]:
    """Be the only one to migrate a database that several machines share; with SQLite the folder's lock sees to it."""
    if isinstance(database.obj, peewee.SqliteDatabase):
        yield
        return
    database.execute_sql("SELECT pg_advisory_lock(%s)", (_MIGRATING,))
    try:
        yield
    finally:
        database.execute_sql("SELECT pg_advisory_unlock(%s)", (_MIGRATING,))


def reason(error: peewee.PeeweeException) -> str:
    """The first line of what the database says was wrong."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


class Param:
    """Stands for the n-th argument while a query is compiled."""

    def __init__(self, number: int):
        self.number = number


class Compiled:
    """A peewee query that is built once per database and run many times with fresh arguments.

    build: takes as many placeholders as `run` gets arguments and returns the query; more: those of them that its last
    parameter, with a star, takes. Measured: a peewee read costs
    about 105 us of CPU, the same SQL run directly 4 us.
    """

    def __init__(self, build: Callable[..., Any], more: int = 0):
        self._build = build
        self._count = build.__code__.co_argcount + more
        self._for: object = None
        self._sql = ""
        self._pick: list[Any] = []

    def _compile(self) -> None:
        marks = [Param(number) for number in range(self._count)]
        sql, params = self._build(*(peewee.Value(mark, converter=False) for mark in marks)).sql()
        self._sql, self._pick, self._for = sql, list(params), database.obj

    def run(self, *arguments: Any) -> Iterable[tuple[Any, ...]]:
        """The rows, as tuples."""
        if self._for is not database.obj:
            self._compile()
        params = [arguments[value.number] if isinstance(value, Param) else value for value in self._pick]
        rows: Iterable[tuple[Any, ...]] = database.execute_sql(self._sql, params).fetchall()
        return rows

    def one(self, *arguments: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        for row in self.run(*arguments):
            return row
        return None
