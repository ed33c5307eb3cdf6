"""The pieces of the demo crate, in the order in which they mix."""

from device.demo.mixdown import Piece
from device.demo.pieces import first_light, loading_bay, low_tide, night_ferry

PIECES: tuple[Piece, ...] = (first_light.PIECE, loading_bay.PIECE, night_ferry.PIECE, low_tide.PIECE)


def find(name: str) -> Piece:
    """The piece with a name such as first-light. Raises KeyError."""
    return {piece.name: piece for piece in PIECES}[name]
