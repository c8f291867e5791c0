"""The field's names: how each is written in a terminal, in LaTeX, and in generated code."""

from __future__ import annotations

GREEK = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "delta": "δ",
    "epsilon": "ε",
    "eta": "η",
    "theta": "θ",
    "kappa": "κ",
    "lambda": "λ",
    "mu": "μ",
    "pi": "π",
    "rho": "ρ",
    "sigma": "σ",
    "tau": "τ",
    "phi": "φ",
    "omega": "ω",
    "Delta": "Δ",
    "Theta": "Θ",
}

ACCENTS = {"hat": ("\u0302", r"\hat"), "bar": ("\u0304", r"\bar"), "tilde": ("\u0303", r"\tilde")}

SUBSCRIPTS = dict(zip("0123456789aehijklmnoprstuvx+-=()", "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ₊₋₌₍₎", strict=True))
SUPERSCRIPTS = dict(
    zip("0123456789abcdeghijklmnoprstuvwxyz+-()GKN", "⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈᵉᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ⁺⁻⁽⁾ᴳᴷᴺ", strict=True)
)


def _parts(name: str) -> tuple[str, list[str], str, str]:
    """Split a name such as muhat_s' into stem, accents, subscript and primes."""
    primes = name[len(name.rstrip("'")) :]
    stem, _, subscript = name.rstrip("'").partition("_")
    accents = []
    while found := next((a for a in ACCENTS if stem.endswith(a) and stem not in GREEK and stem != a), None):
        accents.append(found)
        stem = stem.removesuffix(found)
    return stem, accents, subscript, primes


def in_text(name: str) -> str:
    """Write a name in Unicode."""
    import unicodedata

    stem, accents, subscript, primes = _parts(name)
    marks = "".join(ACCENTS[a][0] for a in accents)
    written = unicodedata.normalize("NFC", GREEK.get(stem, stem) + marks)
    below = GREEK.get(subscript, subscript)
    return written + (subscripted(below) if below else "") + "\u2032" * len(primes)


def subscripted(text: str) -> str:
    """Lower a text, or set it off by an underscore where Unicode has no such subscripts."""
    if all(c in SUBSCRIPTS for c in text):
        return "".join(SUBSCRIPTS[c] for c in text)
    return f"_{text}" if text.isalnum() or text.endswith(")") else f"_{{{text}}}"


def superscripted(text: str) -> str:
    """Raise a text, or set it off by a caret."""
    if all(c in SUPERSCRIPTS for c in text):
        return "".join(SUPERSCRIPTS[c] for c in text)
    return f"^{text}" if text.isalnum() else f"^({text})"


def in_latex(name: str) -> str:
    """Write a name in LaTeX."""
    stem, accents, subscript, primes = _parts(name)
    written = _latex_stem(stem)
    for accent in accents:
        written = f"{ACCENTS[accent][1]}{{{written}}}"
    if subscript:
        written += f"_{{{_latex_stem(subscript)}}}"
    return written + "'" * len(primes)


def _latex_stem(stem: str) -> str:
    if stem in GREEK:
        return r"\varepsilon" if stem == "epsilon" else f"\\{stem}"
    return stem if len(stem) == 1 else _word(stem)


def _word(text: str) -> str:
    return text if text.isdigit() else f"\\mathrm{{{text}}}"
