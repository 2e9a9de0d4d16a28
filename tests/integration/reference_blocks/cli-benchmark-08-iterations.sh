kernels benchmark kernels-community/activation@v1 --warmup 20 --iterations 200
