"""Runs: what is asked, how it is spread, and how it is asked again."""
