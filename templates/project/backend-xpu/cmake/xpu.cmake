# Kernels in SYCL for Intel's GPUs. All sources, the bindings too, are compiled by icpx, the DPC++ compiler of oneAPI,
# which is the project's C++ compiler: it compiles each for the devices and for the host.
#
# The flags are in xpu.json, each with the reason for it and where it is documented, and so is what depends on the
# release of oneAPI. A component's `sycl-flags` come after those for compiling; device code for GPUs that are known
# ahead of time is made while linking.
#
# Settings that a person or a tool may pass with -D:
#
#   CMAKE_CXX_COMPILER   the path of icpx (icx on Windows); looked for when not given
#   KERNEL_XPU_DEVICES   the GPUs to compile for ahead of time, by the names of ocloc, instead of those that builds for
#                        the Hub have; `none` leaves everything to the driver, and needs no ocloc
#
# oneDNN is linked where the environment variable DNNLROOT names it, as setvars.sh of oneAPI does; a kernel that takes
# nothing of it does not need it afterwards.

include_guard()

# icpx is chosen before project(), which looks for the C++ compiler.
macro(kernel_backend_before_project)
  if(NOT CMAKE_CXX_COMPILER)
    _kernel_find_icpx()
  endif()
endmacro()

# Sets KERNEL_XPU_COMPILE_FLAGS. What the link needs is known when all components are.
macro(kernel_backend)
  _kernel_check_icpx()
  _kernel_xpu_devices(_devices devices)
  _kernel_xpu_flags(KERNEL_XPU_COMPILE_FLAGS compile "${_devices}")
  _kernel_xpu_onednn()
  list(APPEND KERNEL_DEFINITIONS USE_XPU)
  set(KERNEL_ACCELERATOR_COMPILER "icpx ${CMAKE_CXX_COMPILER_VERSION}")
endmacro()

# A library that one component depends on decides over the device code of all, which is linked as one; of what they
# were compiled to, the link takes what it needs.
macro(kernel_backend_component)
  if("sycl_tla" IN_LIST component_DEPENDS)
    set_property(GLOBAL PROPERTY KERNEL_XPU_SYCL_TLA TRUE)
  endif()
endmacro()

macro(kernel_backend_target target)
  kernel_language_options(${target} CXX ${KERNEL_XPU_COMPILE_FLAGS})
  kernel_author_options(${target} CXX "${component_SYCL_FLAGS}")
endmacro()

# Links the device code: the flags for linking, and those for ocloc as the one word that follows an option.
function(kernel_backend_library target)
  get_property(sycl_tla GLOBAL PROPERTY KERNEL_XPU_SYCL_TLA)
  if(sycl_tla)
    _kernel_xpu_devices(devices sycl-tla devices)
  else()
    _kernel_xpu_devices(devices devices)
  endif()
  _kernel_xpu_flags(flags link "${devices}")
  target_link_options(${target} PRIVATE ${flags})
  if(devices)
    list(JOIN devices "," names)
    _kernel_check_ocloc("${names}")
    _kernel_xpu_flags(offline offline "${devices}")
    list(TRANSFORM offline PREPEND "-options ")
    list(JOIN offline " " options)
    target_link_options(${target} PRIVATE "SHELL:-Xsycl-target-backend=spir64_gen \"-device ${names} ${options}\"")
  endif()
  if(sycl_tla)
    _kernel_xpu_list(extensions sycl-tla spirv-extensions)
    list(TRANSFORM extensions PREPEND "+")
    list(JOIN extensions "," enabled)
    target_link_options(${target} PRIVATE "SHELL:-Xspirv-translator -spirv-ext=${enabled}")
  endif()
endfunction()

# Sets CMAKE_CXX_COMPILER to the icpx that a variable names, that is on PATH, or that is installed in the usual place.
function(_kernel_find_icpx)
  set(name icpx)
  if(CMAKE_HOST_WIN32)
    set(name icx)
  endif()
  if("$ENV{CXX}" MATCHES "(^|[/\\\\])icp?x(\\.exe)?$")
    set(name "$ENV{CXX}")
  endif()
  find_program(
    icpx
    NAMES ${name}
    HINTS ENV CMPLR_ROOT
    PATHS ENV PATH ENV ONEAPI_ROOT /opt/intel/oneapi "C:/Program Files (x86)/Intel/oneAPI"
    PATH_SUFFIXES bin compiler/latest/bin
    NO_DEFAULT_PATH NO_CACHE
  )
  if(NOT icpx)
    message(
      FATAL_ERROR "Kernels for xpu are compiled by ${name} of Intel's oneAPI, which was not found (CXX, CMPLR_ROOT, "
                  "PATH, ONEAPI_ROOT, /opt/intel/oneapi). Install its DPC++ compiler, or name it with "
                  "-DCMAKE_CXX_COMPILER=…/${name}."
    )
  endif()
  set(CMAKE_CXX_COMPILER "${icpx}" CACHE FILEPATH "The C++ compiler")
endfunction()

# Fails when the C++ compiler is not icpx, or one of another oneAPI than the framework: each has a libsycl of its own.
function(_kernel_check_icpx)
  if(NOT CMAKE_CXX_COMPILER_ID STREQUAL "IntelLLVM")
    message(
      FATAL_ERROR "Kernels for xpu are compiled by icpx of Intel's oneAPI; the C++ compiler is "
                  "${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION} (${CMAKE_CXX_COMPILER}). Configure into an "
                  "empty folder with -DCMAKE_CXX_COMPILER=…/icpx."
    )
  endif()
  _kernel_xpu_json(oldest releases 0 oneapi)
  string(REGEX MATCH "^[0-9]+\\.[0-9]+" release "${CMAKE_CXX_COMPILER_VERSION}")
  if(release VERSION_LESS oldest)
    message(
      FATAL_ERROR "Kernels for xpu need icpx of oneAPI ${oldest} or later; ${CMAKE_CXX_COMPILER} is of oneAPI "
                  "${release}."
    )
  endif()
  # Torch writes the date of its oneAPI as a number: 20250302 is 2025.3.2.
  if(KERNEL_TORCH_XPU MATCHES "^([0-9][0-9][0-9][0-9])0?([0-9]+)[0-9][0-9]$")
    set(wanted "${CMAKE_MATCH_1}.${CMAKE_MATCH_2}")
    if(NOT release VERSION_EQUAL wanted)
      message(
        FATAL_ERROR "Torch is for oneAPI ${wanted}, and ${CMAKE_CXX_COMPILER} is of oneAPI ${release}; each has a "
                    "SYCL library of its own. Install the DPC++ compiler of oneAPI ${wanted}, or a Torch for "
                    "${release}."
      )
    endif()
  endif()
endfunction()

# Fails when ocloc is not where icpx looks for it: without it, all would be compiled, and then fail in other words. Only
# on Windows does it come with oneAPI.
function(_kernel_check_ocloc devices)
  if(WIN32)
    return()
  endif()
  cmake_path(GET CMAKE_CXX_COMPILER PARENT_PATH folder)
  find_program(
    ocloc
    NAMES ocloc
    PATHS "${folder}" "${folder}/compiler" ENV PATH
    NO_DEFAULT_PATH NO_CACHE
  )
  if(NOT ocloc)
    message(
      FATAL_ERROR "Code for ${devices} is made by ocloc of Intel's compute runtime, which is neither on PATH nor "
                  "beside ${CMAKE_CXX_COMPILER}. Install it (the package is often called intel-ocloc), or pass "
                  "-DKERNEL_XPU_DEVICES=none to leave all compiling to the driver of the GPU."
    )
  endif()
endfunction()

function(_kernel_xpu_onednn)
  find_library(
    onednn
    NAMES dnnl
    PATHS "$ENV{DNNLROOT}/lib"
    NO_DEFAULT_PATH NO_CACHE
  )
  if(onednn)
    target_include_directories(kernel_headers SYSTEM INTERFACE "$ENV{DNNLROOT}/include")
    if(WIN32)
      target_link_libraries(kernel_libraries INTERFACE "${onednn}")
    else()
      target_link_libraries(
        kernel_libraries INTERFACE "-Wl,--push-state,--as-needed" "${onednn}" "-Wl,--pop-state"
      )
    endif()
  endif()
endfunction()

# Sets a variable to the GPUs that code is compiled for ahead of time: those that were asked for, or those in xpu.json
# under keys of the compiler's release.
function(_kernel_xpu_devices output)
  if(KERNEL_XPU_DEVICES STREQUAL "none")
    set(devices "")
  elseif(KERNEL_XPU_DEVICES)
    set(devices ${KERNEL_XPU_DEVICES})
  else()
    _kernel_xpu_length(count releases)
    math(EXPR last "${count} - 1")
    foreach(index RANGE ${last})
      _kernel_xpu_json(oneapi releases ${index} oneapi)
      if(CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL oneapi)
        _kernel_xpu_list(devices releases ${index} ${ARGN})
      endif()
    endforeach()
  endif()
  set(${output} "${devices}" PARENT_SCOPE)
endfunction()

# Sets a variable to the flags of a list in xpu.json, for code that is compiled ahead of time for some devices or none.
function(_kernel_xpu_flags output key devices)
  set(TARGETS spir64)
  if(devices)
    set(TARGETS spir64_gen,spir64)
  endif()
  set(flags "")
  _kernel_xpu_length(count ${key})
  math(EXPR last "${count} - 1")
  foreach(index RANGE ${last})
    _kernel_xpu_json(flag ${key} ${index} flag)
    if(WIN32)
      _kernel_xpu_json(spelled ${key} ${index} windows)
      if(spelled)
        set(flag "${spelled}")
      endif()
    endif()
    string(CONFIGURE "${flag}" flag @ONLY)
    list(APPEND flags "${flag}")
  endforeach()
  set(${output} "${flags}" PARENT_SCOPE)
endfunction()

# Sets a variable to the texts of a list in xpu.json.
function(_kernel_xpu_list output)
  set(texts "")
  _kernel_xpu_length(count ${ARGN})
  if(count GREATER 0)
    math(EXPR last "${count} - 1")
    foreach(index RANGE ${last})
      _kernel_xpu_json(text ${ARGN} ${index})
      list(APPEND texts "${text}")
    endforeach()
  endif()
  set(${output} "${texts}" PARENT_SCOPE)
endfunction()

# Sets a variable to the number of items of a list in xpu.json.
function(_kernel_xpu_length output)
  file(READ "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/xpu.json" facts)
  string(JSON length LENGTH "${facts}" ${ARGN})
  set(${output} "${length}" PARENT_SCOPE)
endfunction()

# Sets a variable to what is under some keys in xpu.json; to nothing when there is nothing.
function(_kernel_xpu_json output)
  file(READ "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/xpu.json" facts)
  string(JSON value ERROR_VARIABLE problem GET "${facts}" ${ARGN})
  if(problem)
    set(value "")
  endif()
  set(${output} "${value}" PARENT_SCOPE)
endfunction()
