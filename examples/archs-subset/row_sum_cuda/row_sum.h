#pragma once

#include <ATen/core/Tensor.h>

// out[i] = the sum of row i of a contiguous matrix of float32 with at least one element.
using RowSum = void(at::Tensor &out, at::Tensor const &input);

RowSum row_sum_any;

// Set where the build has code for thread block clusters.
extern RowSum *row_sum_cluster;

// Says whether that code is there, and for the device.
bool has_clusters(at::Device device);
