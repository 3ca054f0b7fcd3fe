"""The one shape in which sound goes through this house."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]  # mono; full scale is 32768; the rate goes beside it, in Hz
