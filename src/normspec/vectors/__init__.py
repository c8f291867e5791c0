"""Vectors: cases with what must come, exported and judged."""
