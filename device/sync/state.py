"""How the box stands with its companion, said honestly: in step, behind by so much, offline since, nobody's."""

from dataclasses import asdict, dataclass
from typing import Literal

Word = Literal["nobody's", "offline", "connecting", "behind", "in step", "disk full", "unanswered"]


@dataclass(frozen=True, slots=True)
class State:
    """What the screen and `rackdeck sync status` show.

    behind: messages that the companion has not receipted; files: what has not gone up; since: ms since 1970 when this
    word became true, 0 when the clock cannot be trusted; said: a sentence, or empty; oldest: ms since 1970 when
    the first message that waits was made; pid: of the process that says so, which may be gone; beat: when it
    said so last, see `device.panel.board`.
    """

    state: Word
    behind: int = 0
    files: int = 0
    file_bytes: int = 0
    since: int = 0
    said: str = ""
    companion: str = ""
    name: str = ""
    clock: str = "set"
    oldest: int = 0
    pid: int = 0
    beat: int = 0

    def as_dict(self) -> dict[str, object]:
        """For the board and for `--json`."""
        return asdict(self)


def judge(owned: bool, up: bool, refused: bool, answered: bool, behind: int, full: bool) -> Word:
    """The word for it. answered: whether the companion receipts what is sent; full: whether something did not fit."""
    if full:
        return "disk full"
    if not owned:
        return "nobody's"
    if not up:
        return "offline" if not refused else "unanswered"
    if behind and not answered:
        return "unanswered"
    return "behind" if behind else "in step"


def sentence(state: State) -> str:
    """The state for a person, in one line."""
    messages = f"{state.behind} message{'s' if state.behind != 1 else ''}"
    match state.state:
        case "nobody's":
            waits = f"; {messages} wait for an owner" if state.behind else ""
            if state.companion:
                return f"this box is nobody's yet: the first account at {state.companion} has it{waits}"
            return f"this box is nobody's: `rackdeck box claim`{waits}"
        case "in step":
            return "in step with the companion"
        case "behind":
            return f"behind by {messages}"
        case "disk full":
            return "the disk is full: free space, and what waits goes on"
        case "unanswered":
            return f"connected, but the companion does not answer; {messages} wait"
        case _:
            return f"offline; {messages} wait"
