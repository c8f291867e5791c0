"""Mutants of a generated function: one place changed at a time, in every way that leaves a function of its kind."""

import ast
import copy
import inspect

SWAPPED = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult}
SUMS = {"total": "block_total", "block_total": "total"}
ROOTS = {"sqrt": "rsqrt", "rsqrt": "sqrt"}

UNTOUCHED = ("S", "Any", "dict", "str", "int")


def mutants(function, *, swap_sums):
    """Yield copies of a function that differ in one place, each with the line that was changed.

    swap_sums: whether a sum over a group may become one over a block, and the other way round.
    """
    methods = ROOTS | (SUMS if swap_sums else {})
    source = ast.parse(inspect.getsource(function))
    for place, node in enumerate(ast.walk(source)):
        for changed in _instead_of(node, function, methods):
            tree = copy.deepcopy(source)
            _replace(tree, place, changed)
            names = dict(inspect.getmodule(function).__dict__)
            exec(compile(ast.fix_missing_locations(tree), "<mutant>", "exec"), names)
            yield names[function.__name__], _difference(source, tree)


def _instead_of(node, function, methods):
    """Yield what may stand instead of a node."""
    if isinstance(node, ast.BinOp):
        yield ast.BinOp(node.left, SWAPPED[type(node.op)](), node.right)
        yield from (node.left, node.right)
        if isinstance(node.op, ast.Sub | ast.Div):
            yield ast.BinOp(node.right, node.op, node.left)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield ast.Constant(node.value + 1)
        yield ast.Constant(node.value - 1)
    elif isinstance(node, ast.Call) and node.func.attr in ROOTS | SUMS:
        yield from node.args
        if other := methods.get(node.func.attr):
            yield ast.Call(ast.Attribute(node.func.value, other, ast.Load()), node.args, [])
    elif isinstance(node, ast.Call) and node.func.attr == "product":
        yield from (_without(node, k) for k in range(len(node.args)))
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in UNTOUCHED:
        yield from (ast.Name(other, ast.Load()) for other in _others(node, function))


def _without(call, k):
    return ast.Call(call.func, [*call.args[:k], *call.args[k + 1 :]], [])


def _others(name, function):
    """The names that are bound above the line of a name, except its own."""
    tree = ast.parse(inspect.getsource(function)).body[0]
    bound = [a.arg for a in tree.args.args if a.arg != "S"]
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and statement.lineno < name.lineno:
            bound.append(statement.targets[0].id)
    return dict.fromkeys(other for other in bound if other != name.id)


def _replace(tree, place, changed):
    """Put a node where the place-th of a walk stands."""
    old = list(ast.walk(tree))[place]
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, changed)
            elif isinstance(value, list):
                setattr(parent, field, [changed if each is old else each for each in value])


def _difference(before, after):
    lines = zip(ast.unparse(before).splitlines(), ast.unparse(after).splitlines(), strict=True)
    return next((new.strip() for old, new in lines if old != new), "")
