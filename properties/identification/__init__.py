"""Which conventions an implementation follows, told from its behaviour alone."""
