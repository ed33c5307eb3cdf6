"""The loader: tracks onto decks in order, however full the engine's queue is."""

import time

import pytest

from device.engine.loader import MOST_WAITING, Loader, QueueFullError
from device.engine.offline import OfflineEngine
from device.engine.tracks import DecoderPool
from device.errors import InputError
from tests.live import tone


class Deck:
    """A loader on an offline engine; `done` is what it asked for, in order."""

    def __init__(self, folder):
        self.engine = OfflineEngine()
        self.pool = DecoderPool(48000, folder)
        self.said, self.done, self.full = {}, [], False
        self.loader = Loader(self.engine.engine, self.pool, self.said.__setitem__, self.act)

    def act(self, name, argument):
        if self.full:
            raise QueueFullError
        self.done.append((name, argument))

    def until_decoded(self, serial=1):
        end = time.monotonic() + 60
        while not self.loader._tracks[serial].done:
            assert time.monotonic() < end
            self.loader.pump()
            time.sleep(0.01)

    def crowd(self):
        """Fill the engine's queue; only the audio thread empties it."""
        while self.engine.engine.command(0, 3, 0, 0.0):
            pass


@pytest.fixture
def deck(tmp_path):
    deck = Deck(tmp_path)
    yield deck
    deck.loader.close()


def test_a_track_waits_for_room_in_the_queue_and_then_gets_onto_its_deck(deck, tmp_path):
    deck.loader.load("deck1", str(tone(tmp_path, seconds=1)))
    deck.crowd()
    deck.until_decoded()
    assert "deck1" not in deck.loader.on_deck
    deck.engine.render(64)
    deck.loader.pump()
    assert "deck1" in deck.loader.on_deck
    assert deck.said["deck1.title"] == "tone"


def test_what_waited_for_a_track_is_done_in_order_over_as_many_rounds_as_it_takes(deck, tmp_path):
    deck.loader.load("deck1", str(tone(tmp_path, seconds=1)))
    assert deck.loader.postpone("deck1", [("deck1.seek", 0.5), ("deck1.play", 1.0)])
    deck.full = True
    deck.until_decoded()
    assert deck.loader.postpone("deck1", [("deck1.play", 0.0)])  # still behind the others
    deck.full = False
    deck.loader.pump()
    assert deck.done == [("deck1.seek", 0.5), ("deck1.play", 1.0), ("deck1.play", 0.0)]
    assert not deck.loader.postpone("deck1", [])


def test_more_than_a_person_can_press_is_not_kept(deck, tmp_path):
    deck.loader.load("deck1", str(tone(tmp_path, seconds=1)))
    deck.loader.postpone("deck1", [("deck1.seek", 0.5)] * MOST_WAITING)
    with pytest.raises(InputError, match="still loading"):
        deck.loader.postpone("deck1", [("deck1.seek", 0.5)])
