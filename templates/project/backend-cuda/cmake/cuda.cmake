# Kernels in CUDA. The language is CMake's own; which devices each component is compiled for is said per component, and
# in full on nvcc's command line.
#
#   kernel_cuda_bounds(...)   the releases of CUDA that a kernel is for
#
# Settings that a person or a tool may pass with -D:
#
#   CMAKE_CUDA_COMPILER       the path of nvcc; that of CUDACXX or PATH when not given
#   KERNEL_ALL_ARCHS          ON compiles components that name no capabilities for every device that builds are published
#                             for; OFF, as when not given, for the devices of this machine
#   KERNEL_NVCC_THREADS       for how many devices one nvcc compiles at once; two when not given

include_guard()
include(capabilities)
include(cuda-data)

macro(kernel_backend)
  # Which devices are meant, each component says.
  set(CMAKE_CUDA_ARCHITECTURES OFF)
  enable_language(CUDA)
  if(NOT CMAKE_CUDA_COMPILER_ID STREQUAL "NVIDIA")
    message(FATAL_ERROR "Kernels for cuda are compiled by nvcc; the compiler is ${CMAKE_CUDA_COMPILER}.")
  endif()
  string(REGEX MATCH "^[0-9]+\\.[0-9]+" KERNEL_CUDA_VERSION "${CMAKE_CUDA_COMPILER_VERSION}")
  _kernel_check_cuda_of_torch()
  set(CMAKE_CUDA_STANDARD ${KERNEL_CXX_STANDARD})
  set(CMAKE_CUDA_STANDARD_REQUIRED ON)
  set(CMAKE_CUDA_EXTENSIONS OFF)
  set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
  set(KERNEL_SOURCE_PATTERN "\\.(cc|cpp|cxx|cu)$")
  set(KERNEL_ACCELERATOR_COMPILER "nvcc ${CMAKE_CUDA_COMPILER_VERSION}")
  list(APPEND KERNEL_DEFINITIONS USE_CUDA=1)
  _kernel_cuda_flags()
  _kernel_cuda_runtime()
endmacro()

# Leaves out a component for a newer CUDA, and finds the capabilities of the others.
macro(kernel_backend_component)
  set(KERNEL_CUDA_CAPABILITIES "")
  if(component_CUDA_MINVER AND KERNEL_CUDA_VERSION VERSION_LESS component_CUDA_MINVER)
    message(STATUS "${id}: left out, since it needs CUDA ${component_CUDA_MINVER} and this is CUDA ${KERNEL_CUDA_VERSION}")
    set(component_SOURCES "")
  elseif(component_CUDA_CAPABILITIES)
    _kernel_cuda_requested(KERNEL_CUDA_CAPABILITIES "${id}" "${component_CUDA_CAPABILITIES}")
  elseif(KERNEL_ALL_ARCHS)
    set(KERNEL_CUDA_CAPABILITIES ${KERNEL_CUDA_DEFAULTS_${KERNEL_CUDA_LIST}})
  else()
    _kernel_cuda_here(KERNEL_CUDA_CAPABILITIES)
  endif()
endmacro()

macro(kernel_backend_target target)
  set(_cuda_sources ${component_SOURCES})
  list(FILTER _cuda_sources INCLUDE REGEX "\\.cu$")
  if(_cuda_sources)
    foreach(_capability IN LISTS KERNEL_CUDA_CAPABILITIES)
      _kernel_cuda_gencode(${target} "${_capability}")
    endforeach()
    set_property(GLOBAL APPEND PROPERTY KERNEL_CUDA_CAPABILITIES ${KERNEL_CUDA_CAPABILITIES})
    kernel_language_options(${target} CUDA ${KERNEL_CUDA_FLAGS})
    set(_flags "${component_CUDA_FLAGS}")
    if(KERNEL_CUDA_VERSION VERSION_LESS 12.8)
      # The nvcc of CUDA 12.8 is the first that knows it.
      string(REGEX REPLACE " ?-?-static-global-template-stub[= ](true|false)" "" _flags "${_flags}")
    endif()
    kernel_author_options(${target} CUDA "${_flags}")
    if(KERNEL_CUDA_HAS_SEED)
      foreach(_source IN LISTS _cuda_sources)
        cmake_path(ABSOLUTE_PATH _source BASE_DIRECTORY "${KERNEL_SOURCE_DIR}" OUTPUT_VARIABLE _path)
        set_property(
          SOURCE "${_path}" PROPERTY COMPILE_OPTIONS "-frandom-seed=${_source}"
                                     "-Xcudafe=--orig_src_path_name='/${_source}'"
        )
      endforeach()
    endif()
  endif()
endmacro()

# Sets KERNEL_ARCHS to what the components are compiled for, all taken together.
macro(kernel_backend_library target)
  get_property(KERNEL_ARCHS GLOBAL PROPERTY KERNEL_CUDA_CAPABILITIES)
  list(REMOVE_DUPLICATES KERNEL_ARCHS)
  list(SORT KERNEL_ARCHS COMPARE NATURAL)
endmacro()

# kernel_cuda_bounds([MINVER version] [MAXVER version])
#
# Fails when the CUDA of the compiler lies outside the bounds, which are compared on as many components as they have.
# Does nothing when another backend is being built.
function(kernel_cuda_bounds)
  cmake_parse_arguments(PARSE_ARGV 0 bound "" "MINVER;MAXVER" "")
  if(NOT KERNEL_BACKEND STREQUAL "cuda")
    return()
  endif()
  kernel_check_version(CUDA "${KERNEL_CUDA_VERSION}" OLDER "${bound_MINVER}" "or later")
  kernel_check_version(CUDA "${KERNEL_CUDA_VERSION}" NEWER "${bound_MAXVER}" "or earlier")
endfunction()

# Sets the output to the capabilities that a component is compiled for, of those that it names.
function(_kernel_cuda_requested output id requested)
  set(targets ${KERNEL_CUDA_DEFAULTS_${KERNEL_CUDA_LIST}})
  set(said "kernel.${id}.cuda-capabilities of build.toml")
  foreach(capability IN LISTS requested)
    string(REGEX REPLACE "([af]?)(\\+PTX)?$" "" number "${capability}")
    if(NOT number IN_LIST KERNEL_CUDA_KNOWN)
      list(JOIN KERNEL_CUDA_KNOWN ", " known)
      message(FATAL_ERROR "${said} names ${capability}, which is no CUDA capability; there are ${known}.")
    endif()
  endforeach()
  kernel_cuda_intersection(found "${requested}" "${targets}")
  list(JOIN targets ", " builds)
  if(NOT found)
    list(JOIN requested ", " asked)
    message(
      FATAL_ERROR "${said} names ${asked}, and CUDA ${KERNEL_CUDA_VERSION} builds for ${builds}: nothing is left. Add a "
                  "capability of these, or cuda-minver for a component that an older CUDA cannot compile."
    )
  endif()
  list(JOIN found ", " used)
  foreach(capability IN LISTS found)
    if(capability VERSION_LESS KERNEL_CUDA_OLDEST_${KERNEL_CUDA_LIST})
      message(
        FATAL_ERROR "${said} names ${capability}, which is too old for CUDA ${KERNEL_CUDA_VERSION}: add "
                    "${KERNEL_CUDA_OLDEST_${KERNEL_CUDA_LIST}}."
      )
    elseif(capability MATCHES "f" AND KERNEL_CUDA_VERSION VERSION_LESS KERNEL_CUDA_FAMILIES)
      message(
        FATAL_ERROR "${said} names ${capability}; variants 'f' came with CUDA ${KERNEL_CUDA_FAMILIES}, and this is CUDA "
                    "${KERNEL_CUDA_VERSION}: use 'a', or set cuda-minver."
      )
    endif()
  endforeach()
  foreach(capability IN LISTS requested)
    if(NOT capability IN_LIST found)
      set(words "kernel.${id}: CUDA ${KERNEL_CUDA_VERSION} does not build for ${capability}; compiled for ${used}")
      if(capability MATCHES "[af]")
        # Nothing else can stand for it: the code for this device will be missing.
        message(WARNING "${words}")
      else()
        message(STATUS "${words}")
      endif()
    endif()
  endforeach()
  set(${output} "${found}" PARENT_SCOPE)
endfunction()

# Sets the output to the capabilities of this machine's devices, or to the defaults where there are none.
function(_kernel_cuda_here output)
  set(found "")
  find_program(KERNEL_NVIDIA_SMI nvidia-smi)
  if(KERNEL_NVIDIA_SMI)
    execute_process(
      COMMAND "${KERNEL_NVIDIA_SMI}" --query-gpu=compute_cap --format=csv,noheader
      OUTPUT_VARIABLE answer
      ERROR_QUIET
    )
    string(REGEX MATCHALL "[0-9]+\\.[0-9]" found "${answer}")
    list(REMOVE_DUPLICATES found)
  endif()
  if(NOT found)
    set(found ${KERNEL_CUDA_DEFAULTS_${KERNEL_CUDA_LIST}})
    message(STATUS "There is no CUDA device here, so that all that builds are published for are compiled for.")
  endif()
  set(${output} "${found}" PARENT_SCOPE)
endfunction()

# Lets nvcc make machine code for a capability, and with PTX also what drivers compile for later devices.
function(_kernel_cuda_gencode target capability)
  string(REGEX REPLACE "\\+PTX$" "" number "${capability}")
  string(REPLACE "." "" number "${number}")
  kernel_language_options(${target} CUDA "-gencode=arch=compute_${number},code=sm_${number}")
  if(capability MATCHES "\\+PTX$")
    kernel_language_options(${target} CUDA "-gencode=arch=compute_${number},code=compute_${number}")
  endif()
endfunction()

# Collects the flags of every source in CUDA.
macro(_kernel_cuda_flags)
  foreach(_oldest IN LISTS KERNEL_CUDA_LISTS)
    if(KERNEL_CUDA_VERSION VERSION_GREATER_EQUAL _oldest)
      set(KERNEL_CUDA_LIST ${_oldest})
      break()
    endif()
  endforeach()
  if(NOT KERNEL_NVCC_THREADS)
    set(KERNEL_NVCC_THREADS 2)
  endif()
  # constexpr functions of the host may be called on the device, as Torch's headers do. Kernels that have code for FP8
  # ask for ENABLE_FP8. The warning is about `module` as a name in Torch's headers, a word of C++20.
  set(KERNEL_CUDA_FLAGS --expt-relaxed-constexpr -DENABLE_FP8 --threads=${KERNEL_NVCC_THREADS} -diag-suppress=3189)
  if(KERNEL_HAS_NO_GNU_UNIQUE)
    list(APPEND KERNEL_CUDA_FLAGS "-Xcompiler=-fno-gnu-unique")
  endif()
  foreach(_map IN LISTS KERNEL_PREFIX_MAPS)
    # nvcc divides at commas, and hands the rest to a shell.
    string(REPLACE "," "\\," _map "${_map}")
    list(APPEND KERNEL_CUDA_FLAGS "-Xcompiler='${_map}'")
  endforeach()
  # Names of what is local to a source are made of random numbers, and of the path of the source, unless nvcc and the
  # front end that it calls are told others.
  file(WRITE "${CMAKE_BINARY_DIR}/seed.cu" "")
  execute_process(
    COMMAND "${CMAKE_CUDA_COMPILER}" --dryrun -frandom-seed=1 -c "${CMAKE_BINARY_DIR}/seed.cu"
    OUTPUT_VARIABLE _commands
    ERROR_VARIABLE _commands
  )
  if(_commands MATCHES "--orig_src_path_name")
    set(KERNEL_CUDA_HAS_SEED TRUE)
  endif()
endmacro()

# Adds CUDA's headers for the sources in C++, and its run-time library.
macro(_kernel_cuda_runtime)
  target_include_directories(kernel_headers SYSTEM INTERFACE ${CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES})
  find_library(
    KERNEL_CUDART
    NAMES cudart
    PATHS ${CMAKE_CUDA_HOST_IMPLICIT_LINK_DIRECTORIES} ${CMAKE_CUDA_IMPLICIT_LINK_DIRECTORIES}
    NO_DEFAULT_PATH NO_CACHE REQUIRED
  )
  target_link_libraries(kernel_libraries INTERFACE "${KERNEL_CUDART}")
endmacro()

# Fails when nvcc is of another CUDA than Torch: the build is named after the CUDA of Torch.
function(_kernel_check_cuda_of_torch)
  if(KERNEL_TORCH_CUDA AND NOT KERNEL_CUDA_VERSION VERSION_EQUAL KERNEL_TORCH_CUDA)
    message(
      FATAL_ERROR "Torch ${KERNEL_FRAMEWORK_VERSION} is for CUDA ${KERNEL_TORCH_CUDA}, and ${CMAKE_CUDA_COMPILER} is of "
                  "CUDA ${KERNEL_CUDA_VERSION}. Name the nvcc of CUDA ${KERNEL_TORCH_CUDA} with CUDACXX or "
                  "-DCMAKE_CUDA_COMPILER=…, or install a Torch for CUDA ${KERNEL_CUDA_VERSION}."
    )
  endif()
endfunction()
