kernels lock /path/to/my-project
