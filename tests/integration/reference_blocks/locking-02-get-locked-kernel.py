from kernels import get_locked_kernel

activation = get_locked_kernel("kernels-community/activation")
