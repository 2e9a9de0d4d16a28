pip install "kernels[benchmark] @ git+https://github.com/huggingface/kernels#subdirectory=kernels"
