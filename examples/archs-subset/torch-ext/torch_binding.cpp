#include <ATen/ops/empty.h>
#include <torch/library.h>

#include "registration.h"
#include "row_sum.h"

namespace {

at::Tensor row_sum(at::Tensor const &input) {
  TORCH_CHECK(input.scalar_type() == at::kFloat && input.dim() == 2,
              "row_sum: the input must be a matrix of float32, and is a tensor of ", input.scalar_type(),
              " with shape ", input.sizes());
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
