"""Secrets at rest: what is sealed opens again, here and nowhere else."""

import pytest

from companion import database
from companion.errors import SettingError
from companion.vault import service
from companion.vault.models import VaultKey
from companion.vault.service import SealBrokenError, Vault


@pytest.fixture
def vault(settings):
    with database.connection():
        yield Vault(settings.folder)


def test_what_was_sealed_before_a_rotation_opens_after_it(vault, settings):
    old = vault.seal(b"secret", "totp:mira")
    assert vault.rotate(force=True)
    fresh = vault.seal(b"secret", "totp:mira")
    for reader in (vault, Vault(settings.folder)):
        assert reader.open(old, "totp:mira") == reader.open(fresh, "totp:mira") == b"secret"
    assert old[1:5] != fresh[1:5]
    assert VaultKey.select().count() == 2


def test_a_key_is_renewed_after_thirty_days_and_not_before(vault, monkeypatch):
    vault.seal(b"x", "y")
    assert not vault.rotate()
    monkeypatch.setattr(service, "now", lambda: database.now() + service.ROTATE_MS - 60_000)
    assert not vault.rotate()
    monkeypatch.setattr(service, "now", lambda: database.now() + service.ROTATE_MS + 60_000)
    assert vault.rotate()


def test_a_process_takes_up_the_key_that_another_one_made(vault, settings, monkeypatch):
    before = vault.seal(b"x", "y")
    Vault(settings.folder).rotate(force=True)
    monkeypatch.setattr(service, "LOOK_SECONDS", -1.0)
    assert vault.seal(b"x", "y")[1:5] != before[1:5]


def test_a_value_that_was_moved_to_another_place_does_not_open(vault):
    sealed = vault.seal(b"secret", "totp:mira")
    with pytest.raises(SealBrokenError):
        vault.open(sealed, "totp:noor")


@pytest.mark.parametrize("place", [0, 1, 5, 17, -1])
def test_a_value_with_one_changed_byte_does_not_open(vault, place):
    sealed = bytearray(vault.seal(b"secret", "c"))
    sealed[place] ^= 1
    with pytest.raises(SealBrokenError):
        vault.open(bytes(sealed), "c")


@pytest.mark.parametrize("length", [0, 4, 16, 20])
def test_what_is_cut_short_does_not_open(vault, length):
    with pytest.raises(SealBrokenError):
        vault.open(vault.seal(b"secret", "c")[:length], "c")


def test_the_same_value_is_sealed_differently_each_time(vault):
    assert vault.seal(b"secret", "c") != vault.seal(b"secret", "c")


def test_another_master_key_is_named_as_the_reason(vault, settings):
    vault.seal(b"x", "y")
    (settings.folder / "keys" / "master.key").write_bytes(b"1" * 32)
    with pytest.raises(SettingError, match=r"master\.key is not the one"):
        Vault(settings.folder).seal(b"x", "y")


def test_a_damaged_master_key_is_named_as_the_reason(vault, settings):
    (settings.folder / "keys" / "master.key").write_bytes(b"short")
    with pytest.raises(SettingError, match="restore it from a backup"):
        Vault(settings.folder)


def test_the_master_key_is_readable_by_its_owner_alone_and_never_made_anew(vault, settings):
    file = settings.folder / "keys" / "master.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert service.master_key(file) == service.master_key(file) == file.read_bytes()


def test_no_secret_lies_readable_in_the_database(vault, settings):
    if settings.database_url:
        pytest.skip("its files are not ours to read")
    vault.seal(b"x", "y")
    key = vault._key()[1]
    assert not any(key in path.read_bytes() for path in settings.folder.glob("companion.db*"))


def test_a_key_that_was_made_in_a_transaction_that_failed_seals_nothing(vault, settings):
    with pytest.raises(ZeroDivisionError), database.database.atomic():
        vault.seal(b"x", "y")
        vault.derived("tokens")
        raise ZeroDivisionError
    sealed, derived = vault.seal(b"secret", "y"), vault.derived("tokens")
    fresh = Vault(settings.folder)
    assert fresh.open(sealed, "y") == b"secret"
    assert fresh.derived("tokens") == derived


def test_a_rotation_that_was_undone_leaves_the_key_of_before_in_use(vault, settings):
    before = vault.seal(b"x", "y")
    with pytest.raises(ZeroDivisionError), database.database.atomic():
        vault.rotate(force=True)
        raise ZeroDivisionError
    assert vault.seal(b"x", "y")[1:5] == before[1:5]


def test_a_key_with_a_smaller_number_that_another_machine_committed_later_is_found(vault, settings):
    sealed = vault.seal(b"secret", "y")
    vault.rotate(force=True)
    reader, (newest, key) = Vault(settings.folder), vault._key()
    reader._keys = {newest: key}
    assert reader.open(sealed, "y") == b"secret"


def test_two_that_make_the_master_key_at_once_agree(tmp_path, monkeypatch):
    path, real = tmp_path / "keys" / "master.key", service.os.link

    def overtaken(source, target):
        monkeypatch.setattr(service.os, "link", real)
        other.append(service.master_key(path))
        real(source, target)

    other = []
    monkeypatch.setattr(service.os, "link", overtaken)
    assert service.master_key(path) == other[0] == path.read_bytes()
    assert [file.name for file in path.parent.iterdir()] == ["master.key"]
