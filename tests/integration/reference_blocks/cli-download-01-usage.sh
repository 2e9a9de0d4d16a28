kernels download <project_dir> [--all-variants]
