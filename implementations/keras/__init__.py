"""Keras on each of its back-ends."""
