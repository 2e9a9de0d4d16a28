kernels lock <project_dir>
