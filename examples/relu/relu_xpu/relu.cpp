#include <algorithm>
#include <cstdint>

#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>
#include <c10/core/DeviceGuard.h>
#include <c10/xpu/XPUStream.h>
#include <sycl/sycl.hpp>

#include "torch_binding.h"

namespace {

constexpr int64_t group_size = 256;
// DPC++ assumes that the number of work items fits in an int; a tensor may have more elements than that.
constexpr int64_t max_groups = 65535;

// What one work item reads or writes in one memory transaction.
template <typename T> struct alignas(16) Pack {
  static constexpr int64_t size = 16 / sizeof(T);
  T lanes[size];
};

template <typename T> T relu_one(T value) {
  // Half numbers are compared as float. This way round, a NaN passes, as in torch.relu.
  using Compute = at::opmath_type<T>;
  return static_cast<Compute>(value) <= Compute(0) ? T(0) : value;
}

// Applies relu to `packs` packs, and then to the rest of the `count` elements.
template <typename T> struct Relu {
  T *out;
  T const *input;
  int64_t packs;
  int64_t count;

  void operator()(sycl::nd_item<1> item) const {
    int64_t const first = static_cast<int64_t>(item.get_global_linear_id());
    int64_t const step = static_cast<int64_t>(item.get_global_range(0));
    for (int64_t i = first; i < packs; i += step) {
      Pack<T> pack = reinterpret_cast<Pack<T> const *>(input)[i];
#pragma unroll
      for (int64_t lane = 0; lane < Pack<T>::size; ++lane) {
        pack.lanes[lane] = relu_one(pack.lanes[lane]);
      }
      reinterpret_cast<Pack<T> *>(out)[i] = pack;
    }
    for (int64_t i = packs * Pack<T>::size + first; i < count; i += step) {
      out[i] = relu_one(input[i]);
    }
  }
};

template <typename T> bool is_aligned(T const *data) {
  return reinterpret_cast<uintptr_t>(data) % alignof(Pack<T>) == 0;
}

template <typename T> void launch(T *out, T const *input, int64_t count, sycl::queue &queue) {
  // A tensor can start at any element of its storage.
  int64_t const packs = is_aligned(out) && is_aligned(input) ? count / Pack<T>::size : 0;
  int64_t const longest = std::max(packs, count - packs * Pack<T>::size);
  int64_t const groups = std::min((longest + group_size - 1) / group_size, max_groups);
  sycl::nd_range<1> const items(static_cast<size_t>(groups * group_size), static_cast<size_t>(group_size));
  queue.parallel_for(items, Relu<T>{out, input, packs, count});
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
