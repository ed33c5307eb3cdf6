"""The one error of this package: what was received is not a message that can be used."""

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from device.contracts.envelope import Head


class ContractError(Exception):
    """A payload that is no usable message. `head`: its envelope, where that could be read, so that it can be receipted.

    `where` is the place in the message, outermost first: ("body", "entries", "[3]", "title").
    """

    def __init__(self, reason: str, where: tuple[str, ...] = (), head: "Head | None" = None):
        super().__init__(reason)
        self.reason, self.where, self.head = reason, where, head

    def under(self, name: str) -> Self:
        """The same error, seen from one level further out."""
        return type(self)(self.reason, (name, *self.where), self.head)

    def of(self, head: "Head") -> Self:
        """The same error, with the envelope that it was found in."""
        return type(self)(self.reason, self.where, head)

    def __str__(self) -> str:
        return f"{'.'.join(self.where).replace('.[', '[') or 'the message'} {self.reason}"


class Malformed(ContractError):  # noqa: N818 - what it is, not that it is one
    """Not what the contract says; it will never have an effect, however often it comes."""


class Unknown(ContractError):  # noqa: N818
    """Well-formed, and from a version that knows more than this one: worth keeping until an update."""
