"""What is required of an implementation: formats, cases, oracles, tolerances, conventions, requirements."""
