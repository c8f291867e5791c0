"""NumPy arrays as torch tensors and back, bit for bit, strides kept. Imported only where torch is."""

import ml_dtypes
import numpy as np
import torch

from normspec.spec.formats import Array

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


def to_torch(array: Array) -> torch.Tensor:
    """Return a tensor on the array's memory; torch and NumPy share no bfloat16, so its bits go as int16."""
    if array.dtype == BFLOAT16:
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def to_numpy(tensor: torch.Tensor) -> Array:
    """Return an array on the tensor's memory."""
    plain = tensor.detach()
    if plain.dtype == torch.bfloat16:
        return np.asarray(plain.view(torch.int16).numpy()).view(BFLOAT16)
    return np.asarray(plain.numpy())
