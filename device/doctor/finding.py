"""What a check found."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "bad", "absent"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    state: `ok`; `warn` (the box plays, but not as well as it could); `bad` (the box cannot play); `absent`
    (something that need not be there is not there). mend: what to do, empty when there is nothing to do.
    """

    name: str
    state: State
    found: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        """The finding as data."""
        return {"name": self.name, "state": self.state, "found": self.found, "mend": self.mend}


Check = Callable[[], Finding]
