"""Loads the track that is chosen in the browser."""

from display.desk import Desk

REPLACE_SECONDS = 3.0
MISSING = "This track has no file on this box. Send the playlist to the box on the companion's page."


class Loader:
    """Loads the chosen track. A deck that plays asks to be pressed twice: a slip must not stop the music."""

    def __init__(self, desk: Desk):
        self._desk = desk
        self._asked = (0, float("-inf"))

    def enter(self) -> None:
        """Open the chosen folder, or load the chosen track to the deck that asked for one, else to a free deck."""
        path = self._desk.browser.enter()
        if path is not None:
            self.load(self._free_deck())

    def _free_deck(self) -> int:
        wanted = self._desk.browser.target
        order = [wanted, *range(1, self._desk.deck_count + 1)]
        return next((number for number in order if not self._desk.decks[number].is_on("play")), wanted)

    def load(self, number: int) -> None:
        """Load the chosen track to a deck."""
        row = self._desk.browser.current
        if row is None or row.folder:
            self._desk.say("Choose a track in the list first, then a deck.", error=False)
            return
        if row.missing:
            self._desk.say(MISSING if row.place else f"{row.title}.", error=False)
            return
        again = self._asked[0] == number and self._desk.now - self._asked[1] < REPLACE_SECONDS
        if self._desk.decks[number].is_on("play") and not again:
            self._asked = (number, self._desk.now)
            self._desk.say(f"Deck {number} is playing. Press once more to replace its track.", error=False)
            return
        self._asked = (0, float("-inf"))
        self._desk.do(f"deck{number}.load", str(row.path))
        self._desk.browser.target = number % self._desk.deck_count + 1
