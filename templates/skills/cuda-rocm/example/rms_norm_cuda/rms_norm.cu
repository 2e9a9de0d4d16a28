#include <cstdint>

#include <ATen/Dispatch_v2.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "torch_binding.h"

namespace {

// A multiple of 32 and of 64: what a warp is on NVIDIA, and a wavefront on AMD's data centre GPUs.
constexpr int64_t thread_step = 64;
constexpr int64_t max_threads = 512;
// Enough sums for blocks of 1024 threads in warps of 32.
constexpr int max_warps = 32;

// What one thread reads or writes in one memory transaction.
template <typename T, int count> struct alignas(sizeof(T) * count) Pack {
  T lanes[count];
};

__device__ float shuffle_xor(float value, int lane) {
#if defined(USE_ROCM)
  return __shfl_xor(value, lane);
#else
  return __shfl_xor_sync(0xffffffff, value, lane);
#endif
}

// The sum over all threads of the block, for each of them. Every thread has to call it.
__device__ float block_sum(float value) {
  __shared__ float sums[max_warps];
  for (int lane = warpSize / 2; lane > 0; lane /= 2) {
    value += shuffle_xor(value, lane);
  }
  int const warps = static_cast<int>(blockDim.x) / warpSize;
  if (threadIdx.x % warpSize == 0) {
    sums[threadIdx.x / warpSize] = value;
  }
  __syncthreads();
  float sum = 0;
  for (int warp = 0; warp < warps; ++warp) {
    sum += sums[warp];
  }
  return sum;
}

// One block for each row, which it reads twice: the second time from the cache. In place, a thread overwrites only
// what it alone reads.
template <typename T, int count>
__global__ void rms_norm_kernel(T *out, T const *input, T const *weight, int64_t packs, float eps) {
  using Vector = Pack<T, count>;
  int64_t const first = static_cast<int64_t>(blockIdx.x) * packs;
  Vector const *in_row = reinterpret_cast<Vector const *>(input) + first;
  Vector const *weights = reinterpret_cast<Vector const *>(weight);
  Vector *out_row = reinterpret_cast<Vector *>(out) + first;

  float sum = 0;
  for (int64_t i = threadIdx.x; i < packs; i += blockDim.x) {
    Vector const pack = in_row[i];
#pragma unroll
    for (int lane = 0; lane < count; ++lane) {
      float const value = static_cast<float>(pack.lanes[lane]);
      sum += value * value;
    }
  }
  float const scale = rsqrtf(block_sum(sum) / static_cast<float>(packs * count) + eps);
  for (int64_t i = threadIdx.x; i < packs; i += blockDim.x) {
    Vector pack = in_row[i];
    Vector const factor = weights[i];
#pragma unroll
    for (int lane = 0; lane < count; ++lane) {
      float const value = static_cast<float>(pack.lanes[lane]) * scale * static_cast<float>(factor.lanes[lane]);
      pack.lanes[lane] = static_cast<T>(value);
    }
    out_row[i] = pack;
  }
}

bool is_aligned(void const *data, size_t bytes) { return reinterpret_cast<uintptr_t>(data) % bytes == 0; }

template <typename T, int count>
void launch(T *out, T const *input, T const *weight, int64_t rows, int64_t columns, float eps, cudaStream_t stream) {
  int64_t const packs = columns / count;
  int64_t const wanted = (packs + thread_step - 1) / thread_step * thread_step;
  int64_t const threads = wanted < max_threads ? wanted : max_threads;
  rms_norm_kernel<T, count>
      <<<static_cast<unsigned int>(rows), static_cast<unsigned int>(threads), 0, stream>>>(out, input, weight, packs, eps);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

} // namespace

void rms_norm_rows(at::Tensor &out, at::Tensor const &input, at::Tensor const &weight, double eps) {
  c10::cuda::CUDAGuard const guard(input.device());
  cudaStream_t const stream = c10::cuda::getCurrentCUDAStream().stream();
  int64_t const columns = input.size(-1);
  int64_t const rows = input.numel() / columns;
  TORCH_CHECK(rows <= INT32_MAX, "rms_norm: ", rows, " rows are more than a grid can have");
  AT_DISPATCH_V2(input.scalar_type(), "rms_norm", AT_WRAP([&] {
    auto *const to = static_cast<scalar_t *>(out.mutable_data_ptr());
    auto const *const from = static_cast<scalar_t const *>(input.const_data_ptr());
    auto const *const factors = static_cast<scalar_t const *>(weight.const_data_ptr());
    constexpr int count = 16 / sizeof(scalar_t);
    // A tensor can start at any element of its storage, and a row at any element of the tensor.
    bool const wide = columns % count == 0 && is_aligned(to, 16) && is_aligned(from, 16) && is_aligned(factors, 16);
    if (wide) {
      launch<scalar_t, count>(to, from, factors, rows, columns, static_cast<float>(eps), stream);
    } else {
      launch<scalar_t, 1>(to, from, factors, rows, columns, static_cast<float>(eps), stream);
    }
  }), at::kFloat, at::kHalf, at::kBFloat16);
}
