kernels download /path/to/my-project
