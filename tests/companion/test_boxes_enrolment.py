"""How a box enrols: it proves its key, somebody claims it, and it is given a certificate for itself alone."""

import base64
import datetime
import hashlib
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from companion import database, elapsed
from companion.audit.models import AuditEntry
from companion.boxes import authority, certificates, enrolment, revocation
from companion.boxes import service as boxes
from companion.boxes.models import Authority, Box, Certificate, Enrolment
from companion.database import connection, now
from companion.vault.service import Vault
from device.contracts import claims, proofs
from provisioning.identity import Identity
from tests.companion.people import Person
from tests.companion.shared import prove

pytestmark = pytest.mark.slow

CODE = "7K2M9QXP"


class Device:
    """A box that speaks to the companion, rightly unless told otherwise."""

    def __init__(self, app, key=None):
        self.own = Identity.of(key or ec.generate_private_key(ec.SECP256R1()))
        self._client = app.test_client()

    def call(self, path, body=None):
        return self._client.post(f"/api/v1/boxes/enrolment/{path}", json=body)

    def nonce(self):
        return self.call("nonce").json["nonce"]

    def offer(self, code=CODE, **instead):
        proof = self.own.proof("offer", self.nonce(), code, "Studio box", "rack-1")
        return self.call("offer", proof | {"code": code, "name": "Studio box", "model": "rack-1"} | instead)

    def fetch(self, request=None, **instead):
        request = request or self.own.request()
        proof = self.own.proof("certificate", self.nonce(), hashlib.sha256(request.encode()).hexdigest())
        return self.call("certificate", proof | {"request": request} | instead)

    def house(self, token):
        proof = self.own.proof("house", self.nonce(), token, "", "rack-1")
        return self.call("house", proof | {"token": token, "name": "", "model": "rack-1"})

    def leave(self):
        return self.call("leave", self.own.proof("leave", self.nonce()))


@pytest.fixture
def device(app):
    return Device(app)


@pytest.fixture
def claimed(device, mira):
    """Mira's box, with its first certificate."""
    assert device.offer().status_code == 200
    assert mira.post("/boxes/claims", {"code": CODE}).status_code == 201
    answer = device.fetch()
    assert answer.status_code == 200, answer.json
    return device


@pytest.fixture
def vault(app):
    return app.extensions["vault"]


def test_a_box_is_claimed_by_its_code_and_both_show_the_same_number(device, mira):
    offered = device.offer()
    assert offered.json["box"] == device.own.id
    assert device.fetch().json["state"] == "waiting"
    answer = mira.post("/boxes/claims", {"code": CODE})
    assert answer.json["check"] == device.own.check(CODE)
    assert answer.json["id"] == device.own.id
    issued = device.fetch().json
    assert (issued["state"], issued["name"]) == ("issued", "Studio box")
    assert device.fetch().json["state"] == "issued"  # the answer may have been lost


def test_what_a_box_is_given_is_for_ninety_days_its_name_and_signing_in_alone(claimed):
    made = claimed.fetch().json
    found = x509.load_pem_x509_certificate(made["certificate"].encode())
    issuer = x509.load_pem_x509_certificate(made["authority"].encode())
    found.verify_directly_issued_by(issuer)
    assert [(name.oid, name.value) for name in found.subject] == [(NameOID.COMMON_NAME, claimed.own.id)]
    assert found.public_key() == claimed.own.key.public_key()
    usage = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    left = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(89) < left <= datetime.timedelta(90)
    assert made["expires"] == int(found.not_valid_after_utc.timestamp() * 1000)
    assert issuer.not_valid_before_utc.year == 1970
    assert issuer.not_valid_after_utc.year == 2106


def test_the_serial_of_every_certificate_and_who_did_what_is_kept(claimed):
    second = claimed.fetch().json["certificate"]
    with connection():
        serials = {int(row.serial, 16) for row in Certificate.select().where(Certificate.box == claimed.own.id)}
        done = [row.action for row in AuditEntry.select().where(AuditEntry.action.startswith("box"))]
    assert len(serials) == 2
    assert x509.load_pem_x509_certificate(second.encode()).serial_number in serials
    assert done == ["box.claimed", "box.certificate", "box.certificate"]


def test_an_offer_or_a_request_that_another_key_signed_is_refused(app, device, mira):
    stranger = Device(app)
    proof = stranger.own.proof("offer", stranger.nonce(), CODE, "Studio box", "rack-1")
    key = base64.b64encode(device.own.public).decode()
    body = proof | {"key": key, "code": CODE, "name": "Studio box", "model": "rack-1"}
    assert stranger.call("offer", body).status_code == 401
    device.offer()
    mira.post("/boxes/claims", {"code": CODE})
    assert stranger.fetch().status_code == 403
    assert stranger.fetch(key=key).status_code == 401
    assert stranger.fetch(request=device.own.request()).status_code == 403


def test_what_was_signed_holds_for_its_purpose_its_values_and_five_minutes(device, monkeypatch):
    assert device.offer(code="AAAAAAAA").status_code == 200
    assert device.offer(name="Another").status_code == 401
    proof = device.own.proof("leave", device.nonce(), CODE, "", "")
    assert device.call("offer", proof | {"code": CODE, "name": "", "model": ""}).status_code == 401
    nonce = device.nonce()
    proof = device.own.proof("leave", nonce)
    monkeypatch.setattr(enrolment, "now", lambda: now() + enrolment.NONCE_MS)
    assert device.call("leave", proof).status_code == 401


@pytest.mark.parametrize(
    "nonce", ["", "x", "1.2.3", "1..", "999999999999.1.x.y", "-1.5.a.b", "١.1.a.b", "1.1.a." + "0" * 32]
)
def test_a_number_to_sign_that_is_not_ours_is_refused(device, nonce):
    assert device.call("leave", device.own.proof("leave", nonce)).status_code == 401


def key_of(curve):
    return ec.generate_private_key(curve)


def request_of(key, names, extension=None):
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names))
    if extension:
        made = made.add_extension(extension, critical=False)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode().strip()


def torn(request):
    """The same with the last byte of its signature changed."""
    der = bytearray(x509.load_pem_x509_csr(request.encode()).public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    body = base64.b64encode(bytes(der)).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----"


def test_a_request_for_more_or_other_than_the_box_itself_is_refused(claimed):
    own, name = claimed.own, x509.NameAttribute(NameOID.COMMON_NAME, claimed.own.id)
    another = x509.NameAttribute(NameOID.COMMON_NAME, "companion")
    unit = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Rackdeck")
    alternative = x509.SubjectAlternativeName([x509.DNSName("broker.example.org")])
    wrong = [
        request_of(own.key, [another]),
        request_of(own.key, [name, unit]),
        request_of(own.key, []),
        request_of(own.key, [name], alternative),
        request_of(own.key, [name], x509.BasicConstraints(True, None)),
        request_of(key_of(ec.SECP256R1()), [name]),
        request_of(key_of(ec.SECP384R1()), [name]),
        "nothing",
        torn(own.request()),
    ]
    for request in wrong:
        assert claimed.fetch(request=request).status_code == 422, request
    assert claimed.fetch().status_code == 200


def test_a_key_of_another_curve_is_no_boxs(app):
    other = Device(app)
    key = ec.generate_private_key(ec.SECP384R1())
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    nonce = other.nonce()
    signature = key.sign(proofs.statement("leave", nonce), ec.ECDSA(hashes.SHA256()))
    proof = {"key": base64.b64encode(der).decode(), "signature": base64.b64encode(signature).decode(), "nonce": nonce}
    assert other.call("leave", proof).status_code == 422


def test_a_box_that_nobody_claimed_or_whose_code_is_over_gets_nothing(device):
    assert device.fetch().status_code == 403
    device.offer()
    assert device.fetch().json["state"] == "waiting"
    with connection():
        assert Certificate.select().count() == 0


def test_who_has_a_good_certificate_renews_it_and_who_has_let_it_expire_is_claimed_anew(claimed, mira):
    with connection():
        Certificate.update(expires=now() - 1).execute()
    assert claimed.fetch().status_code == 403
    assert claimed.offer(code="AAAAAAAA").status_code == 200
    assert mira.post("/boxes/claims", {"code": "AAAAAAAA"}).status_code == 201  # her own box counts once
    assert claimed.fetch().json["state"] == "issued"


def test_an_expired_box_is_not_for_another_to_claim(claimed, noor):
    with connection():
        Certificate.update(expires=now() - 1).execute()
    claimed.offer(code="AAAAAAAA")
    assert noor.post("/boxes/claims", {"code": "AAAAAAAA"}).status_code == 409


def test_a_revoked_box_gets_no_certificate_until_it_is_claimed_again(claimed, mira, noor):
    assert mira.delete(f"/boxes/{claimed.own.id}").status_code == 204
    assert claimed.fetch().status_code == 403
    with connection():
        assert Certificate.select().where(Certificate.revoked.is_null()).count() == 0
    claimed.offer(code="AAAAAAAA")
    assert claimed.fetch().json["state"] == "waiting"
    noor.post("/boxes/claims", {"code": "AAAAAAAA"})
    assert claimed.fetch().json["state"] == "issued"


def test_a_box_that_is_given_away_keeps_its_certificate_and_learns_that_the_owner_is_another(claimed, mira, noor):
    before = claimed.fetch().json
    prove(noor)
    mira.put(f"/boxes/{claimed.own.id}/offer", {"email": noor.email})
    assert noor.post(f"/boxes/offers/{claimed.own.id}/accept").status_code == 200
    after = claimed.fetch().json
    assert before["owner"] == claimed_owner(before) != after["owner"]
    assert mira.id not in before["owner"]
    with connection():
        assert Certificate.select().where(Certificate.revoked.is_null(False)).count() == 0


def claimed_owner(answer):
    assert len(answer["owner"]) == 32
    return answer["owner"]


def test_a_box_that_leaves_is_nobodys_and_its_certificates_are_revoked(claimed, mira):
    assert claimed.leave().status_code == 204
    assert mira.get("/boxes").json == []
    with connection():
        assert Certificate.select().where(Certificate.revoked.is_null(False)).count() == 1
        assert "box.left" in [row.action for row in AuditEntry.select()]
    assert claimed.leave().status_code == 204


def test_an_account_that_is_deleted_takes_its_boxes_certificates_along(app, claimed, mira):
    from companion.boxes import setup

    with connection():
        setup.erase(mira.id)
        assert Certificate.select().where(Certificate.revoked.is_null()).count() == 0


def test_the_box_on_the_companions_machine_enrols_without_a_code_and_goes_to_the_first_administrator(app, settings):
    device = Device(app)
    token = enrolment.house_token(settings.folder)
    assert device.house("0" * 64).status_code == 403
    assert device.house(token).status_code == 200
    issued = device.fetch().json
    assert (issued["state"], issued["owner"]) == ("issued", "")
    with connection():
        assert enrolment.adopt() == 0
    ada = Person(app, "Ada")
    with connection():
        assert enrolment.adopt() == 1
        assert enrolment.adopt() == 0
    assert [row["id"] for row in ada.get("/boxes").json] == [device.own.id]
    assert device.fetch().json["owner"]


def test_the_box_of_the_machine_that_its_owner_revoked_stays_out(app, settings, admin):
    device, token = Device(app), enrolment.house_token(settings.folder)
    device.house(token)
    assert admin.delete(f"/boxes/{device.own.id}").status_code == 204
    assert device.house(token).status_code == 403
    assert device.fetch().status_code == 403
    with connection():
        assert enrolment.adopt() == 0


def test_the_box_of_the_machine_may_come_back_after_any_time(app, settings, admin):
    device, token = Device(app), enrolment.house_token(settings.folder)
    device.house(token)
    device.fetch()
    with connection():
        Certificate.update(expires=now() - 1).execute()
    assert device.house(token).status_code == 200
    assert device.fetch().json["state"] == "issued"


def test_two_processes_that_begin_at_once_agree_on_one_authority(settings, app):
    barrier, found = threading.Barrier(2), []

    def begin():
        with connection():
            barrier.wait()
            found.append(authority.row(Vault(settings.folder)).certificate)

    beginners = [threading.Thread(target=begin) for _ in range(2)]
    for beginner in beginners:
        beginner.start()
    for beginner in beginners:
        beginner.join()
    assert len(set(found)) == 1
    with connection():
        assert Authority.select().count() == 1
        assert [row.action for row in AuditEntry.select()] == ["authority.made"]


def test_no_secret_of_the_authority_lies_open_in_the_database(vault):
    with connection():
        found = authority.row(vault)
        access = authority.access(vault)
        stored = bytes(found.key) + bytes(found.broker_key) + bytes(found.access)
    assert b"PRIVATE" not in stored
    assert access.password.encode() not in stored


def test_lists_follow_each_other_and_name_all_that_was_revoked(claimed, mira, vault):
    def list_():
        with connection():
            authority.renew_list(vault)
            return x509.load_pem_x509_crl(authority.row(vault).crl.encode())

    first = list_()
    mira.delete(f"/boxes/{claimed.own.id}")
    second = list_()
    assert second.last_update_utc > first.last_update_utc  # OpenSSL takes the later, and no list of the future
    assert second.last_update_utc.year == 2000
    assert len(list(first)) == 0
    with connection():
        assert {entry.serial_number for entry in second} == {int(row.serial, 16) for row in Certificate.select()}
        assert not authority.renew_list(vault)
        Authority.update(crl_made=now() - authority.RENEW_LIST_MS - 1).execute()
        assert authority.renew_list(vault)
        Authority.update(crl_made=now() + 10**9).execute()  # the clock went back
        assert authority.renew_list(vault)
    assert second.next_update_utc - datetime.datetime.now(datetime.UTC) > datetime.timedelta(30)


def test_a_machine_whose_clock_says_1970_gives_out_what_is_good_once_it_is_right(claimed, vault, monkeypatch):
    for module in (authority, certificates):
        monkeypatch.setattr(module, "now", lambda: 86_400_000)
    with connection():
        Enrolment.update(until=2 * 86_400_000).execute()
        made, expires = certificates.issue(vault, claimed.own.id, claimed.own.fingerprint, claimed.own.request())
        authority.renew_list(vault)
        assert authority.list_ends() > elapsed.FLOOR_MS
    assert expires > elapsed.FLOOR_MS
    assert x509.load_pem_x509_certificate(made.encode()).not_valid_before_utc.year == 1970


def test_the_list_is_for_everybody(app, device, vault):
    with connection():
        authority.renew_list(vault)
    answer = app.test_client().get("/api/v1/boxes/authority/revoked")
    assert len(x509.load_pem_x509_crl(answer.data)) == 0


def test_the_alarm_is_raised_while_a_revoked_box_may_still_be_inside(claimed, mira):
    with connection():
        assert revocation.finding()[0]
        boxes.revoke(mira.id, claimed.own.id)
        Certificate.update(revoked=now() - revocation.LATE_MS - 1).execute()
        assert not revocation.finding()[0]


def test_certificates_that_ended_long_ago_are_forgotten_but_never_revoked_ones(claimed):
    with connection():
        Certificate.update(expires=now() - certificates.LIFE_MS - 1).execute()
        Certificate.create(serial="aa", box="x", expires=1, revoked=5)
        assert certificates.forget() == 1
        assert [row.serial for row in Certificate.select()] == ["aa"]


def test_a_box_id_is_made_of_the_key_and_of_nothing_else(device):
    assert device.own.id == claims.box_id(device.own.public)
    with connection():
        device.offer()
        assert Box.select().count() == 0
    database.database.close()
