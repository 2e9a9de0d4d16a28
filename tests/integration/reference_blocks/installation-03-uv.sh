uv pip install kernels
