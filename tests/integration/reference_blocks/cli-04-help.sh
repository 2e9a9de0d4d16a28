kernels --help
