#!/bin/sh
# Installs the Debian packages that Rackdeck builds and runs on. Says what is there and what it installs;
# installs nothing twice. Works as root and through sudo, on Debian and Raspberry Pi OS.
set -eu

usage() {
    cat <<'END'
usage: provisioning/install.sh [--check] [--dev] [--companion-only]

  --check           only report; the exit status is 1 if a package is missing
  --dev             also what the tests use
  --companion-only  leave out sound and screen: a host that only serves the companion
END
}

base="build-essential python3-dev python3-venv pkg-config ca-certificates mosquitto"
device="jackd2 libjack-jackd2-dev librubberband-dev libflac-dev fluidsynth fluid-soundfont-gm fonts-inter fonts-dejavu-core fonts-droid-fallback"
page="nodejs npm"
dev="flac ffmpeg sox binutils shellcheck postgresql chromium"
os_release=${OS_RELEASE:-/etc/os-release}
lock_seconds=300

fail() {
    echo "install.sh: $1" >&2
    exit "${2:-1}"
}

# "ID VERSION_ID" of the system, such as "debian 12".
system() {
    # shellcheck disable=SC1090  # the file's place is an argument
    (. "$os_release" && echo "${ID:-unknown} ${VERSION_ID:-}") 2>/dev/null || echo unknown
}

installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Whether a Node.js that builds the page is there, with its npm; who has a newer one than Debian's keeps it.
has_node() {
    command -v npm >/dev/null 2>&1 && node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null
}

check=false
want_dev=false
want_device=true
for word in "$@"; do
    case $word in
        --check) check=true ;;
        --dev) want_dev=true ;;
        --companion-only) want_device=false ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; fail "unknown option $word" 64 ;;
    esac
done

wanted=$base
if $want_device; then wanted="$wanted $device"; fi
if $want_dev; then wanted="$wanted $dev"; fi
if ! has_node; then wanted="$wanted $page"; fi

case $(system) in
    debian\ * | raspbian\ *) ;;
    *) fail "this is not Debian or Raspberry Pi OS ($(system)); install what matches these packages yourself: $wanted" 69 ;;
esac

present=""
missing=""
for package in $wanted; do
    if installed "$package"; then present="$present $package"; else missing="$missing $package"; fi
done

[ -z "$present" ] || echo "there:  $present"
if [ -z "$missing" ]; then
    echo "Nothing to install."
    exit 0
fi
echo "missing:$missing"
if $check; then exit 1; fi

if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1; then
    as_root="sudo"
else
    fail "installing needs root or sudo; become root (su -) and run this again" 77
fi

# Noninteractive: a package that asks (jackd2 does, about real-time priority) takes its default answer.
# shellcheck disable=SC2086  # the words of as_root and of the lists are meant to be split
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=$lock_seconds "$@" </dev/null
}

# Debian starts a broker of its own wherever it installs one. Rackdeck starts its broker itself, on its own ports; so one
# that was not there before is kept from starting, and left switched off. One that was there is somebody's: it stays.
# shellcheck disable=SC2086
keep_broker_off() {
    case " $missing " in *" mosquitto "*) ;; *) return 0 ;; esac
    [ ! -e /etc/systemd/system/mosquitto.service ] && command -v systemctl >/dev/null 2>&1 || return 0
    $as_root systemctl -q mask mosquitto.service || return 0
    trap leave_broker_off EXIT
}
# shellcheck disable=SC2086
leave_broker_off() {
    trap - EXIT
    $as_root systemctl -q unmask mosquitto.service || true
    if installed mosquitto; then $as_root systemctl -q disable mosquitto.service || true; fi
}

echo "installing:$missing"
keep_broker_off
apt update || echo "apt could not renew its package lists; going on with those it has" >&2
# shellcheck disable=SC2086
apt install --no-install-recommends $missing ||
    fail "apt could not install all of:$missing; its lines above say why. Check the network and /etc/apt/sources.list, then run this again"
for package in $missing; do
    installed "$package" || fail "apt said it was done, but $package is not installed"
done
echo "Installed."
