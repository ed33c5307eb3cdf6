"""Which domain does what with each kind of message."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from companion.events import service as events
from device.contracts import kinds
from device.contracts.envelope import Head, Message


@dataclass(slots=True)
class Told:
    """What open pages are told when a batch is over: of the same thing only the last."""

    waiting: dict[tuple[str, str, str], dict[str, Any]] = field(default_factory=dict)

    def flush(self) -> None:
        """Publish, in the caller's transaction."""
        for (owner, kind, _), body in self.waiting.items():
            events.publish(owner, kind, body)
        self.waiting.clear()


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as a handler gets it: from which box, whose that is, when it came (ms since 1970)."""

    box: str
    owner: str
    message: Message
    came: int
    told: Told

    @property
    def head(self) -> Head:
        """Its envelope."""
        return self.message.head

    @property
    def body(self) -> Any:
        """The dataclass that its kind names."""
        return self.message.body

    def tell(self, kind: str, about: str, body: dict[str, Any]) -> None:
        """Tell the owner's pages after the batch; of several about one thing the last."""
        self.told.waiting[self.owner, kind, about] = body


Handler = Callable[[Letter], None]
_handlers: dict[str, Handler] = {}


def register(kind: str, handler: Handler) -> None:
    """Let a domain handle a kind that boxes send, in the transaction that notes that it was handled.

    What it raises of `jobs.PASSING` comes again; a Problem, or anything else, makes a dead letter of the message.
    """
    if not any(known.name == kind and "up" in known.ways for known in kinds.KINDS):
        raise ValueError(f"no box sends {kind}")
    _handlers[kind] = handler


def handler(kind: str) -> Handler | None:
    """What handles a kind; None when nothing does."""
    return _handlers.get(kind)
