"""`provisioning/install.sh` against stand-ins for dpkg, apt and sudo, and the Makefile's own wiring."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "provisioning" / "install.sh"
DEBIAN = 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'
DPKG = """#!/bin/sh
for last; do :; done
grep -qx "$last" {installed} && printf installed
"""
APT = """#!/bin/sh
echo "$DEBIAN_FRONTEND $*" >> {calls}
case "$*" in
    *update*) exit {update} ;;
    *install*) for word; do echo "$word" >> {installed}; done; exit {install} ;;
esac
"""


class Host:
    """A machine with the packages that we say, which remembers what was asked of apt."""

    def __init__(self, folder: Path, uid: int = 0, sudo: bool = False, update: int = 0, install: int = 0):
        self.bin, self.calls, self.installed = folder / "bin", folder / "calls", folder / "installed"
        self.release = folder / "os-release"
        self.release.write_text(DEBIAN)
        self.bin.mkdir()
        self.installed.write_text("")
        self.calls.write_text("")
        places = {"calls": self.calls, "installed": self.installed, "update": update, "install": install}
        self.program("dpkg-query", DPKG.format(**places))
        self.program("apt-get", APT.format(**places))
        self.program("id", f"#!/bin/sh\necho {uid}\n")
        if sudo:
            self.program("sudo", f'#!/bin/sh\necho sudo >> {self.calls}\nexec "$@"\n')
        for name in ("sh", "env", "grep", "cat"):
            (self.bin / name).symlink_to(shutil.which(name) or f"/bin/{name}")

    def program(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), "OS_RELEASE": str(self.release)}
        return subprocess.run([str(SCRIPT), *words], env=environment, capture_output=True, text=True, check=False)

    def apt(self) -> list[str]:
        return self.calls.read_text().splitlines()


def test_what_is_missing_is_installed_once_and_nobody_is_asked(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.installed.write_text("build-essential\njackd2\n")
    done = host.run()
    assert done.returncode == 0
    assert "there:   build-essential jackd2" in done.stdout
    update, install = host.apt()
    assert update.startswith("noninteractive")
    assert update.endswith("update")
    assert "--no-install-recommends python3-dev python3-venv" in install
    assert "fonts-inter" in install
    assert " jackd2" not in install
    again = host.run()
    assert (again.returncode, len(host.apt())) == (0, 2)
    assert "Nothing to install." in again.stdout


def test_check_only_reports_and_says_by_its_status_what_it_found(tmp_path: Path) -> None:
    host = Host(tmp_path, uid=1000)
    missing = host.run("--check")
    assert missing.returncode == 1
    assert "librubberband-dev" in missing.stdout
    assert host.apt() == []
    host.installed.write_text("\n".join(missing.stdout.split(":")[1].split()) + "\n")
    assert host.run("--check").returncode == 0
    assert host.run("--check", "--dev").returncode == 1


def test_a_companion_gets_no_sound_and_tests_get_their_tools(tmp_path: Path) -> None:
    host = Host(tmp_path)
    companion = host.run("--check", "--companion-only").stdout
    assert "python3-venv" in companion
    assert "jack" not in companion
    assert "ffmpeg" not in host.run("--check").stdout
    assert "ffmpeg" in host.run("--check", "--dev").stdout


def test_a_plain_user_goes_through_sudo(tmp_path: Path) -> None:
    host = Host(tmp_path, uid=1000, sudo=True)
    assert host.run().returncode == 0
    assert [line for line in host.apt() if line == "sudo"] == ["sudo", "sudo"]


@pytest.mark.parametrize(
    ("machine", "release", "words", "sentence"),
    [
        ({"uid": 1000}, DEBIAN, [], "needs root or sudo"),
        ({"install": 100}, DEBIAN, [], "could not install all of: build-essential"),
        ({}, "ID=fedora\nVERSION_ID=40\n", [], "not Debian or Raspberry Pi OS (fedora 40)"),
        ({}, "", [], "not Debian or Raspberry Pi OS (unknown"),
        ({}, DEBIAN, ["--everything"], "unknown option --everything"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_a_status(
    tmp_path: Path, machine: dict[str, int], release: str, words: list[str], sentence: str
) -> None:
    host = Host(tmp_path, **machine)  # type: ignore[arg-type]
    host.release.write_text(release)
    failed = host.run(*words)
    assert failed.returncode not in (0, 127)
    assert sentence in failed.stderr.splitlines()[-1]


def test_a_broker_that_comes_with_us_is_never_started_and_one_that_was_there_is_left_alone(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.program("systemctl", f'#!/bin/sh\necho "systemctl $*" >> {host.calls}\n')
    assert host.run().returncode == 0
    said = [line.split()[0:3] if line.startswith("noninteractive") else line for line in host.apt()]
    mask, unmask, disable = (f"systemctl -q {word} mosquitto.service" for word in ("mask", "unmask", "disable"))
    first, last = said.index(mask), said.index(disable)
    assert first < min(number for number, line in enumerate(said) if isinstance(line, list)) < said.index(unmask) < last
    host.calls.write_text("")
    host.installed.write_text("mosquitto\n")
    assert host.run().returncode == 0
    assert "systemctl" not in host.calls.read_text()


def test_a_broker_that_could_not_be_installed_is_not_left_masked(tmp_path: Path) -> None:
    host = Host(tmp_path, install=100)
    host.program("systemctl", f'#!/bin/sh\necho "systemctl $*" >> {host.calls}\n')
    assert host.run().returncode == 1
    assert host.apt()[-2:] == ["systemctl -q unmask mosquitto.service", "systemctl -q disable mosquitto.service"]


def test_old_package_lists_do_not_stop_an_installation_that_works(tmp_path: Path) -> None:
    host = Host(tmp_path, update=100)
    done = host.run()
    assert done.returncode == 0
    assert "could not renew its package lists" in done.stderr


def test_a_package_that_apt_only_claims_to_have_installed_is_noticed(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.program("apt-get", "#!/bin/sh\nexit 0\n")
    failed = host.run()
    assert failed.returncode == 1
    assert "build-essential is not installed" in failed.stderr


def test_raspberry_pi_os_counts_as_debian(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.release.write_text('ID=raspbian\nVERSION_ID="12"\n')
    assert host.run("--check").returncode == 1


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed here")
def test_the_shell_scripts_are_clean() -> None:
    scripts = [SCRIPT, ROOT / ".ci" / "run"]
    checked = subprocess.run(["shellcheck", *map(str, scripts)], capture_output=True, text=True, check=False)
    assert checked.stdout == ""
    assert all(os.access(script, os.X_OK) for script in scripts)


OUTSIDE_MAKE = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MUSIC")}


def make(*words: str) -> str:
    """What make would do, without doing it."""
    command = ["make", "--no-print-directory", "-n", *words]
    done = subprocess.run(command, cwd=ROOT, env=OUTSIDE_MAKE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")
def test_make_alone_lists_every_target() -> None:
    listed = subprocess.run(["make"], cwd=ROOT, env=OUTSIDE_MAKE, capture_output=True, text=True, check=True).stdout
    for target in ("setup", "run", "test", "check", "bench", "clean"):
        assert f"make {target} " in listed


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")
def test_the_demo_crate_is_composed_unless_there_is_music() -> None:
    assert "rackdeck crate" in make("run")
    assert "rackdeck crate" not in make("run", "MUSIC=/music")
    assert "rackdeck up" in make("run", "MUSIC=/music").splitlines()[-1]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed here")
def test_clean_touches_nothing_outside_the_checkout() -> None:
    words = " ".join(line for line in make("clean").splitlines()).split()
    assert ".venv" in words
    assert not any(word.startswith(("/", "~", "..", "$")) for word in words)
