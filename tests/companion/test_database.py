"""The database: the same on SQLite and PostgreSQL, forwards and back."""

import importlib
import pkgutil
import re
import threading

import peewee
import pytest

import companion
from companion import config, database
from companion.accounts.models import User
from companion.database import Compiled, Model
from companion.database import database as db
from companion.errors import SettingError


@pytest.fixture
def opened(settings):
    db.connect(reuse_if_open=True)
    yield settings
    db.close()


def all_models():
    """Every table that the program knows, once each."""
    for found in pkgutil.walk_packages(companion.__path__, "companion."):
        if found.name.endswith(".models"):
            importlib.import_module(found.name)
    found, waiting = [], list(Model.__subclasses__())
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        found.append(model)
    return [model for model in found if model.__module__.startswith("companion.")]


def schema():
    """table: ({column: (kind, null)}, {(indexed columns, unique)}), as the database tells it."""
    tables = {}
    for table in db.get_tables():
        columns = {column.name: (_kind(column.data_type), column.null) for column in db.get_columns(table)}
        indexes = {(tuple(index.columns), index.unique) for index in db.get_indexes(table)}
        tables[table] = (columns, indexes)
    return tables


def _kind(name):
    """A type without what only its spelling differs in."""
    return re.sub(r"\(.*\)", "", name.lower()).strip()


def _covered(index, there):
    """Whether an index is there, or one that begins with its columns and so does the same."""
    columns, unique = index
    return index in there or (not unique and any(other[: len(columns)] == columns for other, _ in there))


def test_models_and_migrations_make_the_same_tables(opened):
    migrated = schema()
    migrated.pop("schema_migration")
    models = all_models()
    names = {model._meta.table_name for model in models}
    extra = {name for name in migrated if name not in names and not name.startswith(("sqlite_",))}
    db.execute_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public") if opened.database_url else None
    if not opened.database_url:
        db.close()
        fresh = opened.model_copy(update={"folder": opened.folder / "fresh"})
        database.bind(fresh)
        db.connect()
    db.create_tables(models, safe=False)
    made = schema()
    for name in sorted(names):
        assert migrated[name][0] == made[name][0], name
        missing = {index for index in made[name][1] if not _covered(index, migrated[name][1])}
        assert not missing, f"{name}: the migrations lack the index {missing}"
    assert not {name for name in extra if not re.search(r"_(fts|search|idx|data|docsize|config|content)", name)}


def test_every_migration_goes_back_and_forth(opened):
    runner = database.runner()
    before = schema()
    names = [row.name for row in runner.migrations()]
    for name in reversed(names):
        assert runner.down() == [name]
    assert set(schema()) <= {"schema_migration"}
    assert runner.up() == names
    assert schema() == before
    assert runner.up() == []


def test_migrations_are_numbered_once(opened):
    names = [row.name for row in database.runner().migrations()]
    numbers = [name[:4] for name in names]
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"\d{4}_[a-z_]+", name) for name in names)


def test_a_migration_that_fails_changes_nothing(opened, tmp_path, monkeypatch):
    text = "def up(migrator, db):\n    db.execute_sql('CREATE TABLE half (x INTEGER)')\n    raise RuntimeError\n"
    (tmp_path / "9999_fails.py").write_text(text)
    before = schema()
    monkeypatch.setattr(database, "MIGRATIONS", tmp_path)
    with pytest.raises(RuntimeError):
        database.runner().up()
    assert schema() == before


def test_a_compiled_query_answers_as_the_query_itself_and_takes_fresh_arguments(opened):
    made = [User.create(email=f"{name}@example.org", name=name) for name in ("Mira", "Noor", "O'Hara %s ?")]
    query = Compiled(
        lambda name, created: User.select(User.id, User.name).where(
            (User.name == name) & (User.created >= created) & (User.access == 2)
        )
    )
    for user in made:
        assert query.one(user.name, 0) == (user.id, user.name)
        assert list(query.run(user.name, user.created + 1)) == []
    assert query.one("nobody", 0) is None


def test_a_compiled_query_follows_to_another_database(opened, tmp_path):
    query = Compiled(lambda name: User.select(User.name).where(User.name == name))
    User.create(email="mira@example.org", name="Mira")
    assert query.one("Mira") == ("Mira",)
    db.close()
    database.bind(config.load({}, folder=tmp_path / "other"))
    with database.connection():
        database.runner().up()
        assert query.one("Mira") is None
    db.close()


def test_ids_are_unique_and_sort_by_time():
    ids = [database.new_id() for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert [row[:9] for row in ids] == sorted(row[:9] for row in ids)
    assert all(re.fullmatch(r"[0-9a-z]{26}", row) for row in ids)


def test_writers_wait_for_each_other(opened):
    failures = []

    def write(side):
        try:
            with database.connection():
                for count in range(20):
                    with db.atomic():
                        User.select().where(User.name == side).count()
                        User.create(email=f"{side}{count}@example.org", name=side)
        except peewee.DatabaseError as exc:
            failures.append(exc)

    threads = [threading.Thread(target=write, args=(side,)) for side in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert User.select().count() == 80


@pytest.mark.parametrize("address", ["nonsense", "oracle://x/y", "postgresql//x"])
def test_a_wrong_address_is_told(tmp_path, address):
    with pytest.raises(SettingError, match="database_url"):
        database.bind(config.load({}, folder=tmp_path, database_url=address))


def test_a_name_and_password_may_have_any_sign_in_them_as_an_address_writes_it(tmp_path):
    opened = database.bind(
        config.load({}, folder=tmp_path, database_url="postgresql://m%40x:p%2Fw%25@127.0.0.1:9/none")
    )
    assert (opened.connect_params["user"], opened.connect_params["password"]) == ("m@x", "p/w%")


def test_a_database_is_migrated_by_one_at_a_time(opened):
    if not opened.database_url:
        pytest.skip("the folder's lock sees to it")
    order = []

    def other():
        with database.connection(), database.migrating():
            order.append("other")

    with database.migrating():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "other"]
