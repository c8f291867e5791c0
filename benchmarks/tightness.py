"""How near correct implementations come to their tolerances.

    python benchmarks/tightness.py [--rounds 20] [--json FILE]

Every operation is computed by the formulas that it has, each step rounded to one format, with sums and variances of
several algorithms, on the cases that implementations are asked. Printed is the largest and the median error of an
output as a part of its tolerance, under a contract that promises what the algorithm does and no more. Above 1 a correct
implementation would be rejected: the exit code is then 1.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "spec"))

from rounded import ALGORITHMS, FORMATS_SIMULATED, ratios

from normspec.files import write_whole
from normspec.spec.operations import OPERATIONS


def rows(rounds: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each operation, algorithm and format: outputs compared, the largest and the median err/T."""
    for operation in OPERATIONS:
        for algorithm in ALGORITHMS:
            for dtype in FORMATS_SIMULATED:
                found = [each for seed in range(rounds) for each in ratios(operation, algorithm, dtype, seed)]
                if found:
                    place, largest = max(found, key=lambda each: each[1])
                    row = {"operation": operation, "algorithm": algorithm, "format": dtype, "outputs": len(found)}
                    yield row | {"largest": largest, "median": median(ratio for _, ratio in found), "at": place}


def main() -> None:
    """Print the table; exit with 1 where something correct was rejected."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    asked = parser.parse_args()
    table = []
    print(f"{'operation':24}{'algorithm':13}{'format':10}{'outputs':>9}{'largest':>10}{'median':>10}")
    for row in rows(asked.rounds):
        table.append(row)
        names = f"{row['operation']:24}{row['algorithm']:13}{row['format']:10}"
        print(f"{names}{row['outputs']:9}{row['largest']:10.3g}{row['median']:10.2g}", flush=True)
        if row["largest"] > 1:
            print(f"  REJECTED: {row['at']}")
    if asked.json:
        write_whole(asked.json, json.dumps(table, indent=1) + "\n")
    worst = max(row["largest"] for row in table)
    print(f"{sum(row['outputs'] for row in table)} outputs, the largest error is {worst:.3g} of its tolerance")
    raise SystemExit(worst > 1)


if __name__ == "__main__":
    main()
