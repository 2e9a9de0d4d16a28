#pragma once

#include <ATen/core/Tensor.h>

// out[i] = the sum of row i of a contiguous matrix of float32 with at least one element; on the current stream of the
// current device.
using RowSum = void(at::Tensor &out, at::Tensor const &input);

RowSum row_sum_any;

// Set where the build has code for thread block clusters, which devices of capability 9.0 have.
extern RowSum *row_sum_cluster;
