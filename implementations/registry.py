"""What is asked for by name: the implementations shipped here, and those of packages that ship their adapter."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from os import environ
from shutil import which
from types import MappingProxyType

GROUP = "normspec.implementations"
"""The entry points by which a package ships its adapter: a name, and MODULE:ATTRIBUTE as a target may be."""

# name: (where it is, what it is). Nothing here is imported before it is asked for.
REGISTERED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "numpy": ("normspec.implementations.numpy.family:NUMPY", "all NumPy implementations"),
        "numpy-two-pass": (
            "normspec.implementations.numpy.family:TWO_PASS",
            "the layers that centre, in NumPy, variance from the deviations from the mean",
        ),
        "numpy-welford": (
            "normspec.implementations.numpy.family:WELFORD",
            "the layers that centre, in NumPy, variance by Welford's recurrence and Chan's merging",
        ),
        "numpy-variants": (
            "normspec.implementations.numpy.variants:VARIANTS",
            "the same in NumPy with other sums and other ways to scale: correct, and no suite may reject them",
        ),
        "torch": (
            "normspec.implementations.torch.variants:TORCH",
            "PyTorch's functions and modules; torch@DEVICE asks them on another device (extra: torch)",
        ),
        "torch-functional": (
            "normspec.implementations.torch.family:FUNCTIONAL",
            "torch.nn.functional, gradients by autograd (extra: torch)",
        ),
        "torch-module": (
            "normspec.implementations.torch.family:MODULE",
            "the modules of torch.nn, gradients by autograd (extra: torch)",
        ),
        "torch-composed": (
            "normspec.implementations.torch.composed:COMPOSED",
            "operations that torch has no function for, as they are written with it (extra: torch)",
        ),
        "torch-fold": (
            "normspec.implementations.torch.fold:FOLD",
            "torch.nn.utils.fusion, batch norm folded into a linear layer or convolution (extra: torch)",
        ),
        "torch-sync": (
            "normspec.implementations.torch.sync:SYNC",
            "batch norm over shards in processes that speak gloo, and torch.nn.SyncBatchNorm in one (extra: torch)",
        ),
        "torch-func": (
            "normspec.implementations.torch.variants:FUNC",
            "torch.nn.functional under torch.func.vjp (extra: torch)",
        ),
        "torch-vmap": (
            "normspec.implementations.torch.variants:VMAP",
            "torch.nn.functional under torch.func.vmap (extra: torch)",
        ),
        "torch-jvp": (
            "normspec.implementations.torch.variants:JVP",
            "torch.nn.functional in forward mode, by torch.func.jvp (extra: torch)",
        ),
        "torch-forward-over-reverse": (
            "normspec.implementations.torch.variants:FORWARD_OVER_REVERSE",
            "torch.nn.functional, the second order by torch.func.jvp of vjp (extra: torch)",
        ),
        "torch-reverse-over-forward": (
            "normspec.implementations.torch.variants:REVERSE_OVER_FORWARD",
            "torch.nn.functional, the second order by torch.func.vjp of jvp (extra: torch)",
        ),
        "torch-autocast": (
            "normspec.implementations.torch.variants:AUTOCAST",
            "torch.nn.functional under autocast (extra: torch)",
        ),
        "torch-compile": (
            "normspec.implementations.torch.variants:COMPILE",
            "torch.nn.functional through torch.compile, which compiles for minutes (extra: torch)",
        ),
        "jax": ("normspec.implementations.jax.nn:JAX", "jax.nn.standardize, gradients by jax.vjp (extra: jax)"),
        "flax-linen": (
            "normspec.implementations.jax.flax:LINEN",
            "the layers of flax.linen, gradients by jax.vjp (extra: jax)",
        ),
        "flax-nnx": (
            "normspec.implementations.jax.flax:NNX",
            "the layers of flax.nnx, gradients by jax.vjp (extra: jax)",
        ),
        "keras": (
            "normspec.implementations.keras.family:KERAS",
            "the layers of Keras 3; keras@torch and keras@jax choose the back-end (extra: keras)",
        ),
        "onnxruntime": (
            "normspec.implementations.onnx.operators:ONNXRUNTIME",
            "ONNX's operators by ONNX Runtime, forward only; so is FILE.onnx (extra: onnx)",
        ),
        "onnx-reference": (
            "normspec.implementations.onnx.operators:REFERENCE",
            "ONNX's operators by the reference evaluator of onnx, forward only (extra: onnx)",
        ),
        "sklearn": (
            "normspec.implementations.sklearn.scalers:SKLEARN",
            "scikit-learn's scalers and normalize, forward only (extra: sklearn)",
        ),
    }
)


WAYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "torch": (
            "torch-func",
            "torch-vmap",
            "torch-jvp",
            "torch-forward-over-reverse",
            "torch-autocast",
            "torch-compile",
        )
    }
)
"""The other ways to call what a name stands for, which a thorough run asks too."""


def ways(target: str) -> tuple[str, ...]:
    """Return the other ways to call what a target stands for: torch.compile where there is a compiler for C++."""
    compiler = which(environ.get("CXX", "c++")) or which("g++") or which("clang++")
    return tuple(name for name in WAYS.get(target, ()) if compiler or name != "torch-compile")


def shipped() -> Mapping[str, EntryPoint]:
    """Return the entry points of installed packages by their names. Nothing is imported."""
    return {each.name: each for each in entry_points(group=GROUP) if each.name not in REGISTERED}
