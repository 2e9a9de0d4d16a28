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

// A position in a grid is a 32-bit number: larger tensors take several dispatches.
constexpr NSUInteger max_threads = NSUInteger(1) << 31;

char const *function_name(at::ScalarType dtype) {
  switch (dtype) {
  case at::kFloat:
    return "relu_float";
  case at::kHalf:
    return "relu_half";
  case at::kBFloat16:
    return "relu_bfloat16";
  case at::kByte:
    return "relu_uint8";
  case at::kChar:
    return "relu_int8";
  case at::kShort:
    return "relu_int16";
  case at::kInt:
    return "relu_int32";
  case at::kLong:
    return "relu_int64";
  default:
    TORCH_CHECK(false, "relu: Metal does not support dtype ", dtype);
  }
}

char const *reason(NSError *error) {
  return error != nil ? error.localizedDescription.UTF8String : "no reason given";
}

id<MTLComputePipelineState> make_pipeline(id<MTLLibrary> library, char const *name) {
  id<MTLFunction> function = [library newFunctionWithName:[NSString stringWithUTF8String:name]];
  TORCH_CHECK(function != nil, "relu: the Metal library has no function ", name);
  NSError *error = nil;
  id<MTLComputePipelineState> pipeline = [library.device newComputePipelineStateWithFunction:function error:&error];
  TORCH_CHECK(pipeline != nil, "relu: cannot make a pipeline of ", name, ": ", reason(error));
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
    TORCH_CHECK(library != nil, "relu: cannot load the embedded Metal library: ", reason(error));
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
id<MTLBuffer> as_buffer(void const *data) { return (__bridge id<MTLBuffer>)const_cast<void *>(data); }

NSUInteger offset_of(at::Tensor const &tensor) {
  return static_cast<NSUInteger>(tensor.storage_offset()) * tensor.element_size();
}

} // namespace

void relu_dense(at::Tensor &out, at::Tensor const &input) {
  @autoreleasepool {
    at::mps::MPSStream *stream = at::mps::getCurrentMPSStream();
    // Here and not in the block: an exception must not cross libdispatch.
    id<MTLComputePipelineState> pipeline = pipeline_for(stream->device(), input.scalar_type());
    id<MTLBuffer> out_buffer = as_buffer(out.storage().mutable_data());
    id<MTLBuffer> input_buffer = as_buffer(input.storage().data());
    NSUInteger const out_offset = offset_of(out);
    NSUInteger const input_offset = offset_of(input);
    NSUInteger const element_size = input.element_size();
    NSUInteger const count = static_cast<NSUInteger>(input.numel());

    dispatch_sync(stream->queue(), ^{
      // Torch's own encoder, which Torch also ends: a second one on the same
      // command buffer would abort the process.
      id<MTLComputeCommandEncoder> encoder = stream->commandEncoder();
      [encoder setComputePipelineState:pipeline];
      for (NSUInteger first = 0; first < count; first += max_threads) {
        NSUInteger const threads = std::min(count - first, max_threads);
        NSUInteger const group = std::min(threads, pipeline.maxTotalThreadsPerThreadgroup);
        [encoder setBuffer:out_buffer offset:out_offset + first * element_size atIndex:0];
        [encoder setBuffer:input_buffer offset:input_offset + first * element_size atIndex:1];
        [encoder dispatchThreads:MTLSizeMake(threads, 1, 1) threadsPerThreadgroup:MTLSizeMake(group, 1, 1)];
      }
    });
  }
}
