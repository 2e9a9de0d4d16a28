#include <ATen/MemoryOverlap.h>
#include <torch/library.h>

#include "registration.h"
#include "torch_binding.h"

namespace {

bool is_supported(at::ScalarType dtype) {
  return dtype == at::kFloat || dtype == at::kHalf || dtype == at::kBFloat16;
}

void rms_norm(at::Tensor &out, at::Tensor const &input, at::Tensor const &weight, double eps) {
  TORCH_CHECK(input.dim() > 0, "rms_norm: the input has no dimension to normalise");
  TORCH_CHECK(is_supported(input.scalar_type()), "rms_norm: dtype ", input.scalar_type(), " is not supported");
  TORCH_CHECK(weight.dim() == 1 && weight.size(0) == input.size(-1), "rms_norm: weight has shape ", weight.sizes(),
              ", but the rows of the input have ", input.size(-1), " elements");
  TORCH_CHECK(out.sizes() == input.sizes(), "rms_norm: out has shape ", out.sizes(), ", but the input has shape ",
              input.sizes());
  TORCH_CHECK(out.scalar_type() == input.scalar_type() && weight.scalar_type() == input.scalar_type(),
              "rms_norm: out, input and weight must have one dtype");
  TORCH_CHECK(out.device() == input.device() && weight.device() == input.device(),
              "rms_norm: out, input and weight must be on one device");
  TORCH_CHECK(out.is_contiguous() && input.is_contiguous() && weight.is_contiguous(),
              "rms_norm: out, input and weight must be contiguous");
  at::assert_no_partial_overlap(out, input);
  at::assert_no_overlap(out, weight);
  if (input.numel() > 0) {
    rms_norm_rows(out, input, weight, eps);
  }
}

} // namespace

TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) {
  ops.def("rms_norm(Tensor! out, Tensor input, Tensor weight, float eps) -> ()");
#if defined(CPU_KERNEL)
  ops.impl("rms_norm", at::kCPU, &rms_norm);
#elif defined(CUDA_KERNEL) || defined(ROCM_KERNEL)
  ops.impl("rms_norm", at::kCUDA, &rms_norm);
#elif defined(XPU_KERNEL)
  ops.impl("rms_norm", at::kXPU, &rms_norm);
#elif defined(METAL_KERNEL)
  ops.impl("rms_norm", at::kMPS, &rms_norm);
#endif
}

REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
