"""The mutants of the correct layers, as benchmarks/mutants.py last tried them: each survivor has its reason."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECORD = json.loads((ROOT / "docs" / "data" / "mutants.json").read_text(encoding="utf-8"))
REASONS = json.loads((ROOT / "tests" / "mutation" / "equivalent.json").read_text(encoding="utf-8"))
OPEN = frozenset(
    {
        "+        spread = np.where(share > -1, xhat / np.sqrt(np.where(share > 0, share, 1)), 0)",
        "+        spread = np.where(share > 0, xhat / np.sqrt(np.where(share > -1, share, 1)), 0)",
        "+        spread = np.where(share > 0, xhat / np.sqrt(np.where(share > 0, share, 0)), 0)",
        "+        spread = np.where(share > 0, xhat / np.sqrt(np.where(share > 0, share, 1)), -1)",
        "+        spread = np.where(share > 0, xhat / np.sqrt(np.where(share > 0, share, 1)), 1)",
        "+        spread = np.where(share > 0, xhat / np.sqrt(np.where(share > 0, share, 2)), 0)",
        "+    scaled: Array = np.ldexp(epsilon, - 1 * exponent)",
        "+    scaled: Array = np.ldexp(epsilon, - 3 * exponent)",
        "+    scaled: Array = np.ldexp(epsilon, 2 * exponent)",
        "+    scaled: Array = np.ldexp(epsilon, exponent)",
    }
)
"""Survivors that are wrong layers, and that no case shows yet: the changed lines."""


def test_no_mutant_survives_without_a_reason() -> None:
    survivors = [row for row in RECORD["tried"] if not row["rejected by"]]
    assert {row["change"].splitlines()[-1] for row in survivors if not row["equivalent"]} <= OPEN
    assert all(row["equivalent"] == REASONS.get(row["change"], "") for row in survivors)


def test_each_mutant_is_on_record_once() -> None:
    tried = [(row["module"], row["mutant"]) for row in RECORD["tried"]]
    assert len(set(tried)) == len(tried) <= RECORD["of"]
