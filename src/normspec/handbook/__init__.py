"""The handbook: pages written from the derivations and the specification, beside the prose of docs/."""
