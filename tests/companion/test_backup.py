"""Backups: everything can be destroyed and comes back; nothing that goes wrong costs an old one."""

import argparse
import errno
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from companion import database, shell
from companion.accounts import sessions, tickets
from companion.accounts.acts import NOWHERE
from companion.accounts.models import Session, Ticket, User
from companion.audit import service as audit
from companion.backup import keys, restoring, sealed
from companion.backup import service as backup
from companion.errors import SettingError, Unavailable
from companion.jobs import service as jobs
from companion.jobs.models import Job
from companion.storage.service import open_storage
from companion.vault.service import Vault

pytestmark = pytest.mark.slow


@pytest.fixture
def companion(settings):
    """A companion with an account, a sealed value and two files; returns the sealed value."""
    database.database.connect(reuse_if_open=True)
    User.create(email="mira@example.org", name="Mira")
    storage = open_storage(settings)
    storage.put("originals/one/file", io.BytesIO(b"first song"))
    storage.put("originals/two/file", io.BytesIO(b"second song"))
    audit.record("test")
    return Vault(settings.folder).seal(b"secret", "test")


def destroy(settings, keep=("backups",)):
    """Lose the database and all but the folders named."""
    if settings.database_url:
        database.database.execute_sql("DROP SCHEMA public CASCADE")
        database.database.execute_sql("CREATE SCHEMA public")
    database.database.close()
    for path in settings.folder.iterdir():
        if path.name not in keep:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def restore(settings, monkeypatch, *words):
    """By the command, as a person does."""
    monkeypatch.setenv("COMPANION_FOLDER", str(settings.folder))
    if settings.database_url:
        monkeypatch.setenv("DATABASE_URL", settings.database_url)
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", default=None)
    shell.add_arguments(parser.add_subparsers(dest="part"))
    return shell.run(parser.parse_args(["admin", "backup", "restore", *words]))


def check_all_is_back(settings, secret):
    database.database.connect(reuse_if_open=True)
    assert [user.name for user in User.select()] == ["Mira"]
    assert Vault(settings.folder).open(secret, "test") == b"secret"
    storage = open_storage(settings)
    assert b"".join(storage.read("originals/one/file")) == b"first song"
    assert b"".join(storage.read("originals/two/file")) == b"second song"


def test_after_all_is_lost_but_the_backups_the_recovery_code_brings_everything_back(settings, companion, monkeypatch):
    code = keys.recovery_code(settings.folder)
    made = backup.make(settings)
    destroy(settings)
    with pytest.raises(SettingError, match="recovery-code"):
        restore(settings, monkeypatch, made.name, "--yes")
    assert restore(settings, monkeypatch, made.name, "--yes", "--recovery-code", code.lower().replace("-", " ")) == 0
    check_all_is_back(settings, companion)
    assert audit.verify(settings.folder, Vault(settings.folder)).whole


def test_what_came_after_a_backup_is_undone_and_the_keys_that_lie_there_are_enough(settings, companion, monkeypatch):
    made = backup.make(settings)
    Vault(settings.folder).rotate(force=True)
    User.create(email="noor@example.org", name="Noor")
    storage = open_storage(settings)
    storage.put("originals/one/file", io.BytesIO(b"spoilt"))
    storage.delete("originals/two/file")
    database.database.close()
    with pytest.raises(SettingError, match="--yes"):
        restore(settings, monkeypatch, made.name)
    assert restore(settings, monkeypatch, made.name, "--yes") == 0
    check_all_is_back(settings, companion)


def test_a_backup_on_another_disk_is_whole_by_itself(settings, companion, monkeypatch, tmp_path):
    other = tmp_path / "stick"
    away = settings.model_copy(update={"backup_folder": str(other)})
    code = keys.recovery_code(settings.folder)
    monkeypatch.setattr(os, "link", _no_links)
    made = backup.make(away)
    monkeypatch.undo()
    destroy(settings, keep=())
    monkeypatch.setenv("COMPANION_BACKUP_FOLDER", str(other))
    restore(settings, monkeypatch, made.name, "--yes", "--recovery-code", code)
    check_all_is_back(settings, companion)


def _no_links(*_arguments, **_named):
    raise OSError("another disk")


def test_a_stolen_backup_tells_nothing(settings, companion):
    made = backup.make(settings)
    folder = backup.folder_of(settings) / made.name
    master = (settings.folder / "keys" / "master.key").read_bytes()
    for path in folder.iterdir():
        content = path.read_bytes()
        assert b"mira@example.org" not in content
        assert master not in content
    assert not (folder / "database").exists()


@pytest.mark.parametrize("where", [0, 40, -1])
def test_a_damaged_backup_is_refused_before_anything_is_touched(settings, companion, monkeypatch, where):
    made = backup.make(settings)
    file = backup.folder_of(settings) / made.name / "state.sealed"
    content = bytearray(file.read_bytes())
    content[where] ^= 1
    file.write_bytes(content)
    database.database.close()
    with pytest.raises(SettingError, match="damaged"):
        restore(settings, monkeypatch, made.name, "--yes")
    check_all_is_back(settings, companion)


def test_another_companions_code_opens_nothing_and_a_mistyped_one_is_told(settings, companion, tmp_path):
    made = backup.make(settings)
    with pytest.raises(SettingError, match="another companion"):
        restoring.restore(settings, made.name, keys.recovery_code(tmp_path / "other"))
    code = keys.recovery_code(settings.folder)
    wrong = ("A" if code[3] != "A" else "B").join((code[:3], code[4:]))
    for typed in (wrong, code[:-2], "", "hello"):
        with pytest.raises(SettingError, match="code"):
            keys.parse_code(typed)


def test_a_backup_of_a_newer_program_or_of_the_other_database_is_refused(settings, companion):
    made = backup.make(settings)
    manifest = backup.folder_of(settings) / made.name / "manifest.json"
    values = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(values | {"schema": "9999_future"}))
    with pytest.raises(SettingError, match="newer"):
        restoring.restore(settings, made.name)
    manifest.write_text(json.dumps(values | {"kind": "oracle"}))
    with pytest.raises(SettingError, match="oracle"):
        restoring.restore(settings, made.name)


@pytest.mark.parametrize("name", ["nonsense", "../keys", "pool"])
def test_what_is_no_backup_is_not_restored(settings, companion, name):
    with pytest.raises(SettingError, match="no backup"):
        restoring.restore(settings, name)


def test_a_backup_with_music_missing_is_refused(settings, companion):
    made = backup.make(settings)
    shutil.rmtree(backup.folder_of(settings) / "pool")
    open_storage(settings).delete("originals/one/file")
    with pytest.raises(SettingError, match="originals/one/file"):
        restoring.restore(settings, made.name)


def test_the_newest_are_kept_and_music_goes_with_the_last_backup_that_names_it(settings, companion):
    few = settings.model_copy(update={"backup_keep": 2})
    backup.make(few)
    storage = open_storage(settings)
    storage.delete("originals/one/file")
    pool = backup.folder_of(settings) / "pool" / "originals"
    backup.make(few)
    assert len(list(pool.glob("one/*"))) == 1
    last = backup.make(few)
    assert len(backup.listed(settings)) == 2
    assert backup.listed(settings)[0] == last
    assert not list(pool.glob("one*"))
    assert len(list(pool.glob("two/*"))) == 1


def test_what_a_backup_names_that_cannot_be_read_now_stays_in_the_pool(settings, companion):
    made = backup.make(settings)
    open_storage(settings).delete("originals/one/file")
    manifest = backup.folder_of(settings) / made.name / "manifest.json"
    kept = manifest.read_text()
    manifest.write_text(kept.replace('"format": 1', '"format": 2'))  # of a newer program
    backup.make(settings)
    manifest.write_text(kept)
    assert restoring.restore(settings, made.name) == made
    (backup.folder_of(settings) / made.name / "files.json.gz").write_bytes(b"damaged")
    with pytest.raises(SettingError, match="is damaged"):
        restoring.restore(settings, made.name)
    storage = open_storage(settings)
    storage.delete("originals/two/file")
    backup.make(settings)
    assert list((backup.folder_of(settings) / "pool" / "originals").glob("two/*"))


def test_a_restore_brings_back_no_session_and_no_link_that_was_ended_since(settings, companion, monkeypatch):
    mira = User.get()
    sessions.open_for_browser(mira, NOWHERE)
    tickets.issue("reset", tickets.HOUR, mira.id)
    made = backup.make(settings)
    database.database.close()
    restore(settings, monkeypatch, made.name, "--yes")
    database.database.connect(reuse_if_open=True)
    assert Session.select().count() == Ticket.select().count() == 0


def test_a_restore_that_runs_out_of_disk_says_so(settings, companion, monkeypatch):
    made = backup.make(settings)

    def full(*_words):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(restoring.pool, "give_back", full)
    with pytest.raises(Unavailable, match="no space left"):
        restoring.restore(settings, made.name)


def test_a_full_disk_costs_no_old_backup_and_leaves_no_rest(settings, companion, monkeypatch):
    old = backup.make(settings)
    usage = shutil.disk_usage(settings.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1 << 20))
    with pytest.raises(Unavailable, match="MiB are free"):
        backup.make(settings)
    monkeypatch.undo()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    monkeypatch.setattr(backup.dump, "make", lambda _settings, target: target.write_bytes(os.urandom(1 << 20)))
    real = backup.Sealer.write

    def full_after_a_while(self, data):
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
        return real(self, data)

    monkeypatch.setattr(backup.Sealer, "write", full_after_a_while)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(Unavailable, match="could not be written"):
            backup.make(settings)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert backup.listed(settings) == [old]
    assert not list(backup.folder_of(settings).glob(f"*{backup.PART}"))


KILLED = """
import os, signal, sys
from companion import config, database
from companion.backup import service as backup
settings = config.load()
database.bind(settings)
backup.keys.lock = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
backup.make(settings)
"""


def test_a_kill_in_the_middle_costs_no_old_backup_and_the_next_one_clears_up(settings, companion):
    old = backup.make(settings)
    known = {"PATH": os.environ["PATH"], "COMPANION_FOLDER": str(settings.folder)}
    if settings.database_url:
        known["DATABASE_URL"] = settings.database_url
    killed = subprocess.run([sys.executable, "-c", KILLED], env=known, check=False)
    assert killed.returncode == -signal.SIGKILL
    home = backup.folder_of(settings)
    assert list(home.glob(f"*{backup.PART}"))
    assert backup.listed(settings) == [old]
    fresh = backup.make(settings)
    assert backup.listed(settings) == [fresh, old]
    assert not list(home.glob(f"*{backup.PART}"))


def test_a_backup_shows_one_moment_while_others_write(settings, companion):
    writer = subprocess.Popen([sys.executable, "-c", WRITER], env=_known(settings), stdout=subprocess.PIPE)
    assert writer.stdout.readline() == b"writing\n"
    made = backup.make(settings)
    writer.kill()
    writer.wait()
    writer.stdout.close()
    database.database.close()
    restored = restoring.restore(settings, made.name)
    database.database.connect()
    assert restored.name == made.name
    names = [user.name for user in User.select(User.name).where(User.name.startswith("pair"))]
    assert len(names) % 2 == 0
    assert all(names.count(name) == 2 for name in names)


WRITER = """
import itertools
from companion import config, database
from companion.accounts.models import User
database.bind(config.load())
database.database.connect()
for count in itertools.count():
    with database.database.atomic():
        for side in "ab":
            User.create(email=f"{count}{side}@example.org", name=f"pair{count}")
    if count == 3:
        print("writing", flush=True)
"""


def _known(settings):
    known = {"PATH": os.environ["PATH"], "COMPANION_FOLDER": str(settings.folder)}
    return known | ({"DATABASE_URL": settings.database_url} if settings.database_url else {})


KILLED_RESTORE = """
import os, signal, sys
from companion import config, database
from companion.backup import dump, restoring
settings = config.load()
database.bind(settings)
copy = dump.shutil.copyfileobj
def and_die(source, target, *more):
    copy(source, target, *more)
    if target.name.endswith(".all.sql"):  # of psql, when all is in but nothing committed
        target.write(b"\\n\\\\! kill -9 $PPID\\n")
dump.shutil.copyfileobj = and_die
dump.sync = lambda _path: os.kill(os.getpid(), signal.SIGKILL)
restoring.restore(settings, sys.argv[1])
"""


def test_a_kill_in_the_middle_of_a_restore_leaves_what_was_there_and_it_can_be_repeated(settings, companion):
    name = backup.make(settings).name
    User.create(email="late@example.org", name="Late")
    database.database.close()
    words = [sys.executable, "-c", KILLED_RESTORE, name]
    killed = subprocess.run(words, env=_known(settings), check=False, stderr=subprocess.PIPE)
    assert killed.returncode != 0
    assert settings.database_url or killed.returncode == -signal.SIGKILL
    assert not settings.database_url or b"psql" in killed.stderr
    database.database.connect()
    assert {user.name for user in User.select()} == {"Mira", "Late"}
    assert database.runner().up() == []
    restoring.restore(settings, name)
    check_all_is_back(settings, companion)


def test_two_backups_are_not_made_at_once(settings, companion):
    home = backup.folder_of(settings)
    with backup._one_at_a_time(home), pytest.raises(Unavailable, match="already"):
        backup.make(settings)


def test_a_folder_that_cannot_be_written_to_is_told(settings, companion, tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(Unavailable, match="cannot be written to"):
        backup.make(settings.model_copy(update={"backup_folder": str(file)}))


def test_a_backup_is_queued_when_the_newest_is_six_hours_old_and_only_once(settings, companion, monkeypatch):
    backup.install(settings)
    jobs.open_queue(settings)
    assert backup.enqueue_if_due(settings)
    assert not backup.enqueue_if_due(settings)
    Job.delete().execute()
    backup.make(settings)
    assert not backup.enqueue_if_due(settings)
    monkeypatch.setattr(database, "now", lambda: int(1000 * time.time()) + settings.backup_hours * 3_600_000)
    assert backup.enqueue_if_due(settings)


def test_a_backup_that_was_made_while_the_clock_was_wrong_holds_up_none(settings, companion, monkeypatch):
    year = 365 * 24 * 3_600_000
    with monkeypatch.context() as wrong:
        wrong.setattr(database, "now", lambda: int(1000 * time.time()) + year)
        backup.make(settings)
    assert backup.due(settings)


@pytest.mark.parametrize("size", [0, 1, sealed.PIECE - 1, sealed.PIECE, sealed.PIECE + 1, 3 * sealed.PIECE])
def test_a_sealed_stream_gives_back_what_went_in(size):
    key, plain, target = os.urandom(32), os.urandom(size), io.BytesIO()
    writer = sealed.Sealer(target, key)
    for start in range(0, size, 300_000):
        writer.write(plain[start : start + 300_000])
    writer.finish()
    target.seek(0)
    assert io.BufferedReader(sealed.Opener(target, key)).read() == plain


def test_a_sealed_stream_that_was_cut_swapped_or_never_finished_is_broken():
    key, target = os.urandom(32), io.BytesIO()
    writer = sealed.Sealer(target, key)
    writer.write(os.urandom(2 * sealed.PIECE + 10))
    unfinished = target.getvalue()
    writer.finish()
    whole = target.getvalue()
    piece = sealed.PIECE + 4 + 16
    first, second, last = whole[12 : 12 + piece], whole[12 + piece : 12 + 2 * piece], whole[12 + 2 * piece :]
    for broken in (
        unfinished,
        whole[:-1],
        whole[: 12 + piece],
        whole[:12] + second + first + last,
        whole[:12] + first + last,
        whole + b"more",
        b"",
    ):
        with pytest.raises(sealed.BrokenError):
            io.BufferedReader(sealed.Opener(io.BytesIO(broken), key)).read()
    with pytest.raises(sealed.BrokenError):
        io.BufferedReader(sealed.Opener(io.BytesIO(whole), os.urandom(32))).read()


def test_what_a_recovery_code_is_made_of_is_easy_to_type(tmp_path):
    code = keys.recovery_code(tmp_path)
    assert keys.recovery_code(tmp_path) == code
    assert keys.parse_code(code.replace("O", "0").replace("I", "1")) == (tmp_path / "keys/recovery.key").read_bytes()
    assert Path(tmp_path / "keys/recovery.key").stat().st_mode & 0o777 == 0o600
