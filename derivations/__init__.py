"""The mathematics: every claim of the specification, derived and machine-checked for every group size."""
