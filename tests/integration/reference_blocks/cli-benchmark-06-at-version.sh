kernels benchmark kernels-community/activation@v1
