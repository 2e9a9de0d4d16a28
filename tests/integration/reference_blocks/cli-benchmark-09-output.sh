kernels benchmark kernels-community/activation@v1 --output results.json
