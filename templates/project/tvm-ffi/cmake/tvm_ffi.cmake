# Kernels that are tvm-ffi extensions: libraries that depend neither on Torch nor on the ABI of Python.

include_guard()

# What kernel.cmake asks of a framework before project(): tvm-ffi is for every backend, so that the compilers decide.
macro(kernel_framework_facts)
  kernel_facts(tvm-ffi _version.py)
  set(KERNEL_INSTALLED_FOR "")
  find_program(
    KERNEL_ICPX icpx
    HINTS "$ENV{CMPLR_ROOT}/bin"
    PATHS "$ENV{ONEAPI_ROOT}/compiler/latest/bin" /opt/intel/oneapi/compiler/latest/bin
    NO_CACHE
  )
  find_program(KERNEL_NVCC nvcc HINTS ENV CUDA_HOME ENV CUDA_PATH PATHS /usr/local/cuda PATH_SUFFIXES bin NO_CACHE)
  if(KERNEL_ICPX)
    list(APPEND KERNEL_INSTALLED_FOR xpu)
  endif()
  if(KERNEL_NVCC OR DEFINED ENV{CUDACXX})
    list(APPEND KERNEL_INSTALLED_FOR cuda)
  endif()
  list(APPEND KERNEL_INSTALLED_FOR cpu)
endmacro()

# What kernel.cmake asks of a framework.
macro(kernel_framework)
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
