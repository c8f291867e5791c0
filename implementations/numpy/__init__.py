"""The implementations in NumPy, two-pass and otherwise."""
