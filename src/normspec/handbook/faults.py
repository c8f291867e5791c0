"""The page of the faulty implementations: what each has wrong, and which law catches it on which smallest case."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup

from normspec.derivations.rendering import sentence
from normspec.handbook.catches import Catch
from normspec.handbook.findings import Findings
from normspec.handbook.links import fault_target, law_target, to_law, to_operation
from normspec.handbook.markdown import block, folded, raw
from normspec.handbook.prose import markdown
from normspec.implementations.faulty import FAULTS, Fault
from normspec.properties.laws import LAWS


def pages(found: Findings) -> Mapping[str, str]:
    """Return the page of the faults by its path."""
    recorded = len({catch.fault for catch in found.catches})
    lines = [
        "# The faults",
        "",
        f"A law counts only once it has been seen to fail. {len(FAULTS)} implementations are each wrong in one thing, "
        "and named for it; each stands for a class of defects that were found in published layers. "
        "`normspec check faulty:NAME` shows how one fails.",
        "",
        f"On record are {len(found.catches)} catches of {recorded} of these faults, each with the size m of the "
        "smallest group on which it was seen."
        if found.catches
        else "This build was given no record of which law catches which fault; the tests of normspec hold that each "
        "one is caught.",
        "",
        *_overview(found),
        *(_section(fault, found) for fault in FAULTS.values()),
    ]
    return {"faults": "\n".join(lines)}


def _overview(found: Findings) -> Iterable[str]:
    """Yield the table of faults by laws: in how many operations a law catches a fault."""
    if not found.catches:
        return
    counts = Counter((catch.fault, catch.law) for catch in found.catches)
    laws = [law for law in LAWS if any(catch.law == law for catch in found.catches)]
    head = Markup("").join(_HEAD.format(law_target(law), law) for law in laws)
    rows = Markup("\n").join(
        Markup('<tr><th scope="row"><a href="#{}">{}</a></th>{}</tr>').format(
            fault_target(name), name, Markup("").join(_cell(name, law, counts) for law in laws)
        )
        for name in FAULTS
    )
    yield "## Which law catches what\n"
    yield "A number says in how many operations the law of its column catches the fault of its row.\n"
    yield raw(
        Markup(
            '<div class="matrix" tabindex="0"><table><thead><tr><td></td>{}</tr></thead><tbody>{}</tbody></table></div>'
        ).format(head, rows)
    )
    yield ""


_HEAD = Markup('<th scope="col"><a href="requirements.html#{}">{}</a></th>')


def _cell(fault: str, law: str, counts: Counter[tuple[str, str]]) -> Markup:
    number = counts[fault, law]
    return (
        Markup('<td title="{}: {}" class="hit">{}</td>').format(fault, law, number) if number else Markup("<td></td>")
    )


def _section(fault: Fault, found: Findings) -> str:
    lines = [f"({fault_target(fault.name)})=", f"## {markdown(fault.name)}", ""]
    lines += [markdown(sentence(fault.statement)), "", "It shows", f": {markdown(sentence(fault.exposed_by))}", ""]
    lines += ["It concerns", f": {', '.join(map(to_operation, operations(fault)))}", ""]
    return "\n".join([*lines, *_caught(fault, found)])


def operations(fault: Fault) -> list[str]:
    """Return the operations that a fault is made for."""
    return list(dict.fromkeys(each.operation for each in fault.implementations))


def _caught(fault: Fault, found: Findings) -> Iterable[str]:
    """Yield where a fault is caught on the smallest group, and, folded, where else."""
    caught = sorted(_by_operation(fault, found).values(), key=lambda catches: min(each.members for each in catches))
    told = ["\n".join(_caught_in(catches)) for catches in caught]
    yield from told[:1]
    if told[1:]:
        others = f"{len(told) - 1} other operation" + ("s" if len(told) > 2 else "")
        yield folded(f"Caught in {others} too", "\n".join(told[1:])) + "\n"


def _caught_in(catches: Sequence[Catch]) -> Iterable[str]:
    """Yield the laws that catch a fault in one operation, and the smallest case."""
    laws = ", ".join(f"{to_law(catch.law)} (m = {catch.members})" for catch in catches)
    yield f"Caught in {to_operation(catches[0].operation)}, {catches[0].dtype}\n: by {laws}\n"
    for catch in catches:
        if catch.case:
            yield f"The smallest case, which breaks {to_law(catch.law)}:\n\n{block(catch.case)}\n"


def _by_operation(fault: Fault, found: Findings) -> Mapping[str, list[Catch]]:
    grouped: dict[str, list[Catch]] = {}
    for catch in found.catches:
        if catch.fault == fault.name:
            grouped.setdefault(catch.operation, []).append(catch)
    return grouped
