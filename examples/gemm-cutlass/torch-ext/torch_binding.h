#pragma once

#include <cstdint>

#include <ATen/core/Tensor.h>

// How many elements are read and written at once: rows of the matrices b and out, and of a, are a multiple of it.
constexpr int elements_per_access = 8;

// At a multiple of how many bytes the kernel can read a matrix.
#if defined(XPU_KERNEL)
constexpr std::uintptr_t alignment = 64;
#else
constexpr std::uintptr_t alignment = 16;
#endif

// Sets out to a @ b, to each row of which the bias is added where there is one.
//
// The binding calls it only with matrices that fit, of one supported dtype, on one device, and without gaps, that begin
// at a multiple of that many bytes. None is empty, and `out` overlaps none of the others.
void gemm_dense(at::Tensor &out, at::Tensor const &a, at::Tensor const &b, at::Tensor const *bias);
