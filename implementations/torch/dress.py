"""How programs write a call of torch that is not made plainly. Text only: this file does not import torch."""

from collections.abc import Mapping

from normspec.implementations.contract import Fact
from normspec.implementations.torch.calls import Call
from normspec.implementations.torch.snippet import functional_snippet, written
from normspec.spec.case import Case


def under_vmap(call: Call, names: Mapping[str, str], x: str, dtype: str) -> str:
    """Return the call under vmap, on x and x in reverse order, of which the first counts."""
    two = f"torch.stack([{x}, {x}.flip(tuple(range({x}.dim())))])"
    return f"torch.func.vmap(lambda x: {written(call, {**names, 'x': 'x'})})({two})[0]"


def under_autocast(call: Call, names: Mapping[str, str], x: str, dtype: str) -> str:
    """Return the call under autocast, with parameters in float32."""
    wide = {name: place if name == "w" else f"{place}.float()" for name, place in names.items()}
    region = f"torch.autocast({x}.device.type, dtype=torch.{dtype})"
    return f"{region}(lambda x: {written(call, {**wide, 'x': 'x'})})({x})"


def in_float32(call: Call, names: Mapping[str, str], x: str, dtype: str) -> str:
    """Return the call in float32 for half precision, rounded to its format; running statistics as they are."""
    if dtype not in ("float16", "bfloat16"):
        return written(call, {**names, "x": x})
    wide = {
        name: place if name.startswith("running_") else f"{place}.float()" for name, place in {**names, "x": x}.items()
    }
    return f"{written(call, wide)}.to(torch.{dtype})"


def under_func(case: Case, facts: tuple[Fact, ...] = (), device: str = "cpu") -> str:
    """Return a program whose backward can be differentiated again, as that of torch.func always can."""
    return functional_snippet(case, facts, device).replace("retain_graph=True", "create_graph=True")
