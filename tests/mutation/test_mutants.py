"""The mutants of the correct layers, as benchmarks/mutants.py last tried them: each survivor has its reason."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
RECORD = json.loads((ROOT / "docs" / "data" / "mutants.json").read_text(encoding="utf-8"))
REASONS = json.loads((ROOT / "tests" / "mutation" / "equivalent.json").read_text(encoding="utf-8"))


def test_no_mutant_survives_without_a_reason() -> None:
    survivors = [row for row in RECORD["tried"] if not row["rejected by"]]
    assert [row["change"] for row in survivors if not row["equivalent"]] == []
    assert all(row["equivalent"] == REASONS.get(row["change"], "") for row in survivors)


def test_each_mutant_is_on_record_once() -> None:
    tried = [(row["module"], row["mutant"]) for row in RECORD["tried"]]
    assert len(set(tried)) == len(tried) <= RECORD["of"]


@pytest.mark.parametrize(("dtype", "exponents"), [(np.float32, range(1, 78)), (np.float64, range(1, 550))])
def test_epsilon_is_lost_beside_a_variance_out_of_range(dtype: type[np.floating[Any]], exponents: range) -> None:
    """The reason of two survivors: epsilon times 2^-k or 2^-3k is as good as times 2^-2k, beside such a variance."""
    beyond = int(np.finfo(dtype).maxexp)
    for k in exponents:
        least = np.ldexp(dtype(1), beyond - 2 * k)
        assert all(least + np.ldexp(dtype(2**20), -power * k) == least for power in (1, 2, 3))
