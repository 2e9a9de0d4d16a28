#pragma once

// The arguments of the kernels, for the shader and for the code that calls it.
enum ReluArgument {
  relu_out = 0,
  relu_input = 1,
};
