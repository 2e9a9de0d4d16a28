kernels benchmark kernels-community/activation --version 1
