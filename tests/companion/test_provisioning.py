"""The files for a server: what can be checked of them here is."""

import datetime
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from companion.config import PREFIX, Settings

ROOT = Path(__file__).parents[2]
FILES = ROOT / "provisioning" / "companion"


@pytest.fixture
def compose():
    return yaml.safe_load((FILES / "compose.yaml").read_text())


def have(program):
    if not shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin"):
        pytest.skip(f"{program} is not installed")
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin")


def certificate(folder):
    """A certificate for nobody, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "music.example.org")])
    begin = datetime.datetime(2026, 1, 1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(begin).not_valid_after(begin + datetime.timedelta(3650))
    (folder / "fullchain.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    raw = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "privkey.pem").write_bytes(raw)


def test_nginx_takes_its_file(tmp_path):
    nginx = have("nginx")
    certificate(tmp_path)
    site = (FILES / "nginx.conf").read_text().replace("/etc/ssl/companion", str(tmp_path))
    site = re.sub(r"listen (\[::\]:)?(\d+)", lambda found: f"listen {found[1] or ''}{40000 + int(found[2])}", site)
    whole = f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ access_log off;"
    for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        whole += f" {kind}_temp_path {tmp_path}/{kind};"
    (tmp_path / "nginx.conf").write_text(f"{whole}\n{site}\n}}")
    done = subprocess.run(
        [nginx, "-t", "-c", str(tmp_path / "nginx.conf")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_caddy_takes_its_file(tmp_path):
    caddy = have("caddy")
    done = subprocess.run(
        [caddy, "validate", "--adapter", "caddyfile", "--config", str(FILES / "Caddyfile")],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["rackdeck-companion.service", "rackdeck-broker.service"])
def test_systemd_takes_its_units(tmp_path, name):
    systemd = have("systemd-analyze")
    unit = (FILES / name).read_text().replace("/opt/rackdeck/.venv/bin/rackdeck", "/bin/true")
    unit = re.sub("(User|Group)=rackdeck", r"\1=root", unit).replace("Documentation=man:rackdeck\n", "")
    (tmp_path / name).write_text(unit)
    done = subprocess.run(
        [systemd, "verify", "--man=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{name}:" not in done.stderr


def test_both_proxies_speak_tls_1_3_alone_keep_metrics_inside_and_pass_live_events():
    nginx, caddy = (FILES / "nginx.conf").read_text(), (FILES / "Caddyfile").read_text()
    assert re.findall(r"ssl_protocols ([^;]*);", nginx) == ["TLSv1.3"]
    assert re.findall(r"protocols (.*)", caddy) == ["tls1.3"]
    assert re.search(r"location = /metrics \{\s*return 404;", nginx)
    assert "respond @metrics 404" in caddy
    assert "location /ws/" in nginx
    assert "handle /ws/*" in caddy
    assert "X-Forwarded-For $remote_addr" in nginx  # not what the caller claims


def test_every_part_of_the_compose_file_is_there_and_waits_for_what_it_needs(compose):
    services = compose["services"]
    assert {"web", "live", "ingest", "jobs", "migrate", "postgres", "redis", "broker", "s3", "proxy"} <= set(services)
    for name, service in services.items():
        assert "image" in service, name
        assert ":" in service["image"] or "build" in service, f"{name} has no version"
        assert not service.get("privileged"), name
        for other, rule in service.get("depends_on", {}).items():
            assert other in services, f"{name} waits for {other}"
            if rule["condition"] == "service_healthy":
                assert "healthcheck" in services[other], f"{other} tells no health"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./"):
                assert (FILES / source).is_file(), source
            elif re.fullmatch(r"\w+", source):
                assert source in compose["volumes"], source
    only = {name: services[name]["command"] for name in ("web", "live", "ingest", "jobs")}
    assert only == {name: ["--only", name] for name in only}


def test_the_compose_file_sets_no_setting_that_there_is_not(compose):
    named = set(compose["services"]["web"]["environment"])
    ours = {name.removeprefix(PREFIX).lower() for name in named if name.startswith(PREFIX)}
    assert ours <= set(Settings.model_fields)
    assert {"redis_url", "storage_url", "public_url"} <= ours


def test_every_value_that_the_compose_file_asks_for_is_in_the_example():
    asked = set(re.findall(r"\$\{(\w+)", (FILES / "compose.yaml").read_text()))
    given = {line.split("=")[0] for line in (FILES / "example.env").read_text().splitlines() if "=" in line}
    assert asked == given


def test_the_image_has_what_the_companion_calls_and_runs_as_nobody_special():
    lines = (FILES / "Dockerfile").read_text()
    assert "USER companion" in lines
    assert "postgresql-client" in lines
    known = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT"}
    joined = re.sub(r"\\\n\s*", "", lines)
    assert {line.split()[0] for line in joined.splitlines() if line and not line.startswith("#")} <= known
    kept = {line[1:] for line in (FILES / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    assert all((ROOT / name).exists() for name in kept)
