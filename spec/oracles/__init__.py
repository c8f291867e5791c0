"""Generated code: the specification's formulas, printed from the derivations."""
