kernels versions kernels-community/activation
