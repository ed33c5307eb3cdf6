"""The contract's words for claiming are those that the companion takes and gives."""

import dataclasses

import pytest

from companion.boxes import views
from device.contracts import claims


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        (claims.Given, views.NonceOut),
        (claims.Offer, views.Shown),
        (claims.House, views.House),
        (claims.Offered, views.ShownOut),
        (claims.Requested, views.Requested),
        (claims.Enrolment, views.EnrolmentOut),
        (claims.Left, views.Signed),
    ],
    ids=lambda one: one.__name__,
)
def test_what_the_contract_says_of_claiming_is_what_the_companion_says(said, taken):
    needed = {one.name for one in dataclasses.fields(said) if one.default is dataclasses.MISSING}
    assert {one.name for one in dataclasses.fields(said)} == set(taken.model_fields)
    assert needed == {name for name, field in taken.model_fields.items() if field.is_required()}
