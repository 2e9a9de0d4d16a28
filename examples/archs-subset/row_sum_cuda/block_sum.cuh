#pragma once

constexpr int threads_per_block = 256;
constexpr int64_t max_blocks = 65534; // even, so that it is a whole number of clusters

// The sum of the values of all threads of a block, for all of them. The order is always the same, and so is the result.
__device__ inline float block_sum(float value) {
  __shared__ float values[threads_per_block];
  values[threadIdx.x] = value;
  for (int half = threads_per_block / 2; half > 0; half /= 2) {
    __syncthreads();
    if (threadIdx.x < half) {
      values[threadIdx.x] += values[threadIdx.x + half];
    }
  }
  __syncthreads();
  float const sum = values[0];
  __syncthreads(); // before the next sum is written
  return sum;
}

// The sum that one thread has to make: of every so manieth element from `begin` to `end`.
__device__ inline float thread_sum(float const *row, int64_t begin, int64_t end) {
  float sum = 0;
  for (int64_t i = begin + threadIdx.x; i < end; i += threads_per_block) {
    sum += row[i];
  }
  return sum;
}
