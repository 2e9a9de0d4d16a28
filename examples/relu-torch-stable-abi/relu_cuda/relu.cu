#include <cstdint>
#include <type_traits>

#include <cuda_runtime.h>
#include <torch/csrc/inductor/aoti_torch/c/shim.h>
#include <torch/csrc/stable/accelerator.h>
#include <torch/csrc/stable/macros.h>
#include <torch/headeronly/core/Dispatch_v2.h>
#include <torch/headeronly/core/ScalarType.h>

#include "torch_binding.h"

namespace {

using torch::headeronly::BFloat16;
using torch::headeronly::Half;

constexpr int64_t threads_per_block = 256;
constexpr int64_t max_blocks = 65535;

// What one thread reads or writes in one memory transaction.
template <typename T> struct alignas(16) Pack {
  static constexpr int64_t size = 16 / sizeof(T);
  T lanes[size];
};

template <typename T> __device__ T relu_one(T value) {
  // Half numbers are compared as float. This way round, a NaN passes, as in torch.relu.
  constexpr bool is_half = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
  using Compute = std::conditional_t<is_half, float, T>;
  return static_cast<Compute>(value) <= Compute(0) ? T(0) : value;
}

// Applies relu to `packs` packs, and then to the rest of the `count` elements.
template <typename T> __global__ void relu_kernel(T *out, T const *input, int64_t packs, int64_t count) {
  int64_t const first = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  int64_t const step = static_cast<int64_t>(gridDim.x) * blockDim.x;
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

template <typename T> bool is_aligned(T const *data) {
  return reinterpret_cast<uintptr_t>(data) % alignof(Pack<T>) == 0;
}

template <typename T> void launch(T *out, T const *input, int64_t count, cudaStream_t stream) {
  // A tensor can start at any element of its storage.
  int64_t const packs = is_aligned(out) && is_aligned(input) ? count / Pack<T>::size : 0;
  int64_t const rest = count - packs * Pack<T>::size;
  int64_t const longest = packs > rest ? packs : rest;
  int64_t const wanted = (longest + threads_per_block - 1) / threads_per_block;
  int64_t const blocks = wanted < max_blocks ? wanted : max_blocks;
  relu_kernel<T><<<static_cast<unsigned int>(blocks), static_cast<unsigned int>(threads_per_block), 0, stream>>>(
      out, input, packs, count);
  STD_CUDA_KERNEL_LAUNCH_CHECK();
}

} // namespace

void relu_dense(torch::stable::Tensor const &out, torch::stable::Tensor const &input) {
  int32_t const device = input.get_device_index();
  torch::stable::accelerator::DeviceGuard const guard(device);
  void *stream = nullptr;
  STABLE_TORCH_ERROR_CODE_CHECK(aoti_torch_get_current_cuda_stream(device, &stream));
  THO_DISPATCH_V2(
      input.scalar_type(), "relu", AT_WRAP([&] {
        launch(static_cast<scalar_t *>(out.mutable_data_ptr()),
               static_cast<scalar_t const *>(input.const_data_ptr()), input.numel(),
               static_cast<cudaStream_t>(stream));
      }),
      AT_EXPAND(AT_ALL_TYPES), torch::headeronly::ScalarType::Half, torch::headeronly::ScalarType::BFloat16);
}
