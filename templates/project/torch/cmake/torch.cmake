# Kernels that are Torch extensions. find_package(Torch) would take seconds and enable languages of its own, so that the
# facts of Torch are asked of Python.
#
#   kernel_torch_bounds(...)   the releases of Torch that a kernel is for
#   kernel_stable_abi(...)     restricts it to the stable ABI of Torch

include_guard()

# What kernel.cmake asks of a framework before project(): Torch is built for one accelerator, or none, and the CPU.
macro(kernel_framework_facts)
  kernel_facts(torch version.py)
  set(KERNEL_INSTALLED_FOR cpu)
  if(KERNEL_TORCH_CUDA)
    list(PREPEND KERNEL_INSTALLED_FOR cuda)
  elseif(KERNEL_TORCH_HIP)
    list(PREPEND KERNEL_INSTALLED_FOR rocm)
  elseif(KERNEL_TORCH_XPU)
    list(PREPEND KERNEL_INSTALLED_FOR xpu)
  elseif(KERNEL_TORCH_METAL)
    list(PREPEND KERNEL_INSTALLED_FOR metal)
  endif()
endmacro()

# What kernel.cmake asks of a framework.
macro(kernel_framework)
  # The headers of Torch 2.12 and later are written in C++20.
  if(KERNEL_FRAMEWORK_VERSION VERSION_LESS 2.12)
    set(KERNEL_CXX_STANDARD 17)
  else()
    set(KERNEL_CXX_STANDARD 20)
  endif()
  set(KERNEL_EXTENSION_DIR torch-ext)
  if(WIN32)
    set(KERNEL_LIBRARY_SUFFIX .pyd)
  else()
    set(KERNEL_LIBRARY_SUFFIX .abi3.so)
  endif()
  set(KERNEL_DEFINITIONS TORCH_EXTENSION_NAME=${KERNEL_OPS_ID} Py_LIMITED_API=0x03090000)
  _kernel_torch_targets()
endmacro()

# kernel_torch_bounds([MINVER version] [MAXVER version])
#
# Fails when the Torch that is installed lies outside the bounds, which are compared on as many components as they have.
function(kernel_torch_bounds)
  cmake_parse_arguments(PARSE_ARGV 0 bound "" "MINVER;MAXVER" "")
  kernel_check_version(Torch "${KERNEL_FRAMEWORK_VERSION}" OLDER "${bound_MINVER}" "or later")
  kernel_check_version(Torch "${KERNEL_FRAMEWORK_VERSION}" NEWER "${bound_MAXVER}" "or earlier")
endfunction()

# kernel_stable_abi(BACKEND backend VERSION version)
#
# Builds for the stable ABI of one Torch release, so that the kernel loads into that release and every later one. Does
# nothing when another backend is being built.
function(kernel_stable_abi)
  cmake_parse_arguments(PARSE_ARGV 0 abi "" "BACKEND;VERSION" "")
  if(NOT abi_BACKEND STREQUAL KERNEL_BACKEND)
    return()
  endif()
  kernel_check_version(Torch "${KERNEL_FRAMEWORK_VERSION}" OLDER "${abi_VERSION}" "or later for its stable ABI")
  # Torch's headers hide what is newer than this: the major version in the highest byte, the minor in the next.
  string(REGEX MATCHALL "[0-9]+" parts "${abi_VERSION}.0")
  list(GET parts 0 major)
  list(GET parts 1 minor)
  math(EXPR target "(${major} << 56) | (${minor} << 48)" OUTPUT_FORMAT HEXADECIMAL)
  add_compile_definitions(TORCH_TARGET_VERSION=${target})
endfunction()

function(_kernel_torch_targets)
  set(root "${KERNEL_FRAMEWORK_ROOT}")
  add_library(kernel_headers INTERFACE)
  target_include_directories(
    kernel_headers SYSTEM INTERFACE "${root}/include" "${root}/include/torch/csrc/api/include"
  )
  if(KERNEL_PYTHON_INCLUDE)
    target_include_directories(kernel_headers SYSTEM INTERFACE "${KERNEL_PYTHON_INCLUDE}")
  endif()
  if(KERNEL_TORCH_CXX11_ABI STREQUAL "0")
    target_compile_definitions(kernel_headers INTERFACE _GLIBCXX_USE_CXX11_ABI=0)
  endif()

  # Torch's own libraries for the backend come first: they are the ones that the kernel calls.
  set(backend_cuda c10_cuda torch_cuda)
  set(backend_rocm c10_hip torch_hip)
  set(backend_xpu c10_xpu torch_xpu)
  add_library(kernel_libraries INTERFACE)
  foreach(name IN ITEMS ${backend_${KERNEL_BACKEND}} c10 torch_cpu torch)
    find_library(
      KERNEL_LIBRARY_${name}
      NAMES ${name}
      PATHS "${root}/lib"
      NO_DEFAULT_PATH NO_CACHE
    )
    if(NOT KERNEL_LIBRARY_${name})
      message(
        FATAL_ERROR "The Torch in ${root} has no library ${name}: it is not one for ${KERNEL_BACKEND}. Install a build "
                    "of Torch ${KERNEL_FRAMEWORK_VERSION} for ${KERNEL_BACKEND}."
      )
    endif()
    target_link_libraries(kernel_libraries INTERFACE "${KERNEL_LIBRARY_${name}}")
  endforeach()
  if(WIN32)
    target_link_libraries(kernel_libraries INTERFACE "${KERNEL_PYTHON_LIBRARY}")
  elseif(APPLE)
    # Python's own symbols come from the interpreter that loads the kernel.
    target_link_options(kernel_libraries INTERFACE "LINKER:-undefined,dynamic_lookup")
  endif()
endfunction()
