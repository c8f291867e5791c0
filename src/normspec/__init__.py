"""An executable specification of normalization layers, and the suite that holds implementations against it."""
