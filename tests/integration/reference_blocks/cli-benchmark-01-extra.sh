uv pip install 'kernels[benchmark]' # or pip install 'kernels[benchmark]'
