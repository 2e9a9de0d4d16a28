#include <ATen/ops/empty.h>
#if defined(ROCM_KERNEL)
#include <c10/hip/HIPGuard.h>
#else
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#endif
#include <torch/library.h>

#include "registration.h"
#include "row_sum.h"

namespace {

#if defined(ROCM_KERNEL)

using Guard = c10::hip::HIPGuard;

bool has_clusters(at::Device) { return false; }

#else

using Guard = c10::cuda::CUDAGuard;

bool has_clusters(at::Device device) {
  int major = 0, minor = 0;
  C10_CUDA_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device.index()));
  C10_CUDA_CHECK(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device.index()));
  // Just what the component is compiled for: its code cannot be loaded on any other device.
  return row_sum_cluster != nullptr && major == 9 && minor == 0;
}

#endif

at::Tensor row_sum(at::Tensor const &input) {
  TORCH_CHECK(input.scalar_type() == at::kFloat && input.dim() == 2,
              "row_sum: the input must be a matrix of float32, and is a tensor of ", input.scalar_type(),
              " with shape ", input.sizes());
  Guard const guard(input.device());
  at::Tensor out = at::empty({input.size(0)}, input.options());
  if (input.size(1) == 0) {
    return out.zero_();
  }
  if (out.numel() != 0) {
    (has_clusters(input.device()) ? *row_sum_cluster : row_sum_any)(out, input.contiguous());
  }
  return out;
}

bool uses_clusters(at::Tensor const &input) { return has_clusters(input.device()); }

} // namespace

TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) {
  ops.def("row_sum(Tensor input) -> Tensor");
  ops.impl("row_sum", at::kCUDA, &row_sum);
  ops.def("uses_clusters(Tensor input) -> bool");
  ops.impl("uses_clusters", at::kCUDA, &uses_clusters);
}

REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
