kernels download .
