"""Backups, keys and the audit log."""

import argparse
import os

from companion import database
from companion.config import Settings
from companion.errors import SettingError
from companion.shell.table import on, say, when


@on("backup", "now", "make a backup")
def backup_now(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Make one, in this process."""
    from companion.backup import service as backup

    made = backup.make(settings)
    where = backup.folder_of(settings) / made.name
    print(f"{where}: {made.bytes} bytes and {made.files} files ({made.files_bytes} bytes)")
    return 0


@on("backup", "list", "all backups, newest first")
def backup_list(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Backups, one a line."""
    from companion.backup import service as backup

    found = backup.listed(settings)
    say(
        [
            ("NAME", "MADE", "DATABASE", "BYTES", "FILES", "THEIR BYTES"),
            *((row.name, when(row.made), row.kind, row.bytes, row.files, row.files_bytes) for row in found),
        ]
    )
    return 0


@on("backup", "restore", "put a backup in the place of what is there", "name", "--recovery-code", "--yes!")
def backup_restore(settings: Settings, arguments: argparse.Namespace) -> int:
    """Restore, migrate, write it down. The companion must not run."""
    from companion import processes, serving
    from companion.accounts import setup as accounts
    from companion.audit import service as audit
    from companion.backup import restoring
    from companion.vault.service import Vault

    held = processes.take_lock(settings.folder)
    try:
        if not arguments.yes:
            raise SettingError("this replaces the database of now; say so with --yes")
        restored = restoring.restore(settings, arguments.name, arguments.recovery_code)
        serving.prepare(settings)
        with database.connection():
            with database.database.atomic():
                accounts.after_restore()
                audit.record("backup.restored", subject=restored.name)
            audit.seal(settings.folder, Vault(settings.folder), anew=True)
    finally:
        os.close(held)
    print(f"it is {when(restored.made)} again; everybody signs in anew. Start the companion")
    return 0


@on("keys", "rotate", "make a new data key now; old ones go on opening what they sealed")
def keys_rotate(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Rotate."""
    from companion.audit import service as audit
    from companion.vault.service import Vault

    with database.connection(), database.database.atomic():
        Vault(settings.folder).rotate(force=True)
        audit.record("keys.rotated")
    print("a new key is in use; processes that run take it within ten minutes")
    return 0


@on("keys", "recovery-code", "the code that opens backups where the keys are lost: write it down")
def keys_recovery_code(settings: Settings, _arguments: argparse.Namespace) -> int:
    """Print the code."""
    from companion.backup import keys

    print(keys.recovery_code(settings.folder))
    return 0


@on("audit", "verify", "whether a row was changed or is gone")
def audit_verify(settings: Settings, _arguments: argparse.Namespace) -> int:
    """1 when the log is broken."""
    from companion.audit import service as audit
    from companion.vault.service import Vault

    with database.connection():
        verdict = audit.verify(settings.folder, Vault(settings.folder))
    print(verdict.says)
    return 0 if verdict.whole else 1
