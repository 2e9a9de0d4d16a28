// Registers a kernel's operators and makes its library a Python module. Written by kernel-builder.
//
//   TORCH_LIBRARY_EXPAND(TORCH_EXTENSION_NAME, ops) { ops.def("..."); }
//   TORCH_LIBRARY_IMPL_EXPAND(TORCH_EXTENSION_NAME, CPU, ops) { ops.impl("...", &function); }
//   REGISTER_EXTENSION(TORCH_EXTENSION_NAME)
//
// STABLE_TORCH_LIBRARY_EXPAND and STABLE_TORCH_LIBRARY_IMPL_EXPAND are the same for the stable ABI of Torch. The
// EXPAND forms exist because Torch's own macros paste their arguments before the preprocessor looks into them.

#pragma once

#include <cstddef>

#define KERNEL_CONCAT_(A, B) A##B
#define KERNEL_CONCAT(A, B) KERNEL_CONCAT_(A, B)
#define KERNEL_STRINGIFY_(A) #A
#define KERNEL_STRINGIFY(A) KERNEL_STRINGIFY_(A)

#define TORCH_LIBRARY_EXPAND(NAME, MODULE) TORCH_LIBRARY(NAME, MODULE)
#define TORCH_LIBRARY_IMPL_EXPAND(NAME, DEVICE, MODULE) TORCH_LIBRARY_IMPL(NAME, DEVICE, MODULE)
#define STABLE_TORCH_LIBRARY_EXPAND(NAME, MODULE) STABLE_TORCH_LIBRARY(NAME, MODULE)
#define STABLE_TORCH_LIBRARY_IMPL_EXPAND(NAME, DEVICE, MODULE) STABLE_TORCH_LIBRARY_IMPL(NAME, DEVICE, MODULE)

#if __has_include(<Python.h>)

#include <Python.h>

// The module is empty: loading the library registers the operators, importing it is how Python loads it.
#define REGISTER_EXTENSION(NAME)                                                                  \
  PyMODINIT_FUNC KERNEL_CONCAT(PyInit_, NAME)(void) {                                             \
    static struct PyModuleDef module = {                                                          \
        PyModuleDef_HEAD_INIT, KERNEL_STRINGIFY(NAME), nullptr, 0, nullptr, nullptr, nullptr, nullptr, nullptr}; \
    return PyModule_Create(&module);                                                              \
  }

#else

// Python's headers are not installed. A module needs one structure and one function of the stable ABI, whose layout
// the limited API of Python 3.9 fixes: https://docs.python.org/3/c-api/stable.html
namespace kernel_python {

struct Object {
  std::ptrdiff_t reference_count;
  void *type;
};

struct ModuleDefinition {
  Object base;
  Object *(*init)();
  std::ptrdiff_t index;
  Object *copy;
  const char *name;
  const char *doc;
  std::ptrdiff_t size;
  void *methods, *slots, *traverse, *clear, *free;
};

constexpr int api_version = 3;  // what PyModule_Create passes under the limited API

}  // namespace kernel_python

#if defined(_WIN32)
#define KERNEL_EXPORT __declspec(dllexport)
#else
#define KERNEL_EXPORT __attribute__((visibility("default")))
#endif

extern "C" kernel_python::Object *PyModule_Create2(kernel_python::ModuleDefinition *, int);

#define REGISTER_EXTENSION(NAME)                                                                  \
  extern "C" KERNEL_EXPORT kernel_python::Object *KERNEL_CONCAT(PyInit_, NAME)(void) {            \
    static kernel_python::ModuleDefinition module = {                                             \
        {1, nullptr}, nullptr, 0, nullptr, KERNEL_STRINGIFY(NAME), nullptr, 0,                    \
        nullptr, nullptr, nullptr, nullptr, nullptr};                                             \
    return PyModule_Create2(&module, kernel_python::api_version);                                 \
  }

#endif
