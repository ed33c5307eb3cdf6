"""Turns rows of a waveform into pictures: resampling, the four layers, smooth edges."""

from functools import lru_cache

import numpy as np
import pygame
from numpy.typing import NDArray

from display import theme
from display.theme import Colour

STEPS = 3  # of a pixel's coverage, besides none; two bits a layer
LOUDNESS = (1.0, 1.3, 1.15, 1.1)  # peak, low, mid, high: brings the bands (RMS) near the peak
MANY_ROWS = 12.0
MASKS = (0xFF0000, 0xFF00, 0xFF, 0)


def resample(rows: NDArray[np.uint8], first: float, step: float, count: int) -> NDArray[np.float32]:
    """`count` pixels of `step` rows each, from row `first`: (4, count) of peak, low, mid, high in 0…1.

    A pixel over several rows takes the largest, over very many (an overview) the mean of the bands and the largest
    peak; one within a row is interpolated. Outside the track all is 0.
    """
    levels = np.zeros((4, count), np.float32)
    edges = first + step * np.arange(count + 1)
    inside = np.flatnonzero((edges[1:] > 0) & (edges[:-1] < len(rows)))
    if not len(inside) or not len(rows):
        return levels
    begin, end = inside[0], inside[-1] + 1
    if step <= 1:
        middle = np.clip((edges[begin:end] + edges[begin + 1 : end + 1]) / 2 - 0.5, 0, len(rows) - 1)
        left = middle.astype(np.intp)
        right = np.minimum(left + 1, len(rows) - 1)
        share = (middle - left).astype(np.float32)[:, None]
        found = rows[left] * (1 - share) + rows[right] * share
    else:
        starts = np.clip(edges[begin:end], 0, len(rows) - 1).astype(np.intp)
        last = min(len(rows), int(np.ceil(edges[end])))
        found = np.maximum.reduceat(rows[:last], starts, axis=0).astype(np.float32)
        if step > MANY_ROWS:
            counts = np.diff(np.append(starts, last)).clip(1)[:, None]
            means = np.add.reduceat(rows[:last], starts, axis=0, dtype=np.uint32) / counts
            found[:, :3] = means[:, :3]
    levels[:, begin:end] = found[:, (3, 0, 1, 2)].T / np.float32(255)
    return levels


def paint(
    levels: NDArray[np.float32], height: int, ground: Colour = theme.SUNK, fade: float = 0.0, gain: float = 1.0
) -> pygame.Surface:
    """A picture of (4, width) levels, mirrored about its middle. `fade` 0…1 mixes it into the ground.

    `gain` makes the bands taller, but never taller than full.
    """
    width = levels.shape[1]
    half = height // 2
    tall = np.empty((4, width), np.float32)
    tall[0] = levels[0]
    # Bands are stored as the root of their RMS: squaring some of that back shows beats against the rest.
    tall[1:] = levels[1:] ** 1.5
    tall *= np.asarray(LOUDNESS, np.float32)[:, None]
    tall[1:] *= gain
    np.minimum(tall, 1, out=tall)
    tall[0] = np.maximum(tall[0], tall[1:].max(axis=0))
    quarters = (tall * (half * STEPS)).astype(np.int16)
    depth = (np.arange(half, dtype=np.int16) * STEPS)[None, :]
    code = np.zeros((width, half), np.int32)
    for layer in range(4):
        cover = quarters[layer][:, None] - depth
        np.clip(cover, 0, STEPS, out=cover)
        code |= cover.astype(np.int32) << (2 * layer)
    code += (np.arange(half, dtype=np.int32) << 8)[None, :]
    colours = _palette(half, ground, fade)[code]
    picture = pygame.Surface((width, height), 0, 32, MASKS)
    pixels = pygame.surfarray.pixels2d(picture)
    pixels[:, height - half :] = colours
    pixels[:, :half] = colours[:, ::-1]
    if height % 2:
        pixels[:, half] = colours[:, 0]
    del pixels
    return picture


@lru_cache(maxsize=16)
def _palette(half: int, ground: Colour, fade: float) -> NDArray[np.uint32]:
    """Colour of every combination of layer coverage, at every distance from the middle, flattened."""
    code = np.arange(256)
    base = np.asarray(ground, np.float32)
    shade = 1.0 - 0.25 * (np.arange(half, dtype=np.float32) / max(1, half - 1))  # a little darker outwards
    colour = np.broadcast_to(base, (half, 256, 3)).copy()
    for layer, paint_colour in enumerate(theme.WAVE):
        cover = ((code >> (2 * layer)) & 3).astype(np.float32)[None, :, None] / STEPS
        colour = colour * (1 - cover) + np.asarray(paint_colour, np.float32) * shade[:, None, None] * cover
    colour = colour * (1 - fade) + base * fade
    red, green, blue = np.moveaxis(np.rint(colour).astype(np.uint32), -1, 0)
    return np.asarray(red << 16 | green << 8 | blue, np.uint32).reshape(-1)
