// Compiles the device code of the relu example with the DPC++ compiler in libsycl-jit, and runs it on the CPU.
//
//   device SOURCE [option...]
//
// Prints one line for each type: its mangled name, and how many of the elements are not what they should be. (Not for
// float16, which few CPUs compute with.) With SYCL_DUMP_IMAGES=1, SYCL leaves the SPIR-V in the working folder.

#include <cstdint>
#include <fstream>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include <sycl/sycl.hpp>

namespace syclexp = sycl::ext::oneapi::experimental;

namespace {

using Bundle = sycl::kernel_bundle<sycl::bundle_state::executable>;

// Enough that each work item has several packs, and some elements are left over.
constexpr int64_t elements = 100003;
constexpr size_t group_size = 256, groups = 4;

// The source is the first of the options.
Bundle compile(sycl::context const &context, std::vector<std::string> const &options) {
  std::ifstream file(options.front());
  std::stringstream text;
  text << file.rdbuf();
  auto bundle = syclexp::create_kernel_bundle_from_source(context, syclexp::source_language::sycl, text.str());
  std::vector<std::string> const rest(options.begin() + 1, options.end());
  return syclexp::build(bundle, syclexp::properties{syclexp::build_options{rest}});
}

// Negative, zero and positive; in floating point, not a number too.
template <typename T> T value_at(int64_t i) {
  if constexpr (!std::is_integral_v<T>) {
    if (i % 11 == 0) {
      return std::numeric_limits<float>::quiet_NaN();
    }
  }
  return static_cast<T>(static_cast<float>(i % 7 - (std::is_unsigned_v<T> ? 0 : 3)));
}

template <typename T> bool is_relu(T result, T value) {
  return value <= T(0) ? result == T(0) : result == value || (result != result && value != value);
}

// Runs a kernel from an element of its storage: from the first, all but a few are in packs; from another, none is.
template <typename T> int64_t run(sycl::queue &queue, sycl::kernel const &relu, int64_t start) {
  T *const input = sycl::aligned_alloc_shared<T>(16, elements + start, queue);
  T *const out = sycl::aligned_alloc_shared<T>(16, elements + start, queue);
  for (int64_t i = 0; i < elements + start; ++i) {
    input[i] = value_at<T>(i);
    out[i] = T(1);
  }
  int64_t const packs = start == 0 ? elements / (16 / static_cast<int64_t>(sizeof(T))) : 0;
  queue.submit([&](sycl::handler &handler) {
    handler.set_args(out + start, static_cast<T const *>(input + start), packs, elements);
    handler.parallel_for(sycl::nd_range<1>(groups * group_size, group_size), relu);
  });
  queue.wait_and_throw();
  int64_t wrong = 0;
  for (int64_t i = start; i < elements + start; ++i) {
    wrong += !is_relu(out[i], input[i]);
  }
  sycl::free(input, queue);
  sycl::free(out, queue);
  return wrong;
}

// Compiles anew for each type: libsycl keeps a view of the name of a kernel beyond the life of the name, so that a
// second kernel of the same program would be looked for with what is left of the first.
template <typename T> void show(sycl::queue &queue, std::vector<std::string> const &options, std::string const &type) {
  Bundle bundle = compile(queue.get_context(), options);
  sycl::kernel const relu = bundle.ext_oneapi_get_kernel("_ZTSN12_GLOBAL__N_14ReluI" + type + "EE");
  std::cout << type << " " << run<T>(queue, relu, 0) + run<T>(queue, relu, 1) << std::endl;
}

} // namespace

int main(int count, char **words) {
  std::vector<std::string> const options(words + 1, words + count);
  try {
    sycl::queue queue(sycl::cpu_selector_v);
    show<float>(queue, options, "f");
    show<double>(queue, options, "d");
    show<sycl::ext::oneapi::bfloat16>(queue, options, "N3c108BFloat16E");
    show<int64_t>(queue, options, "l");
    show<uint8_t>(queue, options, "h");
  } catch (sycl::exception const &error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
  return 0;
}
