import numpy as np
from numpy.typing import NDArray

def limit(planes: NDArray[np.float32], samplerate: float) -> tuple[NDArray[np.float32], int]: ...
