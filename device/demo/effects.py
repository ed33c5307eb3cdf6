"""Effects on whole signals: space, echo, ducking, saturation, movement and width.

Signals are float32 arrays of (2, frames) at `score.RATE`; random sources are arguments.
"""

import numpy as np
import numpy.typing as npt

from device.demo.filters import Floats, Signal, convolve, high_cut, low_cut, tone
from device.demo.score import RATE


def hall(rng: np.random.Generator, seconds: float, pre_delay: float = 0.02, dark: float = 0.35) -> Floats:
    """An impulse response of a room, (2, frames), energy 1 a channel.

    Noise that decays by 60 dB in `seconds`, its highs in `dark` of that; the two channels are independent,
    and a few early reflections give the walls.
    """
    frames = int(seconds * 1.1 * RATE)
    hop = 256
    time = np.arange(frames // hop + 1) * hop / RATE
    frequency = np.linspace(0, RATE / 2, hop + 1)
    life = seconds * (dark + (1 - dark) / (1 + (frequency / 3500) ** 2)) * (1 / (1 + 60 / np.maximum(frequency, 30)))
    decay = np.exp(-6.91 * time[:, None] / life[None, :])
    shape = np.sin(np.pi * (np.arange(2 * hop) + 0.5) / (2 * hop))
    tail = np.zeros((2, frames + 3 * hop))
    for channel in range(2):
        noise = rng.standard_normal((len(decay), 2 * hop))
        grains = np.fft.irfft(np.fft.rfft(noise) * decay) * shape
        for half in range(2):  # the grains overlap by half: their first halves adjoin, and so do their second ones
            part = grains[:, half * hop : (half + 1) * hop].reshape(-1)
            tail[channel, half * hop : half * hop + len(part)] += part
    rise = int(0.012 * RATE)
    tail[:, :rise] *= np.linspace(0, 1, rise)
    early = int(pre_delay * RATE)
    out = np.zeros((2, early + frames))
    out[:, early:] = tail[:, :frames]
    for channel in range(2):
        for when in rng.uniform(0.006, 0.06, 7):
            out[channel, int(when * RATE)] += 4.0 * rng.choice([-1, 1]) * np.exp(-when / 0.04)
    return np.asarray(out / np.sqrt((out**2).sum(axis=1, keepdims=True)))


def reverb(signal: Signal, impulse: Floats) -> Signal:
    """The wet sound only, without the lows that would blur kick and bass."""
    return tone(convolve(signal, impulse), low_cut(220, 2), high_cut(9000, 1))


def echo(signal: Signal, seconds: float, feedback: float = 0.45, repeats: int = 6) -> Signal:
    """The repeats only: left and right in turn, each darker and quieter than the one before."""
    frames = signal.shape[1]
    step = round(seconds * RATE)
    source = tone(signal, low_cut(250, 2), high_cut(6000, 1))
    middle = source.mean(axis=0)
    out = np.zeros_like(signal)
    for i in range(1, repeats + 1):
        start = i * step
        if start >= frames:
            break
        if i % 2 == 0:  # once a round trip: darker
            middle = 0.5 * middle + 0.25 * np.roll(middle, 3) + 0.25 * np.roll(middle, -3)
        gain = feedback ** (i - 1)
        near, far = (0, 1) if i % 2 else (1, 0)
        out[near, start:] += (0.92 * gain) * middle[: frames - start]
        out[far, start:] += (0.30 * gain) * middle[: frames - start]
    return out


def duck(frames: int, kicks: list[int], depth: float, seconds: float) -> npt.NDArray[np.float32]:
    """A gain curve that falls to 1 - `depth` at each kick (in frames) and is back after `seconds`.

    The fall takes 4 ms ahead of the kick, so that it does not click.
    """
    curve = np.ones(frames, np.float32)
    fall = int(0.004 * RATE)
    length = int(seconds * RATE)
    dip = np.concatenate(
        [
            1 - depth * (0.5 - 0.5 * np.cos(np.linspace(0, np.pi, fall))),
            1 - depth * (0.5 + 0.5 * np.cos(np.pi * np.linspace(0, 1, length) ** 0.8)),
        ]
    ).astype(np.float32)
    for kick in kicks:
        start = kick - fall
        skip = max(0, -start)
        part = dip[skip : skip + max(0, frames - start - skip)]
        window = curve[start + skip : start + skip + len(part)]
        np.minimum(window, part, out=window)
    return curve


def saturate(signal: Signal, drive: float, bias: float = 0.0) -> Signal:
    """Warmth by tanh: `drive` 1 is gentle, 4 is dirt; small signals keep their level. `bias` adds even harmonics."""
    shaped = (np.tanh(signal * drive + bias) - np.tanh(bias)) / (drive * (1 - np.tanh(bias) ** 2))
    return np.asarray(shaped, np.float32)


def chorus(signal: Signal, depth_ms: float = 2.5, rate: float = 0.6, mix: float = 0.4) -> Signal:
    """Two voices of slowly moving delay, in opposite motion left and right."""
    frames = signal.shape[1]
    time = np.arange(frames)
    out = np.empty_like(signal)
    for channel, phase in ((0, 0.0), (1, np.pi / 2)):
        delay = (8.0 + depth_ms * np.sin(2 * np.pi * rate * time / RATE + phase)) * RATE / 1000
        moved = np.interp(time - delay, time, signal[channel], left=0.0)
        out[channel] = (1 - mix) * signal[channel] + mix * moved
    return out


def tremolo(signal: Signal, cycle: float, depth: float, first: float = 0.0) -> Signal:
    """A pan that wanders: `cycle` in seconds, `depth` 0 to 1; `first` is the time of the middle position."""
    turn = np.sin(2 * np.pi * (np.arange(signal.shape[1]) / RATE - first) / cycle)
    out = signal.copy()
    out[0] *= 1 - depth * (0.5 + 0.5 * turn)
    out[1] *= 1 - depth * (0.5 - 0.5 * turn)
    return out


def widen(signal: Signal, factor: float) -> Signal:
    """The difference of left and right times `factor`; 0 is mono."""
    middle = signal.mean(axis=0)
    side = (signal[0] - signal[1]) * (0.5 * factor)
    return np.asarray(np.stack([middle + side, middle - side]), np.float32)


def mono_below(signal: Signal, hertz: float) -> Signal:
    """Everything below `hertz` in the middle: clubs and vinyl ask for it.

    Linear phase by one symmetric pass, so that middle and side stay aligned.
    """
    middle = signal.mean(axis=0, dtype=np.float32)
    side = 0.5 * (signal[0] - signal[1])
    taps = 2047
    t = np.arange(taps) - taps // 2
    low = 2 * hertz / RATE * np.sinc(2 * hertz / RATE * t) * np.blackman(taps)
    lows = convolve(np.stack([np.pad(side, (0, taps // 2))] * 2).astype(np.float32), low / low.sum())
    side = side - lows[0, taps // 2 :]
    return np.stack([middle + side, middle - side])
