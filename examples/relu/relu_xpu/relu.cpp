#include <algorithm>
#include <cstdint>

#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>
#include <c10/core/DeviceGuard.h>
#include <c10/xpu/XPUStream.h>
#include <sycl/sycl.hpp>

#include "torch_binding.h"

namespace {

// Each work item takes every `step`-th element. DPC++ assumes that a range fits
// in an int, a tensor need not.
constexpr int64_t max_items = int64_t(1) << 20;

template <typename T> T relu_one(T value) {
  // Half numbers are compared as float. This way round, a NaN passes, as in torch.relu.
  using Compute = at::opmath_type<T>;
  return static_cast<Compute>(value) <= Compute(0) ? T(0) : value;
}

template <typename T> void launch(T *out, T const *input, int64_t count, sycl::queue &queue) {
  int64_t const step = std::min(count, max_items);
  queue.parallel_for(sycl::range<1>(static_cast<size_t>(step)), [=](sycl::item<1> item) {
    for (int64_t i = static_cast<int64_t>(item.get_linear_id()); i < count; i += step) {
      out[i] = relu_one(input[i]);
    }
  });
}

} // namespace

void relu_dense(at::Tensor &out, at::Tensor const &input) {
  c10::DeviceGuard const guard(input.device());
  sycl::queue &queue = c10::xpu::getCurrentXPUStream(input.device().index()).queue();
  AT_DISPATCH_ALL_TYPES_AND2(at::kHalf, at::kBFloat16, input.scalar_type(), "relu", [&] {
    launch(static_cast<scalar_t *>(out.mutable_data_ptr()), static_cast<scalar_t const *>(input.const_data_ptr()),
           input.numel(), queue);
  });
}
