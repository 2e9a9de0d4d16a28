kernels benchmark kernels-community/activation --branch main
