# Kernels that are tvm-ffi extensions: libraries that depend neither on Torch nor on the ABI of Python.

include_guard()

# What kernel.cmake asks of a framework.
macro(kernel_framework)
  kernel_facts(tvm-ffi _version.py)
  set(KERNEL_CXX_STANDARD 17)
  set(KERNEL_EXTENSION_DIR tvm-ffi-ext)
  if(WIN32)
    set(KERNEL_LIBRARY_SUFFIX .dll)
  elseif(APPLE)
    set(KERNEL_LIBRARY_SUFFIX .dylib)
  else()
    set(KERNEL_LIBRARY_SUFFIX .so)
  endif()
  set(KERNEL_DEFINITIONS "")
  add_library(kernel_headers INTERFACE)
  target_include_directories(kernel_headers SYSTEM INTERFACE "${KERNEL_FRAMEWORK_ROOT}/include")
  add_library(kernel_libraries INTERFACE)
  target_link_libraries(kernel_libraries INTERFACE "${KERNEL_TVM_FFI_LIBRARY}")
endmacro()
