kernels lock .
kernels download .
