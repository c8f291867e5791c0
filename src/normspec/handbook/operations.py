"""The pages of the operations: formula, signature, partitions, conventions and requirements."""

from collections.abc import Iterable, Mapping
from typing import Any

from markupsafe import Markup

from normspec.derivations.catalogue import claim
from normspec.derivations.rendering import sentence
from normspec.handbook.chains import formula, where
from normspec.handbook.cubes import example_shape, picture
from normspec.handbook.links import operation_target, to_claim, to_convention, to_law, to_requirement
from normspec.handbook.markdown import block, code, figure, raw, table, toctree
from normspec.handbook.prose import markdown
from normspec.handbook.uses import laws_of
from normspec.spec.conventions import CONVENTIONS
from normspec.spec.operations import OPERATIONS, Operation
from normspec.spec.requirements import REQUIREMENTS

FORMULAS = ("output", "training-output", "inference-output", "dx", "dgamma", "dbeta")
"""The requirements whose claims are the formulas of a layer, in reading order."""

_ROLES = {
    "elements": "one value an element of x",
    "groups": "one value a group",
    "blocks": "one value a block",
    "style": "the style image, another one for each sample and channel",
}


_SHORTENED = {"rms": "RMS", "adain": "AdaIN"}


def pages() -> Mapping[str, str]:
    """Return every page of the operations by its path."""
    return {"operations/index": _index(), **{_path(each): _page(each) for each in OPERATIONS.values()}}


def title(operation: Operation) -> str:
    """Return the name of an operation in words."""
    words = " ".join(_SHORTENED.get(word, word) for word in operation.name.split("_"))
    return words[:1].upper() + words[1:]


def _path(operation: Operation) -> str:
    return f"operations/{operation.name.replace('_', '-')}"


def _index() -> str:
    lines = [
        "# The operations",
        "",
        "An operation is first of all a partition of an array: the *groups* share one mean and variance, the *blocks* "
        "share one gamma and beta. Below, samples stand behind each other, channels beside each other, and the axes "
        "of space upwards; one group is coloured.",
        "",
        toctree([f"{title(each)} <{_path(each).split('/')[1]}>" for each in OPERATIONS.values()], hidden=True),
        raw(_gallery(OPERATIONS.values())),
        "",
    ]
    for each in OPERATIONS.values():
        lines += [f"[{title(each)}](#{operation_target(each.name)})", f": {markdown(sentence(each.statement))}", ""]
    return "\n".join(lines)


def _gallery(operations: Iterable[Operation]) -> Markup:
    figures = (
        Markup('<a href="{}.html">{}</a>').format(
            _path(each).split("/")[1], figure(picture(each, "groups", _typical(each)), _named(each, _typical(each)))
        )
        for each in operations
    )
    return Markup('<div class="cubes">{}</div>').format(Markup("").join(figures))


def _choices(operation: Operation) -> tuple[Mapping[str, Any], ...]:
    return operation.choices(example_shape(operation))


def _typical(operation: Operation) -> Mapping[str, Any]:
    choices = _choices(operation)
    return choices[len(choices) // 2]


def _named(operation: Operation, attributes: Mapping[str, Any]) -> Markup:
    said = ", ".join(f"{name} = {value}" for name, value in attributes.items())
    return Markup("<b>{}</b>{}").format(title(operation), Markup("<br>") + said if said else "")


def _page(operation: Operation) -> str:
    return "\n".join(
        [
            f"({operation_target(operation.name)})=",
            f"# {title(operation)}",
            "",
            markdown(sentence(operation.statement)),
            "",
            "## Formulas",
            "",
            *_formulas(operation),
            "## Partitions",
            "",
            *_partitions(operation),
            "## Signature",
            "",
            *_signature(operation),
            "## Conventions",
            "",
            *_conventions(operation),
            "## Requirements",
            "",
            _requirements(operation),
        ]
    )


def _formulas(operation: Operation) -> Iterable[str]:
    proofs = {name: operation.claim_of(REQUIREMENTS[name]) for name in FORMULAS if name in operation.requirements}
    claims = {name: claim(proof) for name, proof in proofs.items()}
    for name, proved in claims.items():
        yield f"{raw(formula(proved))}\n"
        yield f":::{{container}} source\n{to_requirement(name)}, derived at {to_claim(proved.name)}\n:::\n"
    yield f"{raw(where(*claims.values()))}\n"


def _partitions(operation: Operation) -> Iterable[str]:
    shape = example_shape(operation)
    yield (
        f"For an x of shape {'×'.join(map(str, shape))}, "
        "one group (left) and one block (right) of each choice of attributes:\n"
    )
    rows = Markup("").join(_pair(operation, attributes) for attributes in _choices(operation))
    yield raw(Markup('<div class="cubes pairs">{}</div>').format(rows))
    yield ""


def _pair(operation: Operation, attributes: Mapping[str, Any]) -> Markup:
    shape = example_shape(operation)
    groups, blocks = operation.groups(shape, attributes), operation.blocks(shape, attributes)
    said = ", ".join(f"{name} = {value}" for name, value in attributes.items())
    counts = (
        f"{_counted(groups.parts, 'group')} of {groups.members}, {_counted(blocks.parts, 'block')} of {blocks.members}"
    )
    both = picture(operation, "groups", attributes) + (
        picture(operation, "blocks", attributes) if operation.parameters else Markup("")
    )
    return figure(both, Markup("<b>{}</b> {}").format(said, counts))


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _signature(operation: Operation) -> Iterable[str]:
    arrays = ["x", *operation.parameters, *operation.state]
    given = ", ".join([*arrays, "*", *operation.open_attributes] if operation.open_attributes else arrays)
    back = ", ".join(["y", *operation.state])
    call, gap = f"{operation.name}({given})", "\n    " if len(given + back) > 50 else " "
    yield f"{block(f'{call}{gap}-> {back}')}\n"
    shape, attributes = example_shape(operation), _choices(operation)[0]
    names = [*arrays, "y", *operation.gradients]
    rows = [
        (
            code(name),
            _ROLES[operation.role(name)],
            markdown(" × ".join(map(str, operation.shape_of(name, shape, attributes))) or "one number"),
        )
        for name in names
    ]
    said = " × ".join(map(str, shape))
    yield table(("array", "has", f"shape for an x of {said}"), rows)
    yield f"Ranks of x: {', '.join(map(str, operation.ranks))}.\n"
    if operation.constants:
        fixed = ", ".join(f"{name} = {value:g}" for name, value in operation.constants.items())
        yield f"Not left open: {markdown(fixed)}.\n"


def _conventions(operation: Operation) -> Iterable[str]:
    settled = operation.settled({})
    rows = [
        (to_convention(name), code(settled[name]), markdown(CONVENTIONS[name].variants[settled[name]]))
        for name in operation.conventions
    ]
    yield table(("convention", "when nothing is said", "which means"), rows) if rows else "None.\n"


def _requirements(operation: Operation) -> str:
    rows = []
    for name in operation.requirements:
        proof, laws = operation.claim_of(REQUIREMENTS[name]), ", ".join(to_law(law.name) for law in laws_of(name))
        rows.append(
            (to_requirement(name), markdown(REQUIREMENTS[name].statement), to_claim(proof) if proof else "", laws)
        )
    return table(("requirement", "statement", "proved at", "law"), rows)
