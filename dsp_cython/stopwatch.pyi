import numpy as np
from numpy.typing import NDArray

from dsp_cython.engine import Engine

def time_periods(engine: Engine, periods: int, period: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...
