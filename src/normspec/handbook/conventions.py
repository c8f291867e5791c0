"""The page of the conventions: each with its variants, a picture, and the operations that have it."""

from collections.abc import Iterator, Mapping

from normspec.handbook.charts import drawn
from normspec.handbook.links import convention_target, to_operation
from normspec.handbook.markdown import code, raw, table
from normspec.handbook.pictures import PICTURES, chart
from normspec.handbook.prose import markdown
from normspec.handbook.uses import operations_choosing
from normspec.properties.identification.axes import CHANNEL_AXIS, GROUP_ORDER
from normspec.properties.identification.extent import NORMALIZED_AXES
from normspec.properties.identification.habits import HABITS
from normspec.spec.conventions import CONVENTIONS, Convention

AXES = (CHANNEL_AXIS, NORMALIZED_AXES, GROUP_ORDER)
"""The axes beside the specification's conventions that numbers show."""

UNSEEN = (
    "The default of epsilon, of momentum and of the affine part: a case says them all, so that what is taken where "
    "nothing is said never shows. Where a layer takes no epsilon, the value that it uses is bracketed.",
    "How a variance is computed that errs no more than a sum of centred squares: one pass in a wider format gives the "
    "same. Whether a one-pass variance has a lower bound shows only where rounding makes it negative.",
    "The format of statistics where all results fit the stricter variant: what keeps the one keeps the other.",
    "Bits that are the same alone and in a batch in all cases that were asked: that proves it for no other.",
    "Whether 1 + γ is rounded to the format of γ: it is not asked.",
)
"""What no result can deny, and why."""


def pages() -> Mapping[str, str]:
    """Return the page of the conventions by its path."""
    lines = [
        "# The conventions",
        "",
        "Correct implementations differ in these choices. None is a defect; each must be declared, because a layer "
        "that is trained under one and used under another is wrong. `normspec list conventions` prints the same list.",
        "",
        *(_section(convention) for convention in CONVENTIONS.values()),
        "## What is found out, and not declared",
        "",
        "`normspec identify` asks about these as well. They are not declared: an adapter puts the question as its "
        "layer takes it, or a law demands one variant, and a layer that has another one is on record.",
        "",
        table(("axis", "question", "variants"), _undeclared()),
        "## What behaviour does not show",
        "",
        *(f"- {markdown(each)}\n" for each in UNSEEN),
    ]
    return {"conventions": "\n".join(lines)}


def _undeclared() -> Iterator[tuple[str, str, str]]:
    """Yield a row for each axis that identify knows and the specification has no convention for."""
    axes = [(each.name, each.statement, each.variants) for each in AXES]
    habits = [
        (each.name, each.statement, {name: words for name, (words, _) in each.variants.items()}) for each in HABITS
    ]
    for name, statement, variants in (*axes, *habits):
        if name not in CONVENTIONS:
            told = "; ".join(f"{code(variant)}: {markdown(words)}" for variant, words in variants.items())
            yield code(name), markdown(statement), told


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
