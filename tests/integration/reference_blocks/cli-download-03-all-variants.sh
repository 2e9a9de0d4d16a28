kernels download . --all-variants
