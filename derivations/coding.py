"""Code for an expression in plain symbols: which factors go first, what is divided last, where a line breaks."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr, Function, Integer, Mul, Symbol

GROUP, BLOCK, SQRT, RSQRT, ABS, PRODUCT = (
    Function(f"S.{n}") for n in ("total", "block_total", "sqrt", "rsqrt", "abs", "product")
)

ELEMENTS = {
    "y",
    "f",
    "x",
    "dy",
    "u",
    "gamma",
    "beta",
    "g",
    "xhat",
    "centred",
    "alpha",
    "shift",
    "reach",
    "tangent",
    "corrected",
    "w",
    "x_direction",
    "w_direction",
    "style",
    "style_centred",
    "style_xhat",
    "magnitude",
    "sign",
    "signed",
    "scaled",
    "at_low",
    "at_high",
}
LIMIT = 120


def assignment(name: str, expr: Expr) -> str:
    """One line, or one line a term."""
    line = f"    {name} = {_code(expr)}"
    if len(line) <= LIMIT:
        return line
    if not expr.is_Add:
        raise ValueError(f"too long for a line, and no sum: name a part of it: {line}")
    first, *rest = sorted(expr.args, key=_term_key)
    signed = [f"- {_code(-t)}" if _negative(t) else f"+ {_code(t)}" for t in rest]
    return "\n".join([f"    {name} = (", *(f"        {t}" for t in (_code(first), *signed)), "    )"])


def in_any_order(expr: Mul) -> Expr:
    """Leave the order of three or more factors open; three or more of the group are one factor beside elements."""
    coefficient, rest = expr.as_coeff_Mul()
    powers = [f.as_base_exp() for f in Mul.make_args(rest)]
    factors = [base for base, exponent in powers for _ in range(int(exponent))]
    below = Mul(*(base**-exponent for base, exponent in powers if exponent < 0))
    elements, scalars = ([f for f in factors if _is_element(f) is kind] for kind in (True, False))
    if not scalars:
        return coefficient * _open(elements) / below
    if len(scalars) > 2:
        return coefficient * _open([*elements, _open(_divided(scalars, below))])
    return coefficient * (_open([*elements, *_divided(scalars, below)]) if elements else Mul(*scalars) / below)


def _divided(factors: Sequence[Expr], divisor: Expr) -> list[Expr]:
    """Divide the factor that occurs least: what is divided early underflows the most."""
    rarest = min(factors, key=factors.count)
    rest = list(factors)
    rest.remove(rarest)
    return [rarest / divisor, *rest]


def _open(factors: Sequence[Expr]) -> Expr:
    ordered = sorted(factors, key=_factor_key)
    return PRODUCT(*ordered) if len(ordered) > 2 else Mul(*ordered)


def _is_element(expr: Expr) -> bool:
    return expr.func not in (GROUP, BLOCK) and (
        str(expr) in ELEMENTS if isinstance(expr, Symbol) else any(map(_is_element, expr.args))
    )


def _code(expr: Expr) -> str:
    if expr.is_Add:
        terms = sorted(expr.args, key=_term_key)
        first, *rest = terms
        return _code(first) + "".join(f" - {_code(-t)}" if _negative(t) else f" + {_code(t)}" for t in rest)
    if expr.is_Mul:
        return _product(expr)
    if expr.is_Pow and expr.exp.is_Integer and expr.exp > 0:
        return " * ".join([_held(expr.base)] * int(expr.exp))
    if expr.is_Pow:
        return f"1 / {_held(1 / expr)}"
    if expr.args:
        return f"{expr.func}({', '.join(map(_code, expr.args))})"
    return str(expr)


def _product(expr: Mul) -> str:
    """Elements first, then the scalars of the group as one factor."""
    if _negative(expr):
        return f"-{_held(-expr)}"
    elements = [f for f in expr.args if _is_element(f)]
    scalars = _quotient([f for f in expr.args if not _is_element(f)])
    if not elements:
        return scalars
    front = " * ".join(_held(f) if not f.is_Pow else _code(f) for f in sorted(elements, key=_factor_key))
    if scalars == "1":
        return front
    if scalars.startswith("1 / "):
        return front + scalars[1:]
    plain = (
        scalars.isidentifier()
        or _is_held(scalars)
        or scalars.startswith("S.product(")
        or (" / " not in scalars and " + " not in scalars and " - " not in scalars)
    )
    return f"{front} * {scalars if plain else f'({scalars})'}"


def _quotient(factors: Sequence[Expr]) -> str:
    number, rest = Mul(*factors).as_coeff_Mul()
    powers = [f.as_base_exp() for f in Mul.make_args(rest)]
    numerator, denominator = (
        Mul(whole, Mul(*(base ** (sign * exponent) for base, exponent in powers if sign * exponent > 0)))
        for whole, sign in ((Integer(number.p), 1), (Integer(number.q), -1))
    )
    above = " * ".join(
        _code(f) if f.is_Pow else _held(f) for f in sorted(Mul.make_args(numerator), key=_factor_key) if f != 1
    )
    below = _held(denominator)
    return (above or "1") + ("" if denominator == 1 else f" / {below}")


def _held(expr: Expr) -> str:
    code = _code(expr)
    return f"({code})" if expr.is_Add or expr.is_Mul or (expr.is_Pow) else code


def _is_held(code: str) -> bool:
    """Whether code is one sum in parentheses."""
    return code[:1] == "(" and code.find(")") == len(code) - 1


def _negative(expr: Expr) -> bool:
    return bool(expr.as_coeff_Mul()[0] < 0)


def _totals(expr: Expr) -> int:
    return int(expr.func in (GROUP, BLOCK)) + sum(map(_totals, expr.args))


def _term_key(term: Expr) -> tuple[object, ...]:
    """Positive terms first; sums, and products with a difference, late."""
    nested = any(f.is_Add for f in term.args)
    plain = _is_element(term) if _negative(term) else not term.is_Mul and term.func != PRODUCT
    return _negative(term), _totals(term), nested, plain, str(term) == "epsilon", len(term.args), str(term)


_ORDER = ["gamma", "dy", "g", "centred", "xhat", "alpha", "x"]


def _factor_key(factor: Expr) -> tuple[object, ...]:
    name = str(factor)
    place = _ORDER.index(name) if name in _ORDER else len(_ORDER)
    if factor.is_Add:
        place = -1 if _is_element(factor) else len(_ORDER) + 1
    return place, _totals(factor) == 0, name
