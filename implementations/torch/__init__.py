"""PyTorch: functions, modules, whole models, and every way to ask them."""
