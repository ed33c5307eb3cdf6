"""The audit log: what was written stays, and what is changed or gone is seen."""

import json

import peewee
import pytest

from companion import database
from companion.audit import service as audit
from companion.audit.models import AuditEntry
from companion.vault.service import Vault

GUARDS = ("audit_no_update", "audit_no_delete")


@pytest.fixture
def vault(settings):
    with database.connection():
        yield Vault(settings.folder)


@pytest.fixture
def rows(settings, vault):
    """Five rows, sealed."""
    for count in range(5):
        audit.record("test", "mira", f"thing{count}", "127.0.0.1", count=count)
    assert audit.seal(settings.folder, vault)
    return [row.id for row in AuditEntry.select().order_by(AuditEntry.id)]


def break_in(settings, *statements):
    """What somebody does who holds the database: the guards are no obstacle to them."""
    with database.database.atomic():
        if settings.database_url:
            database.database.execute_sql("ALTER TABLE audit_entry DISABLE TRIGGER audit_guard")
        else:
            for guard in GUARDS:
                database.database.execute_sql(f"DROP TRIGGER IF EXISTS {guard}")
        for statement in statements:
            database.database.execute_sql(statement)


def test_a_log_that_nobody_touched_is_whole(settings, vault, rows):
    assert audit.verify(settings.folder, vault).whole
    audit.record("more")
    assert audit.verify(settings.folder, vault).rows == 6


def test_a_row_cannot_be_changed_or_removed_by_accident(settings, rows):
    with pytest.raises(peewee.DatabaseError), database.database.atomic():
        AuditEntry.update(actor="noor").where(AuditEntry.id == rows[2]).execute()
    with pytest.raises(peewee.DatabaseError), database.database.atomic():
        AuditEntry.delete().where(AuditEntry.id == rows[2]).execute()
    assert AuditEntry.select().count() == 5


def test_what_was_not_done_leaves_no_row(settings, vault):
    with pytest.raises(ZeroDivisionError), database.database.atomic():
        audit.record("undone")
        raise ZeroDivisionError
    assert AuditEntry.select().count() == 0


@pytest.mark.parametrize("column", ["actor", "address", "action", "subject", "detail", "hash"])
@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_changed_row_is_seen(settings, vault, rows, column, place):
    break_in(settings, f"UPDATE audit_entry SET {column} = 'x' WHERE id = {rows[place]}")
    verdict = audit.verify(settings.folder, vault)
    assert not verdict.whole
    assert verdict.broken is not None


@pytest.mark.parametrize("gone", [[0], [2], [4], [3, 4], [0, 1, 2, 3, 4]])
def test_rows_that_are_gone_are_seen_wherever_they_were(settings, vault, rows, gone):
    ids = ", ".join(str(rows[place]) for place in gone)
    break_in(settings, f"DELETE FROM audit_entry WHERE id IN ({ids})")
    assert not audit.verify(settings.folder, vault).whole


def test_rows_that_are_gone_stay_seen_when_new_ones_follow_and_when_it_is_sealed_again(settings, vault, rows):
    break_in(settings, f"DELETE FROM audit_entry WHERE id >= {rows[3]}")
    audit.record("later")
    audit.record("later")
    audit.seal(settings.folder, vault)
    assert not audit.verify(settings.folder, vault).whole


def test_a_chain_that_was_made_up_anew_is_seen(settings, vault, rows):
    before, statements = audit._FIRST, []
    for row in AuditEntry.select().order_by(AuditEntry.id):
        before = audit._digest(before, row.at, "noor", row.address, row.action, row.subject, row.detail)
        statements.append(f"UPDATE audit_entry SET actor = 'noor', hash = '{before}' WHERE id = {row.id}")
    break_in(settings, *statements)
    assert not audit.verify(settings.folder, vault).whole


def test_a_forged_seal_is_seen(settings, vault, rows):
    file = settings.folder / audit.SEAL_FILE
    seal = json.loads(file.read_text())
    break_in(settings, f"DELETE FROM audit_entry WHERE id > {rows[1]}")
    last = AuditEntry.get_by_id(rows[1])
    file.write_text(json.dumps(seal | {"last": last.id, "hash": last.hash}))
    assert audit.verify(settings.folder, vault).says == "the audit log's seal was forged"


def test_a_seal_holds_after_the_keys_were_renewed(settings, vault, rows):
    vault.rotate(force=True)
    assert audit.verify(settings.folder, vault).whole
    audit.record("more")
    assert audit.seal(settings.folder, vault)
    assert audit.verify(settings.folder, vault).whole


def test_nothing_is_sealed_while_nothing_is_new(settings, vault, rows):
    assert not audit.seal(settings.folder, vault)


def test_rows_of_ninety_days_go_and_the_log_stays_whole(settings, vault, monkeypatch):
    long_ago = database.now() - audit.KEEP_MS - 60_000
    monkeypatch.setattr(audit, "now", lambda: long_ago)
    for _ in range(3):
        audit.record("old")
    monkeypatch.undo()
    for _ in range(2):
        audit.record("fresh")
    audit.seal(settings.folder, vault)
    assert audit.forget(settings.folder, vault) == 3
    assert [row.action for row in AuditEntry.select()] == ["fresh", "fresh"]
    assert audit.verify(settings.folder, vault).whole
    first = AuditEntry.select().order_by(AuditEntry.id).first().id
    break_in(settings, f"DELETE FROM audit_entry WHERE id = {first}")
    assert not audit.verify(settings.folder, vault).whole


def test_the_last_row_never_goes(settings, vault, monkeypatch):
    monkeypatch.setattr(audit, "now", lambda: database.now() - audit.KEEP_MS - 60_000)
    for _ in range(3):
        audit.record("old")
    monkeypatch.undo()
    audit.seal(settings.folder, vault)
    audit.forget(settings.folder, vault)
    assert AuditEntry.select().count() == 1
    audit.record("fresh")
    assert audit.verify(settings.folder, vault).whole


def test_a_broken_log_is_not_shortened(settings, vault, monkeypatch, rows):
    break_in(settings, f"UPDATE audit_entry SET actor = 'x', at = 0 WHERE id = {rows[1]}")
    assert audit.forget(settings.folder, vault) == 0
    assert AuditEntry.select().count() == 5
