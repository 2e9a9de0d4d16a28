# What CUDA's compilers compile for. Written by kernel-builder, whose data it is.

include_guard()

# Every capability that there is.
set(KERNEL_CUDA_KNOWN 3.0 3.2 3.5 3.7 5.0 5.2 5.3 6.0 6.1 6.2 7.0 7.2 7.5 8.0 8.6 8.7 8.8 8.9 9.0 10.0 10.1 10.3 11.0 12.0 12.1)

# The oldest CUDA that compiles for families of devices (10.0f).
set(KERNEL_CUDA_FAMILIES 12.9)

# For each list of defaults, the oldest CUDA that it is for, the newest first; and the oldest capability that its
# compiler takes.
set(KERNEL_CUDA_LISTS 13.0 12.8 0.0)

set(KERNEL_CUDA_DEFAULTS_13.0 7.5 8.0 8.6 8.7 8.9 9.0 10.0 11.0 12.0 12.1+PTX)
set(KERNEL_CUDA_OLDEST_13.0 7.5)
set(KERNEL_CUDA_DEFAULTS_12.8 7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0 10.0 10.1 12.0+PTX)
set(KERNEL_CUDA_OLDEST_12.8 5.0)
set(KERNEL_CUDA_DEFAULTS_0.0 7.0 7.2 7.5 8.0 8.6 8.7 8.9 9.0+PTX)
set(KERNEL_CUDA_OLDEST_0.0 5.0)
