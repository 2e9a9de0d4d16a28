#include <ATen/MemoryOverlap.h>
#include <ATen/core/LegacyTypeDispatch.h>
#include <torch/library.h>

#include "registration.h"
#include "torch_binding.h"

namespace {

bool is_supported(at::ScalarType dtype) {
  switch (dtype) {
  case at::kFloat:
  case at::kDouble:
  case at::kHalf:
  case at::kBFloat16:
  case at::kByte:
  case at::kChar:
  case at::kShort:
  case at::kInt:
  case at::kLong:
    return true;
  default:
    return false;
  }
}

void check_arguments(at::Tensor const &out, at::Tensor const &input) {
  TORCH_CHECK(is_supported(input.scalar_type()), "relu: the input has dtype ", input.scalar_type(),
              ", which is not supported");
  TORCH_CHECK(out.scalar_type() == input.scalar_type(), "relu: out has dtype ", out.scalar_type(),
              ", but the input has dtype ", input.scalar_type());
  TORCH_CHECK(out.sizes() == input.sizes(), "relu: out has shape ", out.sizes(),
              ", but the input has shape ", input.sizes());
  TORCH_CHECK(out.device() == input.device(), "relu: out is on ", out.device(),
              ", but the input is on ", input.device());
  at::assert_no_internal_overlap(out);
  at::assert_no_partial_overlap(out, input);
}

bool have_one_dense_layout(at::Tensor const &out, at::Tensor const &input) {
  if (out.is_contiguous() && input.is_contiguous()) {
    return true;
  }
  return out.strides() == input.strides() && input.is_non_overlapping_and_dense();
}

void relu(at::Tensor &out, at::Tensor const &input) {
  check_arguments(out, input);
  if (input.numel() == 0) {
    return;
  }
  if (have_one_dense_layout(out, input)) {
    relu_dense(out, input);
    return;
  }
  // Without the guard, autograd would record the two copies but not the kernel
  // between them, and so find the gradient of the identity.
  at::AutoDispatchBelowADInplaceOrView guard;
  at::Tensor packed = input.clone(at::MemoryFormat::Contiguous);
  relu_dense(packed, packed);
  out.copy_(packed);
}

} // namespace

TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) {
  ops.def("relu(Tensor! out, Tensor input) -> ()");
#if defined(CPU_KERNEL)
  ops.impl("relu", at::kCPU, &relu);
#elif defined(CUDA_KERNEL) || defined(ROCM_KERNEL)
  ops.impl("relu", at::kCUDA, &relu);
#elif defined(XPU_KERNEL)
  ops.impl("relu", at::kXPU, &relu);
#elif defined(METAL_KERNEL)
  ops.impl("relu", at::kMPS, &relu);
#endif
}

REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
