"""Build, check and publish compute kernels for PyTorch."""
