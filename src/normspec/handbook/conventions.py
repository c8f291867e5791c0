"""The page of the conventions: each with its variants, a picture, and the operations that have it."""

from collections.abc import Mapping

from normspec.handbook.charts import drawn
from normspec.handbook.links import convention_target, to_operation
from normspec.handbook.markdown import code, raw
from normspec.handbook.pictures import PICTURES, chart
from normspec.handbook.prose import markdown
from normspec.handbook.uses import operations_choosing
from normspec.spec.conventions import CONVENTIONS, Convention


def pages() -> Mapping[str, str]:
    """Return the page of the conventions by its path."""
    lines = [
        "# The conventions",
        "",
        "Correct implementations differ in these choices. None is a defect; each must be declared, because a layer "
        "that is trained under one and used under another is wrong. `normspec list conventions` prints the same list.",
        "",
        *(_section(convention) for convention in CONVENTIONS.values()),
    ]
    return {"conventions": "\n".join(lines)}


def _section(convention: Convention) -> str:
    lines = [f"({convention_target(convention.name)})=", f"## {markdown(convention.name)}", ""]
    lines += [markdown(convention.statement), ""]
    for name, meaning in convention.variants.items():
        default = " (default)" if name == convention.default else ""
        lines += [f"{code(name)}{default}", f": {markdown(meaning)}", ""]
    if convention.name in PICTURES:
        lines += [raw(drawn(chart(convention.name))), ""]
    operations = ", ".join(map(to_operation, operations_choosing(convention.name))) or "none yet"
    return "\n".join([*lines, f"Operations that have it: {operations}.", ""])
