"""Measure the derivations: `python benchmarks/derivations.py` prints CPU seconds, claims and steps, chapter by chapter.

The budget is 15 s of CPU for all, and 5 s for one chapter alone. Nothing here is asserted in tests.
"""

import time

BUDGET_ALL, BUDGET_CHAPTER = 15.0, 5.0


def main() -> None:
    """Verify every claim, and print what it took."""
    start = time.process_time()
    from normspec.derivations.catalogue import CHAPTERS, load

    print(f"{'SymPy and catalogue':<22}{time.process_time() - start:>8.2f} s")
    claims = steps = 0
    for name in CHAPTERS:
        before = time.process_time()
        chapter = load(name)
        for claim in chapter.claims:
            steps += len(claim.verify())
        claims += len(chapter.claims)
        took = time.process_time() - before
        print(f"{name:<22}{took:>8.2f} s{len(chapter.claims):>6} claims{'  over budget' * (took > BUDGET_CHAPTER)}")
    took = time.process_time() - start
    print(f"{'all':<22}{took:>8.2f} s{claims:>6} claims, {steps} steps{'  over budget' * (took > BUDGET_ALL)}")


if __name__ == "__main__":
    main()
