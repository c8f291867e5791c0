"""ONNX operators and models."""
