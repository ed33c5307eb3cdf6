"""The claim's QR code: as squares for a screen, as blocks for a terminal, as SVG."""

import io

import segno

QUIET = 4  # empty squares around it, without which no camera finds it


def squares(link: str) -> list[list[bool]]:
    """Rows of squares, True where dark, with the empty border."""
    return [[bool(dark) for dark in row] for row in _made(link).matrix_iter(border=QUIET)]


def blocks(link: str) -> str:
    """Lines for a terminal; two squares, one above the other, make one character."""
    written = io.StringIO()
    _made(link).terminal(written, border=QUIET, compact=True)
    return written.getvalue()


def svg(link: str) -> str:
    """An SVG image, one unit a square."""
    made: str = _made(link).svg_inline(border=QUIET)
    return made


def _made(link: str) -> segno.QRCode:
    return segno.make_qr(link, error="m")
