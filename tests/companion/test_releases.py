"""Release status: stored once it is later than what is known, and told to the owner's boxes."""

import pytest

from companion.accounts import deletion, export
from companion.database import connection, database, new_id
from companion.outgoing import service as outgoing
from companion.outgoing.models import OutgoingRow, OutgoingStream
from companion.releases import service as releases
from device.contracts import envelope
from device.contracts.errors import Malformed
from device.contracts.receipts import Numbering, Opening
from device.contracts.releases import Changed, Store
from tests.companion.posts import claimed, message
from tests.companion.test_ingest import parcel, take


def changed(release, at, stage="live", **more):
    return Changed(release, "Album", "Band", stage, at, **more)


def waiting(box):
    with connection():
        rows = OutgoingRow.select().join(OutgoingStream).where(
            (OutgoingStream.box == box) & ~OutgoingRow.skip
        )  # fmt: skip
        return [
            envelope.decode("down", "releases", bytes(row.payload)).body for row in rows.order_by(OutgoingRow.first)
        ]


def test_a_change_is_stored_whole_and_told_to_every_box_of_the_owner(mira, noor):
    mine, others = [claimed(mira.id), claimed(mira.id)], claimed(noor.id)
    status = changed(new_id(), 5, date="2026-02-01", said="soon", stores=(Store("One", "live"), Store("Two", "review")))
    with connection():
        assert releases.status_changed(mira.id, status)
        assert releases.get(mira.id, status.release) == status
        assert releases.get(noor.id, status.release) is None
    for box in mine:
        assert waiting(box) == [status]
    assert waiting(others) == []


def test_what_is_told_twice_or_late_has_no_effect(mira):
    box, number = claimed(mira.id), new_id()
    with connection():
        assert releases.status_changed(mira.id, changed(number, 5))
        assert not releases.status_changed(mira.id, changed(number, 5, "rejected"))
        assert not releases.status_changed(mira.id, changed(number, 4, "review"))
        assert releases.get(mira.id, number).stage == "live"
        assert releases.status_changed(mira.id, changed(number, 6, "taken down"))
    assert [one.stage for one in waiting(box)] == ["taken down"]


def test_one_release_of_two_owners_is_two(mira, noor):
    number = new_id()
    with connection():
        releases.status_changed(mira.id, changed(number, 5))
        assert releases.status_changed(noor.id, changed(number, 1, "draft"))
        assert releases.titles(mira.id, [number, new_id()]) == {number: "Album"}


def test_what_boxes_could_not_read_is_not_stored(mira):
    claimed(mira.id)
    number = new_id()
    with connection():
        with pytest.raises(Malformed):
            releases.status_changed(mira.id, changed(number, 5, said="x" * 501))
        assert releases.get(mira.id, number) is None


def test_what_is_undone_with_its_transaction_tells_nobody(mira):
    box = claimed(mira.id)
    with connection(), pytest.raises(RuntimeError), database.atomic():
        releases.status_changed(mira.id, changed(new_id(), 5))
        raise RuntimeError
    assert waiting(box) == []


def test_a_box_with_a_new_memory_is_told_all_releases_once(mira):
    numbers = [new_id() for _ in range(3)]
    with connection():
        for at, number in enumerate(numbers):
            releases.status_changed(mira.id, changed(number, at))
    box = claimed(mira.id)
    opening = message(Opening((Numbering("plays", new_id(), 1, 1),)), 0, new_id(), "receipts")
    take(parcel(box, opening, "receipts"))
    take(parcel(box, opening, "receipts"))
    assert [one.release for one in waiting(box)] == numbers
    with connection():
        assert outgoing.waiting(box) == 3


def test_it_is_exported_and_goes_with_its_owner(mira):
    number = new_id()
    with connection():
        releases.status_changed(mira.id, changed(number, 5))
        assert [one["release"] for one in export._parts["release-status"](mira.id)] == [number]
        deletion._erasers["release-status"](mira.id)
        assert releases.get(mira.id, number) is None


def test_releases_come_in_pages_those_that_changed_last_first_and_by_stage(mira, noor):
    numbers = [new_id() for _ in range(5)]
    with connection():
        for at, number in enumerate(numbers):
            stage = "review" if at == 2 else "live"
            releases.status_changed(mira.id, changed(number, at // 2, stage, stores=(Store("Shop", "live"),)))
        releases.status_changed(noor.id, changed(new_id(), 9))
    one = mira.get("/releases?limit=3").json
    rest = mira.get(f"/releases?limit=3&after={one['next']}").json
    assert [row["release"] for row in one["items"] + rest["items"]] == [numbers[at] for at in (4, 3, 2, 1, 0)]
    assert one["items"][0]["stores"] == [{"name": "Shop", "stage": "live", "said": ""}]
    assert [row["release"] for row in mira.get("/releases?stage=review").json["items"]] == [numbers[2]]
    assert mira.get("/releases?stage=lost").status_code == 422
    assert mira.get(f"/releases/{numbers[0]}").json["title"] == "Album"
    assert noor.get(f"/releases/{numbers[0]}").status_code == 404
