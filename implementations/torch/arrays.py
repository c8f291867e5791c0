"""NumPy arrays as torch tensors and back, bit for bit, strides kept, on any device. Imported only where torch is."""

import ml_dtypes
import numpy as np
import torch

from normspec.spec.formats import Array

BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


def to_torch(array: Array, device: str = "cpu") -> torch.Tensor:
    """Return a tensor on the array's memory, or with the same strides on another device.

    torch and NumPy share no bfloat16, so its bits go as int16.
    """
    if array.dtype == BFLOAT16:
        return _on(torch.from_numpy(array.view(np.int16)), device).view(torch.bfloat16)
    return _on(torch.from_numpy(array), device)


def to_numpy(tensor: torch.Tensor) -> Array:
    """Return an array on the tensor's memory, or of its values where they are on another device."""
    plain = tensor.detach().cpu()
    if plain.dtype == torch.bfloat16:
        return np.asarray(plain.view(torch.int16).numpy()).view(BFLOAT16)
    return np.asarray(plain.numpy())


def _on(tensor: torch.Tensor, device: str) -> torch.Tensor:
    """Return the tensor on the device, its whole memory with it: `to` alone would lose gaps and strides of 0."""
    if device == "cpu":
        return tensor
    held = tensor.untyped_storage().nbytes() // tensor.element_size()
    memory = torch.as_strided(tensor, (held,), (1,), 0).to(device)
    return torch.as_strided(memory, tensor.shape, tensor.stride(), tensor.storage_offset())
