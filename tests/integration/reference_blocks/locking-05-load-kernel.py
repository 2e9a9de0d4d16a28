from kernels import load_kernel

activation = load_kernel("kernels-community/activation")
