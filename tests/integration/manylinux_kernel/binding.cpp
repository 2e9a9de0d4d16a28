// The features as operators of Torch, and exceptions that cross the border to Torch in both directions.

#include <ATen/core/Tensor.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <Python.h>
#include <c10/util/Exception.h>
#include <torch/library.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>
#include <typeinfo>
#include <vector>

#include "features.h"

namespace {

struct Own : std::exception {
  const char *what() const noexcept override { return "an exception of the kernel's own"; }
};

// Throws, in the way that is asked for.
std::string fail(const std::string &how, const at::Tensor &tensor) {
  TORCH_CHECK(how != "check", "the check of ", tensor.dim(), " dimensions, ", 2.5, ", failed");
  TORCH_CHECK_INDEX(how != "index", "no such index as ", 3);
  TORCH_CHECK_VALUE(how != "value", "no such value");
  TORCH_CHECK_TYPE(how != "type", "no such type");
  TORCH_CHECK_NOT_IMPLEMENTED(how != "missing", "not here");
  if (how == "runtime")
    throw std::runtime_error("a runtime error");
  if (how == "range")
    static_cast<void>(std::vector<int>(3).at(tensor.numel() + 5));
  if (how == "files")
    throw std::filesystem::filesystem_error("a file", "/some/path", std::make_error_code(std::errc::permission_denied));
  if (how == "system")
    throw std::system_error(std::make_error_code(std::errc::timed_out), "a system error");
  if (how == "memory")
    throw std::bad_alloc();
  if (how == "cast")
    throw std::bad_cast();
  if (how == "own")
    throw Own();
  return "did not fail";
}

// Catches what is thrown behind Torch's own functions.
std::string catch_it(const std::string &what, const at::Tensor &tensor) {
  const auto fail_behind_torch = c10::Dispatcher::singleton()
                                     .findSchemaOrThrow("manylinux_kernel::fail", "")
                                     .typed<std::string(const std::string &, const at::Tensor &)>();
  try {
    if (what == "torch")
      return tensor.view({7, 7}).toString();
    if (what == "parser")
      return torch::schema("broken(").name();
    return fail_behind_torch.call(what, tensor);
  } catch (const c10::IndexError &error) {
    return std::string("IndexError: ") + error.what_without_backtrace();
  } catch (const c10::Error &error) {
    return std::string("c10::Error: ") + error.what_without_backtrace();
  } catch (const std::out_of_range &error) {
    return std::string("out_of_range: ") + error.what();
  } catch (const std::filesystem::filesystem_error &error) {
    return std::string("filesystem_error: ") + error.path1().string() + ' ' + error.code().message();
  } catch (const std::system_error &error) {
    return std::string("system_error: ") + error.what();
  } catch (const Own &error) {
    return std::string("Own: ") + error.what();
  } catch (const std::runtime_error &error) {
    return std::string("runtime_error: ") + error.what();
  } catch (const std::exception &error) {
    return std::string("exception: ") + error.what();
  }
}

std::string feature(const std::string &name) { return run_feature(name); }

} // namespace

TORCH_LIBRARY(manylinux_kernel, library) {
  library.def("features() -> str[]", &feature_names);
  library.def("feature(str name) -> str", &feature);
  library.def("fail(str how, Tensor tensor) -> str", &fail);
  library.def("catch_it(str what, Tensor tensor) -> str", &catch_it);
}

extern "C" PyObject *PyInit_manylinux_kernel() {
  static PyModuleDef module{};
  module.m_base = PyModuleDef_HEAD_INIT;
  module.m_name = "manylinux_kernel";
  module.m_size = -1;
  return PyModule_Create(&module);
}
