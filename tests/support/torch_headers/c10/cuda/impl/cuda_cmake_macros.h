// Torch's build for CUDA writes this header; the wheel for the CPU lacks it.
#pragma once

#define C10_CUDA_BUILD_SHARED_LIBS
