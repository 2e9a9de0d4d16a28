kernels lock .
