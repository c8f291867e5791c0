"""The scalers of scikit-learn."""
