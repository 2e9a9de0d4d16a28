#include <cstdint>
#include <initializer_list>

#include <ATen/Dispatch.h>
#include <ATen/OpMathType.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "torch_binding.h"

namespace {

constexpr int64_t threads_per_block = 256;
constexpr int64_t max_blocks = 65535;

// What one thread reads or writes in one memory transaction; a Pack of one lane is for rows that start anywhere.
template <typename T, int64_t lanes_> struct alignas(sizeof(T) * lanes_) Pack {
  T lanes[lanes_];
};

template <typename T> __device__ T sigmoid(T x) { return T(1) / (T(1) + exp(-x)); }

template <typename T> struct Forward {
  using Compute = at::opmath_type<T>;
  T *out;
  T const *input;

  // `at` is the place of elements of the result, `x` and `y` those of the two factors in the input.
  template <int64_t lanes> __device__ void operator()(int64_t at, int64_t x, int64_t y) const {
    using P = Pack<T, lanes>;
    P left = *reinterpret_cast<P const *>(input + x);
    P const right = *reinterpret_cast<P const *>(input + y);
#pragma unroll
    for (int64_t lane = 0; lane < lanes; ++lane) {
      Compute const value = left.lanes[lane];
      // Rounded between the two operators, as Torch's own two are.
      T const silu = static_cast<T>(value * sigmoid(value));
      left.lanes[lane] = static_cast<T>(static_cast<Compute>(silu) * static_cast<Compute>(right.lanes[lane]));
    }
    *reinterpret_cast<P *>(out + at) = left;
  }
};

template <typename T> struct Backward {
  using Compute = at::opmath_type<T>;
  T *grad_input;
  T const *grad;
  T const *input;

  template <int64_t lanes> __device__ void operator()(int64_t at, int64_t x, int64_t y) const {
    using P = Pack<T, lanes>;
    P left = *reinterpret_cast<P const *>(input + x);
    P right = *reinterpret_cast<P const *>(input + y);
    P const from = *reinterpret_cast<P const *>(grad + at);
#pragma unroll
    for (int64_t lane = 0; lane < lanes; ++lane) {
      Compute const value = left.lanes[lane], factor = right.lanes[lane], gradient = from.lanes[lane];
      Compute const s = sigmoid(value);
      left.lanes[lane] = static_cast<T>(gradient * factor * s * (Compute(1) + value * (Compute(1) - s)));
      right.lanes[lane] = static_cast<T>(gradient * value * s);
    }
    *reinterpret_cast<P *>(grad_input + x) = left;
    *reinterpret_cast<P *>(grad_input + y) = right;
  }
};

// Calls a function for each pack of the result, whose rows have `columns` elements.
template <int64_t lanes, typename Function>
__global__ void rows_kernel(Function function, int64_t rows, int64_t columns) {
  int64_t const packs = rows * columns / lanes;
  int64_t const step = static_cast<int64_t>(gridDim.x) * blockDim.x;
  for (int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < packs; i += step) {
    int64_t const at = i * lanes;
    int64_t const x = at + at / columns * columns;
    function.template operator()<lanes>(at, x, x + columns);
  }
}

template <int64_t lanes, typename Function> void launch(Function function, at::Tensor const &result) {
  int64_t const columns = result.size(-1);
  int64_t const packs = result.numel() / lanes;
  int64_t const wanted = (packs + threads_per_block - 1) / threads_per_block;
  int64_t const blocks = wanted < max_blocks ? wanted : max_blocks;
  rows_kernel<lanes><<<static_cast<unsigned int>(blocks), static_cast<unsigned int>(threads_per_block), 0,
                       c10::cuda::getCurrentCUDAStream().stream()>>>(function, result.numel() / columns, columns);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

// Says whether every half of a row starts where a pack of 16 bytes may.
template <typename T> bool are_packed(at::Tensor const &input, std::initializer_list<void const *> places) {
  bool packed = input.size(-1) / 2 % (16 / sizeof(T)) == 0;
  for (void const *place : places) {
    packed = packed && reinterpret_cast<uintptr_t>(place) % 16 == 0;
  }
  return packed;
}

} // namespace

void silu_and_mul_rows(at::Tensor &out, at::Tensor const &input) {
  c10::cuda::CUDAGuard const guard(input.device());
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, input.scalar_type(), "silu_and_mul", [&] {
    Forward<scalar_t> const function{static_cast<scalar_t *>(out.mutable_data_ptr()),
                                     static_cast<scalar_t const *>(input.const_data_ptr())};
    if (are_packed<scalar_t>(input, {function.out, function.input})) {
      launch<16 / sizeof(scalar_t)>(function, out);
    } else {
      launch<1>(function, out);
    }
  });
}

void silu_and_mul_backward_rows(at::Tensor &grad_input, at::Tensor const &grad, at::Tensor const &input) {
  c10::cuda::CUDAGuard const guard(input.device());
  AT_DISPATCH_FLOATING_TYPES_AND2(at::kHalf, at::kBFloat16, input.scalar_type(), "silu_and_mul_backward", [&] {
    Backward<scalar_t> const function{static_cast<scalar_t *>(grad_input.mutable_data_ptr()),
                                      static_cast<scalar_t const *>(grad.const_data_ptr()),
                                      static_cast<scalar_t const *>(input.const_data_ptr())};
    if (are_packed<scalar_t>(input, {function.grad_input, function.grad, function.input})) {
      launch<16 / sizeof(scalar_t)>(function, grad);
    } else {
      launch<1>(function, grad);
    }
  });
}
