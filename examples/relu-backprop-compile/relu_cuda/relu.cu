#include <cstdint>

#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "torch_binding.h"

namespace {

constexpr int64_t threads_per_block = 256;
constexpr int64_t max_blocks = 65535;

// What one thread reads or writes in one memory transaction.
template <typename T> struct alignas(16) Pack {
  static constexpr int64_t size = 16 / sizeof(T);
  T lanes[size];
};

// `value` where `gate` is positive or NaN, else 0. With the input as both, it is the forward pass; with the gradient
// and the result, the backward pass.
template <typename T> __device__ T gated(T value, T gate) {
  using Compute = at::opmath_type<T>; // half numbers are compared as float
  return static_cast<Compute>(gate) <= Compute(0) ? T(0) : value;
}

// Applies it to `packs` packs, and then to the rest of the `count` elements.
template <typename T>
__global__ void gate_kernel(T *out, T const *values, T const *gates, int64_t packs, int64_t count) {
  int64_t const first = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  int64_t const step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = first; i < packs; i += step) {
    Pack<T> value = reinterpret_cast<Pack<T> const *>(values)[i];
    Pack<T> const gate = values == gates ? value : reinterpret_cast<Pack<T> const *>(gates)[i];
#pragma unroll
    for (int64_t lane = 0; lane < Pack<T>::size; ++lane) {
      value.lanes[lane] = gated(value.lanes[lane], gate.lanes[lane]);
    }
    reinterpret_cast<Pack<T> *>(out)[i] = value;
  }
  for (int64_t i = packs * Pack<T>::size + first; i < count; i += step) {
    out[i] = gated(values[i], gates[i]);
  }
}

template <typename T> bool is_aligned(T const *data) {
  return reinterpret_cast<uintptr_t>(data) % alignof(Pack<T>) == 0;
}

void gate(at::Tensor &out, at::Tensor const &values, at::Tensor const &gates) {
  c10::cuda::CUDAGuard const guard(out.device());
  cudaStream_t const stream = c10::cuda::getCurrentCUDAStream().stream();
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, out.scalar_type(), "relu", [&] {
    auto *to = static_cast<scalar_t *>(out.mutable_data_ptr());
    auto const *value = static_cast<scalar_t const *>(values.const_data_ptr());
    auto const *gate = static_cast<scalar_t const *>(gates.const_data_ptr());
    int64_t const count = out.numel();
    // A tensor can start at any element of its storage.
    bool const packed = is_aligned(to) && is_aligned(value) && is_aligned(gate);
    int64_t const packs = packed ? count / Pack<scalar_t>::size : 0;
    int64_t const rest = count - packs * Pack<scalar_t>::size;
    // Not std::max: for HIP it is translated to ::max, which may take only ints.
    int64_t const longest = packs > rest ? packs : rest;
    int64_t const wanted = (longest + threads_per_block - 1) / threads_per_block;
    int64_t const blocks = wanted < max_blocks ? wanted : max_blocks;
    gate_kernel<scalar_t>
        <<<static_cast<unsigned int>(blocks), static_cast<unsigned int>(threads_per_block), 0, stream>>>(
            to, value, gate, packs, count);
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  });
}

} // namespace

void relu_dense(at::Tensor &out, at::Tensor const &input) { gate(out, input, input); }

void relu_backward_dense(at::Tensor &grad_input, at::Tensor const &grad, at::Tensor const &result) {
  gate(grad_input, grad, result);
}
