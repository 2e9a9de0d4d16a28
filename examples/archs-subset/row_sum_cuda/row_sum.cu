#include <cstdint>

#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "block_sum.cuh"
#include "row_sum.h"

// This source is in every build, the one with clusters is not.
RowSum *row_sum_cluster = nullptr;

namespace {

// One block for each row.
__global__ void row_sum_kernel(float *out, float const *input, int64_t rows, int64_t columns) {
  for (int64_t row = blockIdx.x; row < rows; row += gridDim.x) {
    float const sum = block_sum(thread_sum(input + row * columns, 0, columns));
    if (threadIdx.x == 0) {
      out[row] = sum;
    }
  }
}

} // namespace

bool has_clusters(at::Device device) {
  int major = 0, minor = 0;
  C10_CUDA_CHECK(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device.index()));
  C10_CUDA_CHECK(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device.index()));
  // Just what the component is compiled for: its code cannot be loaded on any other device.
  return row_sum_cluster != nullptr && major == 9 && minor == 0;
}

void row_sum_any(at::Tensor &out, at::Tensor const &input) {
  c10::cuda::CUDAGuard const guard(input.device());
  int64_t const rows = input.size(0);
  int64_t const blocks = rows < max_blocks ? rows : max_blocks;
  row_sum_kernel<<<static_cast<unsigned int>(blocks), threads_per_block, 0,
                   c10::cuda::getCurrentCUDAStream().stream()>>>(
      static_cast<float *>(out.mutable_data_ptr()), static_cast<float const *>(input.const_data_ptr()), rows,
      input.size(1));
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}
