kernels versions <repo_id>
