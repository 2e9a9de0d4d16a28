#include <algorithm>
#include <map>
#include <mutex>

#include <dispatch/dispatch.h>

// One source of a kernel, and only one, has the code of metal-cpp in it.
#define NS_PRIVATE_IMPLEMENTATION
#define MTL_PRIVATE_IMPLEMENTATION
#include <Metal/Metal.hpp>

// Outside of Objective-C, the objects of Metal are pointers to void here.
#include <ATen/mps/MPSStream.h>

#include "arguments.h"
#include "torch_binding.h"

// The builder compiles the .metal sources into one library, whose bytes this header gives.
#ifndef EMBEDDED_METALLIB_HEADER
#error "EMBEDDED_METALLIB_HEADER is not defined: build this file with the project that kernel-builder generates"
#endif
#include EMBEDDED_METALLIB_HEADER

namespace {

// A position in a grid is a 32-bit number: larger tensors take several dispatches.
constexpr NS::UInteger max_threads = NS::UInteger(1) << 31;

char const *function_name(at::ScalarType dtype) {
  switch (dtype) {
  case at::kFloat:
    return "relu_float";
  case at::kHalf:
    return "relu_half";
  case at::kBFloat16:
    return "relu_bfloat16";
  default:
    TORCH_CHECK(false, "relu: Metal does not support dtype ", dtype);
  }
}

char const *reason(NS::Error *error) {
  return error != nullptr ? error->localizedDescription()->utf8String() : "no reason given";
}

NS::SharedPtr<MTL::Library> load_library(MTL::Device *device) {
  NS::Error *error = nullptr;
  auto library = NS::TransferPtr(EMBEDDED_METALLIB_NAMESPACE::createLibrary(device, &error));
  TORCH_CHECK(library, "relu: cannot load the embedded Metal library: ", reason(error));
  return library;
}

NS::SharedPtr<MTL::ComputePipelineState> make_pipeline(MTL::Library *library, char const *name) {
  auto const function = NS::TransferPtr(library->newFunction(NS::String::string(name, NS::UTF8StringEncoding)));
  TORCH_CHECK(function, "relu: the Metal library has no function ", name);
  NS::Error *error = nullptr;
  auto pipeline = NS::TransferPtr(library->device()->newComputePipelineState(function.get(), &error));
  TORCH_CHECK(pipeline, "relu: cannot make a pipeline of ", name, ": ", reason(error));
  return pipeline;
}

// The library and the pipelines are made once and live as long as the process.
MTL::ComputePipelineState *pipeline_for(MTL::Device *device, at::ScalarType dtype) {
  static std::mutex mutex;
  static auto &library = *new NS::SharedPtr<MTL::Library>;
  static auto &pipelines = *new std::map<at::ScalarType, NS::SharedPtr<MTL::ComputePipelineState>>;

  std::lock_guard<std::mutex> const lock(mutex);
  if (!library) {
    library = load_library(device);
  }
  auto found = pipelines.find(dtype);
  if (found == pipelines.end()) {
    found = pipelines.emplace(dtype, make_pipeline(library.get(), function_name(dtype))).first;
  }
  return found->second.get();
}

// The storage of an MPS tensor holds its Metal buffer, not an address.
MTL::Buffer *as_buffer(void const *data) { return static_cast<MTL::Buffer *>(const_cast<void *>(data)); }

NS::UInteger offset_of(at::Tensor const &tensor) {
  return static_cast<NS::UInteger>(tensor.storage_offset()) * tensor.element_size();
}

} // namespace

void relu_dense(at::Tensor &out, at::Tensor const &input) {
  auto const pool = NS::TransferPtr(NS::AutoreleasePool::alloc()->init());
  at::mps::MPSStream *stream = at::mps::getCurrentMPSStream();
  // Here and not in the block: an exception must not cross libdispatch.
  MTL::ComputePipelineState *pipeline =
      pipeline_for(static_cast<MTL::Device *>(stream->device()), input.scalar_type());
  MTL::Buffer *out_buffer = as_buffer(out.storage().mutable_data());
  MTL::Buffer *input_buffer = as_buffer(input.storage().data());
  NS::UInteger const out_offset = offset_of(out);
  NS::UInteger const input_offset = offset_of(input);
  NS::UInteger const element_size = input.element_size();
  NS::UInteger const count = static_cast<NS::UInteger>(input.numel());

  dispatch_sync(stream->queue(), ^{
    // Torch's own encoder, which Torch also ends: a second one on the same
    // command buffer would abort the process.
    auto *encoder = static_cast<MTL::ComputeCommandEncoder *>(stream->commandEncoder());
    encoder->setComputePipelineState(pipeline);
    for (NS::UInteger first = 0; first < count; first += max_threads) {
      NS::UInteger const threads = std::min(count - first, max_threads);
      NS::UInteger const group = std::min(threads, pipeline->maxTotalThreadsPerThreadgroup());
      encoder->setBuffer(out_buffer, out_offset + first * element_size, relu_out);
      encoder->setBuffer(input_buffer, input_offset + first * element_size, relu_input);
      encoder->dispatchThreads(MTL::Size(threads, 1, 1), MTL::Size(group, 1, 1));
    }
  });
}
