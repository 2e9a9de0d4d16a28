kernels benchmark ./my_kernel
