#include <algorithm>
#include <map>
#include <mutex>

#include <ATen/mps/MPSStream.h>

#import <Foundation/Foundation.h>
#import <Metal/Metal.h>

#include "torch_binding.h"

// The builder compiles the .metal sources into one library and puts its bytes in this header.
#ifndef EMBEDDED_METALLIB_HEADER
#error "EMBEDDED_METALLIB_HEADER is not defined: build this file with the project that kernel-builder generates"
#endif
#include EMBEDDED_METALLIB_HEADER

namespace {

constexpr NSUInteger wanted_threads = 256;

char const *function_name(at::ScalarType dtype) {
  switch (dtype) {
  case at::kFloat:
    return "rms_norm_float";
  case at::kHalf:
    return "rms_norm_half";
  case at::kBFloat16:
    return "rms_norm_bfloat16";
  default:
    TORCH_CHECK(false, "rms_norm: Metal does not support dtype ", dtype);
  }
}

char const *reason(NSError *error) { return error != nil ? error.localizedDescription.UTF8String : "no reason given"; }

id<MTLComputePipelineState> make_pipeline(id<MTLLibrary> library, char const *name) {
  id<MTLFunction> function = [library newFunctionWithName:[NSString stringWithUTF8String:name]];
  TORCH_CHECK(function != nil, "rms_norm: the Metal library has no function ", name);
  NSError *error = nil;
  id<MTLComputePipelineState> pipeline = [library.device newComputePipelineStateWithFunction:function error:&error];
  TORCH_CHECK(pipeline != nil, "rms_norm: cannot make a pipeline of ", name, ": ", reason(error));
  return pipeline;
}

// The library and the pipelines are made once and live as long as the process.
id<MTLComputePipelineState> pipeline_for(id<MTLDevice> device, at::ScalarType dtype) {
  static std::mutex mutex;
  static id<MTLLibrary> library = nil;
  static std::map<at::ScalarType, id<MTLComputePipelineState>> pipelines;

  std::lock_guard<std::mutex> const lock(mutex);
  if (library == nil) {
    NSError *error = nil;
    library = EMBEDDED_METALLIB_NAMESPACE::createLibrary(device, &error);
    TORCH_CHECK(library != nil, "rms_norm: cannot load the embedded Metal library: ", reason(error));
  }
  auto const found = pipelines.find(dtype);
  if (found != pipelines.end()) {
    return found->second;
  }
  id<MTLComputePipelineState> pipeline = make_pipeline(library, function_name(dtype));
  pipelines.emplace(dtype, pipeline);
  return pipeline;
}

// The storage of an MPS tensor holds its Metal buffer, not an address.
void set_buffer(id<MTLComputeCommandEncoder> encoder, at::Tensor const &tensor, NSUInteger index) {
  id<MTLBuffer> buffer = (__bridge id<MTLBuffer>)tensor.storage().mutable_data();
  NSUInteger const offset = static_cast<NSUInteger>(tensor.storage_offset()) * tensor.element_size();
  [encoder setBuffer:buffer offset:offset atIndex:index];
}

} // namespace

void rms_norm_rows(at::Tensor &out, at::Tensor const &input, at::Tensor const &weight, double eps) {
  TORCH_CHECK(input.size(-1) <= UINT32_MAX, "rms_norm: rows of ", input.size(-1), " elements are too long for Metal");
  @autoreleasepool {
    at::mps::MPSStream *stream = at::mps::getCurrentMPSStream();
    // Here and not in the block: an exception must not cross libdispatch.
    id<MTLComputePipelineState> pipeline = pipeline_for(stream->device(), input.scalar_type());
    uint32_t const columns = static_cast<uint32_t>(input.size(-1));
    NSUInteger const rows = static_cast<NSUInteger>(input.numel() / columns);
    float const epsilon = static_cast<float>(eps);
    // Whole simdgroups, as the shader asks.
    NSUInteger const width = pipeline.threadExecutionWidth;
    NSUInteger const most = std::min(wanted_threads, pipeline.maxTotalThreadsPerThreadgroup) / width * width;

    dispatch_sync(stream->queue(), ^{
      // Torch's own encoder, which Torch also ends: a second one on the same command buffer would abort the process.
      id<MTLComputeCommandEncoder> encoder = stream->commandEncoder();
      [encoder setComputePipelineState:pipeline];
      set_buffer(encoder, out, 0);
      set_buffer(encoder, input, 1);
      set_buffer(encoder, weight, 2);
      [encoder setBytes:&columns length:sizeof(columns) atIndex:3];
      [encoder setBytes:&epsilon length:sizeof(epsilon) atIndex:4];
      [encoder dispatchThreadgroups:MTLSizeMake(rows, 1, 1) threadsPerThreadgroup:MTLSizeMake(most, 1, 1)];
    });
  }
}
