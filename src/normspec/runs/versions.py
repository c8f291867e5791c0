"""The versions of what a run ran with."""

import platform
import sys
from importlib import metadata

IF_LOADED = ("torch", "jax", "flax", "keras", "onnx", "onnxruntime", "sklearn", "ml_dtypes", "hypothesis")


def version() -> str:
    """Return the version of normspec, or "not installed" where it runs from its sources alone."""
    try:
        return metadata.version("normspec")
    except metadata.PackageNotFoundError:
        return "not installed"


def versions() -> dict[str, str]:
    """Return the versions of normspec, Python and NumPy, and of the libraries that the run has loaded."""
    always = {"normspec": version(), "python": platform.python_version(), "numpy": metadata.version("numpy")}
    loaded = {name: _loaded(name) for name in IF_LOADED if name in sys.modules}
    return {**always, **loaded, "platform": platform.platform()}


def _loaded(name: str) -> str:
    return str(getattr(sys.modules[name], "__version__", "unknown"))
