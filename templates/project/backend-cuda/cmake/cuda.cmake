# Kernels in CUDA. The language is CMake's own; which devices each component is compiled for is said per component, and
# in full on nvcc's command line.
#
#   kernel_cuda_bounds(...)   the releases of CUDA that a kernel is for
#
# Settings that a person or a tool may pass with -D:
#
#   CMAKE_CUDA_COMPILER       the path of nvcc; that of CUDACXX or PATH when not given
#   CMAKE_CUDA_HOST_COMPILER  the compiler that nvcc calls; that of CUDAHOSTCXX, or for C++, when not given
#   KERNEL_ALL_ARCHS          ON compiles components that name no capabilities for every device that builds are usually
#                             for; OFF, as when not given, for the devices of this machine
#   KERNEL_NVCC_THREADS       for how many devices one nvcc compiles at once; when not given, as many as let each core
#                             have something to do while all sources are compiled

include_guard()
include(capabilities)
include(cuda-data)

macro(kernel_backend)
  foreach(_folder IN ITEMS "${CMAKE_CURRENT_SOURCE_DIR}" "${CMAKE_BINARY_DIR}" "${KERNEL_SOURCE_DIR}"
                           "${KERNEL_FRAMEWORK_ROOT}"
  )
    _kernel_cuda_check_path("${_folder}")
  endforeach()
  # Which devices are meant, each component says; and the run-time library is linked by its path.
  set(CMAKE_CUDA_ARCHITECTURES OFF)
  set(CMAKE_CUDA_RUNTIME_LIBRARY None)
  if(NOT CMAKE_CUDA_HOST_COMPILER AND NOT DEFINED ENV{CUDAHOSTCXX})
    set(CMAKE_CUDA_HOST_COMPILER "${CMAKE_CXX_COMPILER}")
  endif()
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
  _kernel_cuda_runtime()
  _kernel_cuda_flags()
endmacro()

# Leaves out a component for a newer CUDA, and finds the capabilities of the others that have something in CUDA.
macro(kernel_backend_component)
  set(KERNEL_CUDA_CAPABILITIES "")
  set(KERNEL_CUDA_SOURCES ${component_SOURCES})
  list(FILTER KERNEL_CUDA_SOURCES INCLUDE REGEX "\\.cu$")
  if(component_CUDA_MINVER AND KERNEL_CUDA_VERSION VERSION_LESS component_CUDA_MINVER)
    message(STATUS "${id}: left out, since it needs CUDA ${component_CUDA_MINVER}; this is CUDA ${KERNEL_CUDA_VERSION}")
    set(component_SOURCES "")
  elseif(NOT KERNEL_CUDA_SOURCES)
    # There is no code for devices.
  elseif(component_CUDA_CAPABILITIES)
    _kernel_cuda_requested(KERNEL_CUDA_CAPABILITIES "${id}" "${component_CUDA_CAPABILITIES}")
  elseif(KERNEL_ALL_ARCHS)
    set(KERNEL_CUDA_CAPABILITIES ${KERNEL_CUDA_DEFAULTS_${KERNEL_CUDA_LIST}})
  else()
    _kernel_cuda_here(KERNEL_CUDA_CAPABILITIES)
  endif()
endmacro()

macro(kernel_backend_target target)
  if(KERNEL_CUDA_SOURCES)
    foreach(_capability IN LISTS KERNEL_CUDA_CAPABILITIES)
      _kernel_cuda_gencode(${target} "${_capability}")
    endforeach()
    set_property(GLOBAL APPEND PROPERTY KERNEL_CUDA_CAPABILITIES ${KERNEL_CUDA_CAPABILITIES})
    set_property(GLOBAL APPEND PROPERTY KERNEL_CUDA_SOURCES ${KERNEL_CUDA_SOURCES})
    kernel_language_options(${target} CUDA ${KERNEL_CUDA_FLAGS})
    target_compile_options(
      ${target} PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:--threads=$<TARGET_PROPERTY:${KERNEL_OPS_ID},KERNEL_NVCC_THREADS>>"
    )
    _kernel_cuda_author_flags(_flags "${component_CUDA_FLAGS}")
    kernel_author_options(${target} CUDA "${_flags}")
    foreach(_path IN LISTS KERNEL_CUDA_SOURCES component_INCLUDES)
      _kernel_cuda_check_path("${_path}")
    endforeach()
    if(KERNEL_CUDA_HAS_SEED)
      foreach(_source IN LISTS KERNEL_CUDA_SOURCES)
        cmake_path(ABSOLUTE_PATH _source BASE_DIRECTORY "${KERNEL_SOURCE_DIR}" OUTPUT_VARIABLE _path)
        set_property(
          SOURCE "${_path}" PROPERTY COMPILE_OPTIONS "-frandom-seed=${_source}"
                                     "-Xcudafe=--orig_src_path_name='/${_source}'"
        )
      endforeach()
    endif()
  endif()
endmacro()

# Sets KERNEL_ARCHS to what the components are compiled for, all taken together, and shares out the cores.
macro(kernel_backend_library target)
  get_property(_capabilities GLOBAL PROPERTY KERNEL_CUDA_CAPABILITIES)
  kernel_cuda_union(KERNEL_ARCHS "${_capabilities}")
  set(_threads "${KERNEL_NVCC_THREADS}")
  if(NOT _threads)
    get_property(_cuda_sources GLOBAL PROPERTY KERNEL_CUDA_SOURCES)
    _kernel_cuda_threads(_threads "${_cuda_sources}" "${KERNEL_ARCHS}")
  endif()
  set_property(TARGET ${target} PROPERTY KERNEL_NVCC_THREADS ${_threads})
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
      FATAL_ERROR "${said} names ${asked}, and CUDA ${KERNEL_CUDA_VERSION} builds for ${builds}: nothing is left. Add "
                  "a capability of these, or cuda-minver for a component that an older CUDA cannot compile."
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
        FATAL_ERROR "${said} names ${capability}; variants 'f' came with CUDA ${KERNEL_CUDA_FAMILIES}, and this is "
                    "CUDA ${KERNEL_CUDA_VERSION}: use 'a', or set cuda-minver."
      )
    endif()
  endforeach()
  foreach(capability IN LISTS requested)
    set(words "kernel.${id}: CUDA ${KERNEL_CUDA_VERSION} does not build for ${capability}; compiled for ${used}")
    if(capability IN_LIST found OR "${capability}+PTX" IN_LIST found)
      continue()
    elseif(capability MATCHES "[af]")
      # Nothing else can stand for it: the code for this device will be missing.
      message(WARNING "${words}")
    elseif(NOT found MATCHES "(^|;)${capability}[af]")
      message(STATUS "${words}")
    endif()
  endforeach()
  set(${output} "${found}" PARENT_SCOPE)
endfunction()

# Sets the output to the capabilities of this machine's devices, or to the defaults where there are none.
function(_kernel_cuda_here output)
  get_property(found GLOBAL PROPERTY KERNEL_CUDA_HERE)
  if(NOT found)
    find_program(KERNEL_NVIDIA_SMI nvidia-smi NO_CACHE)
    if(KERNEL_NVIDIA_SMI)
      execute_process(
        COMMAND "${KERNEL_NVIDIA_SMI}" --query-gpu=compute_cap --format=csv,noheader
        OUTPUT_VARIABLE answer
        ERROR_QUIET
      )
    endif()
    execute_process(COMMAND "${CMAKE_CUDA_COMPILER}" --list-gpu-arch OUTPUT_VARIABLE listed)
    _kernel_cuda_usable(found "${answer}" "${listed}")
    if(NOT found)
      set(found ${KERNEL_CUDA_DEFAULTS_${KERNEL_CUDA_LIST}})
      message(STATUS "No CUDA device to compile for was found here; compiled for all that builds are usually for")
    endif()
    set_property(GLOBAL PROPERTY KERNEL_CUDA_HERE ${found})
  endif()
  set(${output} "${found}" PARENT_SCOPE)
endfunction()

# Sets the output to the capabilities in an answer of nvidia-smi (one on each line) that nvcc lists (as compute_90).
function(_kernel_cuda_usable output answer listed)
  set(found "")
  string(REGEX MATCHALL "[^\n]+" lines "${answer}")
  list(REMOVE_DUPLICATES lines)
  list(SORT lines COMPARE NATURAL)
  foreach(line IN LISTS lines)
    if(line MATCHES "^([0-9]+)\\.([0-9])$")
      set(number "${CMAKE_MATCH_1}${CMAKE_MATCH_2}")
      if(listed MATCHES "compute_${number}(\n|$)")
        list(APPEND found "${line}")
      else()
        message(STATUS "CUDA ${KERNEL_CUDA_VERSION} does not compile for a device of this machine, which has ${line}")
      endif()
    endif()
  endforeach()
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

# Sets the output to the flags of build.toml that this nvcc takes.
function(_kernel_cuda_author_flags output flags)
  if(KERNEL_CUDA_VERSION VERSION_LESS 12.8)
    # The nvcc of CUDA 12.8 is the first that knows it.
    string(REGEX REPLACE "([: ])--?static-global-template-stub[= ](true|false)( |$)" "\\1" flags "${flags}")
  endif()
  if(flags MATCHES "^SHELL: *$")
    set(flags "")
  endif()
  set(${output} "${flags}" PARENT_SCOPE)
endfunction()

# Sets the output to how many devices each nvcc compiles for at once, so that all of them use the cores that there are.
function(_kernel_cuda_threads output sources capabilities)
  cmake_host_system_information(RESULT cores QUERY NUMBER_OF_LOGICAL_CORES)
  list(LENGTH sources count)
  list(LENGTH capabilities threads)
  if(count GREATER 0)
    math(EXPR share "${cores} / ${count}")
  endif()
  if(count EQUAL 0 OR share LESS 1)
    set(threads 1)
  elseif(share LESS threads)
    set(threads ${share})
  endif()
  set(${output} ${threads} PARENT_SCOPE)
endfunction()

# Collects the flags of every source in CUDA.
macro(_kernel_cuda_flags)
  foreach(_oldest IN LISTS KERNEL_CUDA_LISTS)
    if(KERNEL_CUDA_VERSION VERSION_GREATER_EQUAL _oldest)
      set(KERNEL_CUDA_LIST ${_oldest})
      break()
    endif()
  endforeach()
  # constexpr functions of the host may be called on the device, as Torch's headers do. Kernels that have code for FP8
  # ask for ENABLE_FP8.
  set(KERNEL_CUDA_FLAGS --expt-relaxed-constexpr -DENABLE_FP8)
  if(KERNEL_CXX_STANDARD GREATER_EQUAL 20)
    # The warning is about `module` as a name in Torch's headers, a word of C++20.
    list(APPEND KERNEL_CUDA_FLAGS -diag-suppress=3189)
  endif()
  foreach(_flag IN LISTS KERNEL_COMMON_FLAGS)
    if(_flag MATCHES "^(-ffile-prefix-map=)(.*)")
      # nvcc hands on what it does not know, to a shell. As a value of -Xcompiler, a compiler cache would not know it
      # either, and find nothing that was compiled in another folder.
      list(APPEND KERNEL_CUDA_FLAGS "${CMAKE_MATCH_1}'${CMAKE_MATCH_2}'")
    else()
      list(APPEND KERNEL_CUDA_FLAGS "-Xcompiler=${_flag}")
    endif()
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
  if(KERNEL_HAS_PREFIX_MAP)
    list(GET CMAKE_CUDA_TOOLKIT_INCLUDE_DIRECTORIES 0 _folder)
    # The folder is often a link, which some compilers follow for the headers of the system.
    file(REAL_PATH "${_folder}" _real)
    list(APPEND KERNEL_COMMON_FLAGS "-ffile-prefix-map=${_folder}=cuda" "-ffile-prefix-map=${_real}=cuda")
  endif()
  find_library(
    KERNEL_CUDART
    NAMES cudart
    PATHS ${CMAKE_CUDA_HOST_IMPLICIT_LINK_DIRECTORIES} ${CMAKE_CUDA_IMPLICIT_LINK_DIRECTORIES}
    NO_DEFAULT_PATH NO_CACHE REQUIRED
  )
  target_link_libraries(kernel_libraries INTERFACE "${KERNEL_CUDART}")
endmacro()

# Fails when nvcc would take the path of a file or folder apart.
function(_kernel_cuda_check_path path)
  if(path MATCHES "[,'$]")
    message(FATAL_ERROR "nvcc cannot work in ${path}: the path has ${CMAKE_MATCH_0} in it. Choose a plainer name.")
  endif()
endfunction()

# Fails when nvcc is of another CUDA than Torch: the build is named after the CUDA of Torch.
function(_kernel_check_cuda_of_torch)
  if(KERNEL_TORCH_CUDA AND NOT KERNEL_CUDA_VERSION VERSION_EQUAL KERNEL_TORCH_CUDA)
    message(
      FATAL_ERROR "Torch ${KERNEL_FRAMEWORK_VERSION} is for CUDA ${KERNEL_TORCH_CUDA}, and ${CMAKE_CUDA_COMPILER} is "
                  "of CUDA ${KERNEL_CUDA_VERSION}. Name the nvcc of CUDA ${KERNEL_TORCH_CUDA} with CUDACXX or "
                  "-DCMAKE_CUDA_COMPILER=…, or install a Torch for CUDA ${KERNEL_CUDA_VERSION}."
    )
  endif()
endfunction()
