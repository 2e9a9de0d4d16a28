#include <algorithm>
#include <cstdint>

#include <ATen/Dispatch_v2.h>
#include <c10/core/DeviceGuard.h>
#include <c10/xpu/XPUStream.h>
#include <sycl/sycl.hpp>

#include "torch_binding.h"

namespace {

constexpr int64_t wanted_group_size = 256;
// DPC++ assumes that an id fits in an int; each group takes every `groups`-th row.
constexpr int64_t max_groups = int64_t(1) << 20;

template <typename T>
void launch(T *out, T const *input, T const *weight, int64_t rows, int64_t columns, float eps, sycl::queue &queue) {
  size_t const limit = queue.get_device().get_info<sycl::info::device::max_work_group_size>();
  int64_t const size = std::min(wanted_group_size, static_cast<int64_t>(limit));
  int64_t const groups = std::min(rows, max_groups);
  sycl::nd_range<1> const range(static_cast<size_t>(groups * size), static_cast<size_t>(size));
  queue.parallel_for(range, [=](sycl::nd_item<1> item) {
    auto const group = item.get_group();
    int64_t const first = static_cast<int64_t>(item.get_local_linear_id());
    // Every item of a group has the same rows, as a reduction over the group asks.
    for (int64_t row = static_cast<int64_t>(group.get_group_linear_id()); row < rows; row += groups) {
      T const *const in_row = input + row * columns;
      T *const out_row = out + row * columns;
      float sum = 0;
      for (int64_t column = first; column < columns; column += size) {
        float const value = static_cast<float>(in_row[column]);
        sum += value * value;
      }
      sum = sycl::reduce_over_group(group, sum, sycl::plus<float>());
      float const scale = sycl::rsqrt(sum / static_cast<float>(columns) + eps);
      for (int64_t column = first; column < columns; column += size) {
        float const value = static_cast<float>(in_row[column]) * scale * static_cast<float>(weight[column]);
        out_row[column] = static_cast<T>(value);
      }
    }
  });
}

} // namespace

void rms_norm_rows(at::Tensor &out, at::Tensor const &input, at::Tensor const &weight, double eps) {
  c10::DeviceGuard const guard(input.device());
  sycl::queue &queue = c10::xpu::getCurrentXPUStream(input.device().index()).queue();
  int64_t const columns = input.size(-1);
  AT_DISPATCH_V2(input.scalar_type(), "rms_norm", AT_WRAP([&] {
    launch(static_cast<scalar_t *>(out.mutable_data_ptr()), static_cast<scalar_t const *>(input.const_data_ptr()),
           static_cast<scalar_t const *>(weight.const_data_ptr()), input.numel() / columns, columns,
           static_cast<float>(eps), queue);
  }), at::kFloat, at::kHalf, at::kBFloat16);
}
