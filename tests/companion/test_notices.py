"""Notices: told, read, and mailed to who wants that."""

import pytest

from companion.database import connection, database, now
from companion.events.models import Event
from companion.notices import kinds, service
from companion.notices.models import Notice
from tests.companion.shared import mails


def tell(person, text="the snare is late", **options):
    """As a domain does it, in a transaction."""
    with connection(), database.atomic():
        body = {"who": "Noor", "title": "Night bus", "project": "p1", "text": text}
        service.tell(person.id, "project.commented", body, **options)


def test_a_notice_says_what_happened_and_where_it_is(mira, noor):
    tell(mira)
    row = mira.get("/notices").json["items"][0]
    assert row["text"] == 'Noor commented on "Night bus": the snare is late'
    assert (row["link"], row["read"]) == ("/projects/p1", None)
    assert noor.get("/notices").json["items"] == []


def test_pages_that_are_open_are_told_with_the_count(mira):
    tell(mira)
    with connection():
        event = Event.select().where((Event.user == mira.id) & (Event.kind == "notice")).get()
    assert '"unread": 1' in event.body


def test_reading_one_and_reading_all(mira):
    for text in "abc":
        tell(mira, text)
    rows = mira.get("/notices").json["items"]
    assert mira.get("/notices/unread").json == {"unread": 3}
    assert mira.post(f"/notices/{rows[1]['id']}/read").json == {"unread": 2}
    assert len(mira.get("/notices?unread=true").json["items"]) == 2
    assert mira.post(f"/notices/read?until={rows[2]['id']}").json == {"unread": 1}
    assert mira.post("/notices/read").json == {"unread": 0}
    assert all(row["read"] for row in mira.get("/notices").json["items"])


def test_another_can_neither_read_nor_throw_away_ones_notices(mira, noor):
    tell(mira)
    number = mira.get("/notices").json["items"][0]["id"]
    assert noor.post(f"/notices/{number}/read").status_code == 404
    assert noor.delete(f"/notices/{number}").status_code == 404
    noor.post("/notices/read")
    assert mira.get("/notices/unread").json == {"unread": 1}
    assert mira.delete(f"/notices/{number}").status_code == 204
    assert mira.get("/notices").json["items"] == []


def test_a_notice_is_mailed_unless_its_reader_wants_no_mail_of_the_kind(app, mira):
    tell(mira, mail=True)
    subject, text = mails(app, mira.email)[-1]
    assert subject == 'Noor commented on "Night bus": the snare is late'
    assert "/projects/p1" in text
    before = len(mails(app, mira.email))
    wanted = mira.put("/notices/mail/project.commented", {"mail": False}).json
    assert [row["mail"] for row in wanted if row["kind"] == "project.commented"] == [False]
    tell(mira, mail=True)
    assert len(mails(app, mira.email)) == before
    mira.post("/notices/read")
    mira.put("/notices/mail/project.commented", {"mail": True})
    tell(mira, mail=True)
    assert len(mails(app, mira.email)) == before + 1


def test_of_comments_that_wait_to_be_read_one_a_day_is_mailed(app, mira):
    before = len(mails(app, mira.email))
    for _ in range(3):
        tell(mira, mail=True)
    assert len(mails(app, mira.email)) == before + 1
    mira.post("/notices/read")
    tell(mira, mail=True)
    assert len(mails(app, mira.email)) == before + 2


def test_what_is_never_mailed_has_no_setting(mira):
    listed = {row["kind"] for row in mira.get("/notices/mail").json}
    assert "project.commented" in listed
    assert "project.invited" not in listed
    assert mira.put("/notices/mail/project.invited", {"mail": False}).status_code == 422


def test_a_subject_cannot_smuggle_headers_into_a_mail(app, mira):
    tell(mira, "x\r\nBcc: everybody@example.org", mail=True)
    subject, _ = mails(app, mira.email)[-1]
    assert "\n" not in subject
    assert mails(app, "everybody@example.org") == []


def test_a_kind_that_is_unknown_or_lacks_words_is_the_callers_mistake(mira):
    with connection(), database.atomic():
        with pytest.raises(ValueError, match=r"no\.such"):
            service.tell(mira.id, "no.such", {})
        with pytest.raises(ValueError, match=r"box\.claimed"):
            service.tell(mira.id, "box.claimed", {"box": "b"})
    assert mira.put("/notices/mail/no.such", {"mail": False}).status_code == 422


def test_a_notice_of_a_rolled_back_change_is_not_there(mira):
    with connection(), pytest.raises(ZeroDivisionError), database.atomic():
        service.tell(mira.id, "box.claimed", {"box": "b", "name": "Box"})
        raise ZeroDivisionError
    assert mira.get("/notices").json["items"] == []


def test_old_notices_are_forgotten_and_come_in_pages(mira):
    for text in "abc":
        tell(mira, text)
    page = mira.get("/notices?limit=2").json
    rest = mira.get("/notices", query_string={"limit": 2, "after": page["next"]}).json
    assert [row["body"]["text"] for row in page["items"] + rest["items"]] == ["c", "b", "a"]
    with connection():
        assert service.forget() == 0
        Notice.update(at=now() - service.KEEP_MS - 1).execute()
        assert service.forget() == 3


def test_every_kind_says_where_it_leads():
    for name, kind in kinds.KINDS.items():
        body = dict.fromkeys(kinds.fields(kind), "x")
        assert kinds.said(name, body)
        assert kinds.link(name, body).startswith("/")
