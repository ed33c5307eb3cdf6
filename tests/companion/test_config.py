"""Settings: defaults, the file, the environment, and mistakes in them."""

import tomllib
from pathlib import Path

import pytest

from companion import config
from companion.config import Settings
from companion.errors import SettingError

REFERENCE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path):
    (tmp_path / "companion.toml").write_text("port = 1111\nthreads = 3\nsign_up = 'closed'\n")
    found = config.load({"COMPANION_PORT": "2222", "COMPANION_THREADS": "4"}, folder=tmp_path, port=3333)
    assert (found.port, found.threads, found.sign_up, found.limits) == (3333, 4, "closed", True)


def test_the_folder_is_in_the_boxs_home(tmp_path):
    assert config.load({"RACKDECK_HOME": str(tmp_path)}).folder == tmp_path / "companion"
    assert config.load({"XDG_DATA_HOME": str(tmp_path)}).folder == tmp_path / "rackdeck" / "companion"
    assert config.load({"RACKDECK_HOME": "/x", "COMPANION_FOLDER": str(tmp_path)}).folder == tmp_path


def test_database_url_is_taken_as_others_call_it(tmp_path):
    assert config.load({"DATABASE_URL": "postgresql://x/y"}, folder=tmp_path).database_url == "postgresql://x/y"


def test_an_unknown_key_is_an_error_that_suggests_the_nearest(tmp_path):
    with pytest.raises(SettingError, match="thread; did you mean threads"):
        config.load({"COMPANION_THREAD": "4"}, folder=tmp_path)
    (tmp_path / "companion.toml").write_text("prot = 1\n")
    with pytest.raises(SettingError, match="prot; did you mean port"):
        config.load({}, folder=tmp_path)


@pytest.mark.parametrize(
    ("key", "value"),
    [("PORT", "many"), ("PORT", "70000"), ("THREADS", "0"), ("SIGN_UP", "maybe"), ("LIMITS", "perhaps")],
)
def test_a_value_that_does_not_fit_is_named(tmp_path, key, value):
    with pytest.raises(SettingError, match=key.lower()):
        config.load({f"COMPANION_{key}": value}, folder=tmp_path)


@pytest.mark.parametrize("content", [b"port = ", b"\xff\xfe", b"port = 1\nport = 2\n"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, content):
    (tmp_path / "companion.toml").write_bytes(content)
    with pytest.raises(SettingError, match=r"companion\.toml cannot be read"):
        config.load({}, folder=tmp_path)


def test_what_is_described_is_a_file_that_loads_when_its_comments_are_taken_away(tmp_path):
    lines = [line.removeprefix("#") for line in config.describe().splitlines() if not line.startswith("# ")]
    values = tomllib.loads("\n".join(lines))
    assert set(values) == set(Settings.model_fields)
    del values["folder"]
    (tmp_path / "companion.toml").write_text("\n".join(line for line in lines if not line.startswith("folder")))
    assert config.load({}, folder=tmp_path) == config.load({}, folder=tmp_path, **values)


def test_every_setting_says_what_it_means():
    assert not [name for name, field in Settings.model_fields.items() if not field.description]


def test_what_is_shown_has_no_secret_in_it(tmp_path):
    found = config.load(
        {
            "COMPANION_GOOGLE_CLIENT_SECRET": "s3cret",
            "COMPANION_METRICS_TOKEN": "s3cret",
            "DATABASE_URL": "postgresql://mira:s3cret@host/db",
            "COMPANION_MAIL_URL": "smtp://mira:s3cret@host:587",
            "COMPANION_REDIS_URL": "redis://:s3cret@host",
            "COMPANION_PORT": "9000",
        },
        folder=tmp_path,
    )
    shown = config.show(found)
    assert "s3cret" not in shown
    assert tomllib.loads(shown)["port"] == 9000


def test_the_reference_of_settings_is_current():
    assert config.reference() == REFERENCE.read_text(encoding="utf-8"), (
        "write it anew: rackdeck companion admin settings reference > docs/settings.md"
    )


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("public_url", "music.example.org"),
        ("public_url", "https://example.org/music"),
        ("database_url", "mysql://x/y"),
        ("redis_url", "localhost:6379"),
        ("storage_url", "bucket"),
        ("mail_url", "mail.example.org:587"),
        ("live_port", "8000"),
    ],
)
def test_an_address_or_port_that_cannot_work_is_told_at_the_start(tmp_path, key, value):
    with pytest.raises(SettingError, match=f"{key}: "):
        config.load({f"COMPANION_{key.upper()}": value}, folder=tmp_path)


def test_live_events_need_a_port_too(tmp_path):
    with pytest.raises(SettingError, match="live_port: choose another"):
        config.load({"COMPANION_PORT": "65535"}, folder=tmp_path)


def test_a_folder_is_the_same_wherever_the_companion_is_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert config.load({"COMPANION_FOLDER": "here"}).folder == tmp_path / "here"
    assert config.load({"COMPANION_FOLDER": "~/there"}).folder == tmp_path / "home" / "there"


def test_a_host_by_its_ipv6_number_has_an_address_that_browsers_read(tmp_path):
    assert config.load({"COMPANION_HOST": "fd00::7"}, folder=tmp_path).url == "http://[fd00::7]:8000"


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"GOOGLE_CLIENT_ID": "x"}, "google_client_secret: google_client_id is set without its secret"),
        ({"GITHUB_CLIENT_ID": "x"}, "github_client_id is set without its secret"),
        ({"OIDC_CLIENT_ID": "x", "OIDC_CLIENT_SECRET": "y"}, "it needs oidc_url"),
    ],
)
def test_a_provider_that_is_set_up_by_half_is_refused(tmp_path, environ, says):
    with pytest.raises(SettingError, match=says):
        config.load({f"COMPANION_{key}": value for key, value in environ.items()}, folder=tmp_path)
