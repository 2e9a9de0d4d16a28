#include <ATen/MemoryOverlap.h>
#include <torch/library.h>

#include "registration.h"
#include "torch_binding.h"

namespace {

void relu(at::Tensor &out, at::Tensor const &input) {
  TORCH_CHECK(input.scalar_type() == at::kFloat || input.scalar_type() == at::kHalf ||
                  input.scalar_type() == at::kBFloat16,
              "relu: the input has dtype ", input.scalar_type(), ", which is not supported");
  TORCH_CHECK(out.scalar_type() == input.scalar_type(), "relu: out has dtype ", out.scalar_type(),
              ", but the input has dtype ", input.scalar_type());
  TORCH_CHECK(out.sizes() == input.sizes(), "relu: out has shape ", out.sizes(),
              ", but the input has shape ", input.sizes());
  TORCH_CHECK(out.device() == input.device(), "relu: out is on ", out.device(), ", but the input is on ",
              input.device());
  TORCH_CHECK(out.is_contiguous() && input.is_contiguous(), "relu: both tensors must be contiguous");
  at::assert_no_partial_overlap(out, input);
  if (input.numel() > 0) {
    relu_dense(out, input);
  }
}

} // namespace

TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) {
  ops.def("relu(Tensor! out, Tensor input) -> ()");
  ops.impl("relu", at::kMPS, &relu);
}

REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
