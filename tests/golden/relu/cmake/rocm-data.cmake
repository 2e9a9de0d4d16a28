# What components are compiled for with ROCm, from old to new, and the LLVM that has a device, where not every one has it.
# Written by kernel-builder, whose data it is.

include_guard()

set(KERNEL_ROCM_SUPPORTED gfx906 gfx908 gfx90a gfx942 gfx950 gfx1030 gfx1100 gfx1101 gfx1200 gfx1201)
set(KERNEL_ROCM_LLVM_gfx950 20)
