"""Names for the types of NumPy arrays, so that signatures say what they hold. Torch-free."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Indices: TypeAlias = NDArray[np.intp]
"""Places in other arrays, as ``argsort`` and ``flatnonzero`` give them."""

Values: TypeAlias = NDArray[np.generic]
"""Numbers or text of any one kind."""

Flags: TypeAlias = NDArray[np.bool_]
Bytes: TypeAlias = NDArray[np.uint8]
