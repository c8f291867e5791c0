"""JAX functions, and Flax."""
