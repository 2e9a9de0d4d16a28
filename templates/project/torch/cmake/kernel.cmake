# The parts that a kernel's CMakeLists.txt is put together from.
#
#   kernel_project(...)    names the kernel, finds Torch, chooses the backend
#   kernel_stable_abi(...) restricts it to the stable ABI of Torch
#   kernel_component(...)  compiles the sources of one backend with one set of flags
#   kernel_extension(...)  compiles the bindings and links everything into <ops id>.abi3.so
#
# Settings that a person or a tool may pass with -D:
#
#   KERNEL_BACKEND       the backend to build for; the first of the project's when not given
#   KERNEL_TORCH_FACTS   a file with the facts of Torch (see torch.cmake); asked of the active Python when not given
#   KERNEL_SOURCE_DIR    where the sources are; the folder of CMakeLists.txt when not given

include_guard()
include(CheckCXXCompilerFlag)
include(torch)

# kernel_project(MODULE name UNIQUE_ID id BACKENDS backend... [TORCH_MINVER v] [TORCH_MAXVER v])
#
# Sets KERNEL_MODULE, KERNEL_BACKEND and KERNEL_OPS_ID, and the defaults of every target. Fails when the Torch that is
# installed lies outside the bounds, which are compared on as many components as they have.
macro(kernel_project)
  cmake_parse_arguments(_project "" "MODULE;UNIQUE_ID;TORCH_MINVER;TORCH_MAXVER" "BACKENDS" ${ARGN})
  kernel_find_torch()
  _kernel_check_torch(OLDER "${_project_TORCH_MINVER}" "or later")
  _kernel_check_torch(NEWER "${_project_TORCH_MAXVER}" "or earlier")
  _kernel_choose_backend(${_project_BACKENDS})

  set(KERNEL_MODULE "${_project_MODULE}")
  set(KERNEL_OPS_ID "_${_project_MODULE}_${KERNEL_BACKEND}_${_project_UNIQUE_ID}")

  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release)
  endif()
  # The headers of Torch 2.12 and later are written in C++20.
  if(KERNEL_TORCH_VERSION VERSION_LESS 2.12)
    set(CMAKE_CXX_STANDARD 17)
  else()
    set(CMAKE_CXX_STANDARD 20)
  endif()
  set(CMAKE_CXX_STANDARD_REQUIRED ON)
  set(CMAKE_CXX_EXTENSIONS OFF)
  # Kernels of one process must not see each other's functions.
  set(CMAKE_CXX_VISIBILITY_PRESET hidden)
  set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  _kernel_common_flags()
  set(KERNEL_COMPONENTS "")
endmacro()

# kernel_stable_abi(BACKEND backend VERSION version)
#
# Builds for the stable ABI of one Torch release, so that the kernel loads into that release and every later one. Does
# nothing when another backend is being built.
function(kernel_stable_abi)
  cmake_parse_arguments(PARSE_ARGV 0 abi "" "BACKEND;VERSION" "")
  if(NOT abi_BACKEND STREQUAL KERNEL_BACKEND)
    return()
  endif()
  _kernel_check_torch(OLDER "${abi_VERSION}" "or later for its stable ABI")
  # Torch's headers hide what is newer than this: the major version in the highest byte, the minor in the next.
  string(REGEX MATCHALL "[0-9]+" parts "${abi_VERSION}.0")
  list(GET parts 0 major)
  list(GET parts 1 minor)
  math(EXPR target "(${major} << 56) | (${minor} << 48)" OUTPUT_FORMAT HEXADECIMAL)
  add_compile_definitions(TORCH_TARGET_VERSION=${target})
endfunction()

# kernel_component(id BACKEND backend SOURCES file... [INCLUDES folder...] [CXX_FLAGS flags])
#
# Files and folders are relative to KERNEL_SOURCE_DIR. Does nothing when another backend is being built.
function(kernel_component id)
  cmake_parse_arguments(PARSE_ARGV 1 component "" "BACKEND;CXX_FLAGS" "SOURCES;INCLUDES")
  if(NOT component_BACKEND STREQUAL KERNEL_BACKEND)
    return()
  endif()
  # Headers alone give the compiler nothing to do.
  list(FILTER component_SOURCES INCLUDE REGEX "\\.(cc|cpp|cxx)$")
  if(NOT component_SOURCES)
    return()
  endif()
  # The id is the author's and may hold what a target's name cannot.
  string(MAKE_C_IDENTIFIER "${id}" target)
  list(LENGTH KERNEL_COMPONENTS position)
  set(target "component_${position}_${target}")
  add_library(${target} OBJECT)
  _kernel_sources(${target})
  list(APPEND KERNEL_COMPONENTS ${target})
  set(KERNEL_COMPONENTS "${KERNEL_COMPONENTS}" PARENT_SCOPE)
endfunction()

# kernel_extension(SOURCES file... [INCLUDES folder...] [CXX_FLAGS flags])
#
# Makes <ops id>.abi3.so from the bindings and all components, _ops.py beside it, and kernel-build.json, which tells
# kernel-builder what was made with which compiler.
function(kernel_extension)
  cmake_parse_arguments(PARSE_ARGV 0 component "" "CXX_FLAGS" "SOURCES;INCLUDES")
  add_library(${KERNEL_OPS_ID} MODULE)
  _kernel_sources(${KERNEL_OPS_ID})
  foreach(target IN LISTS KERNEL_COMPONENTS)
    target_sources(${KERNEL_OPS_ID} PRIVATE $<TARGET_OBJECTS:${target}>)
  endforeach()
  if(WIN32)
    set(suffix .pyd)
  else()
    set(suffix .abi3.so)
  endif()
  set_target_properties(
    ${KERNEL_OPS_ID}
    PROPERTIES PREFIX ""
               SUFFIX ${suffix}
               LINKER_LANGUAGE CXX
               BUILD_WITH_INSTALL_RPATH ON
               INSTALL_RPATH ""
  )
  target_link_libraries(${KERNEL_OPS_ID} PRIVATE kernel_torch)
  if(APPLE)
    # Python's own symbols come from the interpreter that loads the kernel.
    target_link_options(${KERNEL_OPS_ID} PRIVATE "LINKER:-undefined,dynamic_lookup")
  elseif(NOT WIN32)
    # Nothing of the build's own history: no symbol table, no link-time identity beyond the contents.
    target_link_options(${KERNEL_OPS_ID} PRIVATE "LINKER:--strip-all" "LINKER:-z,noexecstack")
  endif()

  configure_file("${CMAKE_CURRENT_FUNCTION_LIST_DIR}/_ops.py.in" "${CMAKE_BINARY_DIR}/_ops.py" @ONLY)
  set(library "${KERNEL_OPS_ID}${suffix}")
  configure_file(
    "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/kernel-build.json.in" "${CMAKE_BINARY_DIR}/kernel-build.json" @ONLY
  )
  install(TARGETS ${KERNEL_OPS_ID} LIBRARY DESTINATION ${KERNEL_MODULE} RUNTIME DESTINATION ${KERNEL_MODULE})
  install(FILES "${CMAKE_BINARY_DIR}/_ops.py" DESTINATION ${KERNEL_MODULE})
endfunction()

# Gives a target its sources, include folders, definitions and flags, from the component_* variables of the caller.
macro(_kernel_sources target)
  foreach(source IN LISTS component_SOURCES)
    set(_path "${KERNEL_SOURCE_DIR}/${source}")
    if(NOT EXISTS "${_path}")
      message(FATAL_ERROR "build.toml names a source that does not exist: ${_path}")
    endif()
    target_sources(${target} PRIVATE "${_path}")
    if(KERNEL_HAS_RANDOM_SEED)
      # The compiler derives names from a seed; the default is the path of the output.
      set_property(SOURCE "${_path}" APPEND PROPERTY COMPILE_OPTIONS "-frandom-seed=${source}")
    endif()
  endforeach()
  foreach(folder IN LISTS component_INCLUDES)
    target_include_directories(${target} PRIVATE "${KERNEL_SOURCE_DIR}/${folder}")
  endforeach()
  string(TOUPPER "${KERNEL_BACKEND}" _backend)
  # registration.h is written to the first, the kernel's own headers are in the second; often they are one.
  target_include_directories(
    ${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/torch-ext" "${KERNEL_SOURCE_DIR}/torch-ext"
  )
  target_compile_definitions(
    ${target} PRIVATE TORCH_EXTENSION_NAME=${KERNEL_OPS_ID} ${_backend}_KERNEL Py_LIMITED_API=0x03090000
  )
  target_link_libraries(${target} PRIVATE kernel_torch_headers)
  target_compile_options(${target} PRIVATE ${KERNEL_COMMON_FLAGS})
  if(component_CXX_FLAGS)
    target_compile_options(${target} PRIVATE "${component_CXX_FLAGS}")
  endif()
endmacro()

# Collects the flags that every source gets, as far as the compiler knows them.
macro(_kernel_common_flags)
  set(KERNEL_COMMON_FLAGS "")
  # GNU's unique symbols would tie two versions of a kernel together.
  _kernel_add_flag(KERNEL_HAS_NO_GNU_UNIQUE "-fno-gnu-unique")
  # No path of this machine in the result; the last prefix that fits counts.
  _kernel_add_flag(KERNEL_HAS_PREFIX_MAP "-ffile-prefix-map=${KERNEL_TORCH_ROOT}=torch")
  if(KERNEL_HAS_PREFIX_MAP)
    list(
      APPEND
      KERNEL_COMMON_FLAGS
      "-ffile-prefix-map=${KERNEL_SOURCE_DIR}=."
      "-ffile-prefix-map=${CMAKE_CURRENT_SOURCE_DIR}=."
      "-ffile-prefix-map=${CMAKE_BINARY_DIR}=build"
    )
  endif()
  check_cxx_compiler_flag("-frandom-seed=kernel" KERNEL_HAS_RANDOM_SEED)
endmacro()

macro(_kernel_add_flag variable flag)
  check_cxx_compiler_flag("${flag}" ${variable})
  if(${variable})
    list(APPEND KERNEL_COMMON_FLAGS "${flag}")
  endif()
endmacro()

# Fails when KERNEL_TORCH_VERSION is OLDER or NEWER than a bound; "2.12" as an upper bound takes in 2.12.1.
function(_kernel_check_torch direction bound words)
  if(bound STREQUAL "")
    return()
  endif()
  string(REGEX MATCHALL "\\." dots "${bound}")
  list(LENGTH dots count)
  string(REGEX MATCH "^[0-9]+(\\.[0-9]+)?" version "${KERNEL_TORCH_VERSION}")
  if(count EQUAL 0)
    string(REGEX MATCH "^[0-9]+" version "${version}")
  elseif(count GREATER 1)
    string(REGEX MATCH "^[0-9.]+" version "${KERNEL_TORCH_VERSION}")
  endif()
  if((direction STREQUAL "OLDER" AND version VERSION_LESS bound) OR (direction STREQUAL "NEWER" AND version
                                                                     VERSION_GREATER bound)
  )
    message(FATAL_ERROR "The kernel needs Torch ${bound} ${words}; Torch ${KERNEL_TORCH_VERSION} is installed.")
  endif()
endfunction()

# Sets KERNEL_BACKEND in the caller: the one that was asked for, or the first of the project.
function(_kernel_choose_backend)
  if(NOT KERNEL_BACKEND)
    list(GET ARGN 0 KERNEL_BACKEND)
  endif()
  if(NOT KERNEL_BACKEND IN_LIST ARGN)
    list(JOIN ARGN ", " backends)
    message(FATAL_ERROR "KERNEL_BACKEND is '${KERNEL_BACKEND}'; this project can be built for ${backends}.")
  endif()
  set(KERNEL_BACKEND "${KERNEL_BACKEND}" PARENT_SCOPE)
endfunction()
