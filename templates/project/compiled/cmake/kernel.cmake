# The parts that a kernel's CMakeLists.txt is put together from.
#
#   kernel_project(...)    names the kernel, chooses the backend, finds the framework
#   kernel_component(...)  compiles the sources of one backend with one set of flags
#   kernel_extension(...)  compiles the bindings and links everything into one library
#
# What differs from framework to framework is in torch.cmake or tvm_ffi.cmake, of which a project includes one. Each
# has a macro kernel_framework(), which makes the targets kernel_headers (to compile with) and kernel_libraries (to
# link with), and sets
#
#   KERNEL_FRAMEWORK_ROOT    the folder that the framework is installed in
#   KERNEL_CXX_STANDARD      the edition of C++ that its headers are written in
#   KERNEL_EXTENSION_DIR     the folder of the bindings, from the top of the project
#   KERNEL_LIBRARY_SUFFIX    what the name of the library ends with
#   KERNEL_DEFINITIONS       definitions for every source
#
# Settings that a person or a tool may pass with -D:
#
#   KERNEL_BACKEND       the backend to build for; the first of the project's that can be built when not given
#   KERNEL_FACTS         a file with the facts of the framework (see facts.cmake)
#   KERNEL_SOURCE_DIR    where the sources are; the folder of CMakeLists.txt when not given
#   KERNEL_LINK_OPTIONS  options for the linker, and
#   KERNEL_LINK_FIRST    libraries that are linked before those of the framework: with both, kernel-builder caps the
#                        versions of the system's symbols that the library needs

include_guard()
include(CheckCXXCompilerFlag)
include(facts)

# The backends that can be built.
set(KERNEL_BUILDABLE cpu)

# kernel_project(MODULE name UNIQUE_ID id BACKENDS backend...)
#
# Sets KERNEL_MODULE, KERNEL_BACKEND and KERNEL_OPS_ID, and the defaults of every target.
macro(kernel_project)
  cmake_parse_arguments(_project "" "MODULE;UNIQUE_ID" "BACKENDS" ${ARGN})
  _kernel_choose_backend(${_project_BACKENDS})

  set(KERNEL_MODULE "${_project_MODULE}")
  set(KERNEL_OPS_ID "_${_project_MODULE}_${KERNEL_BACKEND}_${_project_UNIQUE_ID}")
  kernel_framework()

  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release)
  endif()
  set(CMAKE_CXX_STANDARD ${KERNEL_CXX_STANDARD})
  set(CMAKE_CXX_STANDARD_REQUIRED ON)
  set(CMAKE_CXX_EXTENSIONS OFF)
  # Kernels of one process must not see each other's functions.
  set(CMAKE_CXX_VISIBILITY_PRESET hidden)
  set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  _kernel_common_flags()
  set(KERNEL_COMPONENTS "")
endmacro()

# kernel_component(
#   id BACKEND backend [SOURCES file...] [INCLUDES folder...] [DEPENDS name...] [CXX_FLAGS flags]
#   [CUDA_MINVER version] [CUDA_CAPABILITIES capability...] [CUDA_FLAGS flags]
#   [ROCM_ARCHS arch...] [HIP_FLAGS flags]
#   [SYCL_FLAGS flags]
# )
#
# Files and folders are relative to KERNEL_SOURCE_DIR. Does nothing when another backend is being built.
function(kernel_component id)
  cmake_parse_arguments(
    PARSE_ARGV 1 component "" "BACKEND;CXX_FLAGS;CUDA_MINVER;CUDA_FLAGS;HIP_FLAGS;SYCL_FLAGS"
    "SOURCES;INCLUDES;DEPENDS;CUDA_CAPABILITIES;ROCM_ARCHS"
  )
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
# Makes the library <ops id> from the bindings and all components, _ops.py beside it, and kernel-build.json, which tells
# kernel-builder what was made with which compiler.
function(kernel_extension)
  cmake_parse_arguments(PARSE_ARGV 0 component "" "CXX_FLAGS" "SOURCES;INCLUDES")
  add_library(${KERNEL_OPS_ID} MODULE)
  _kernel_sources(${KERNEL_OPS_ID})
  foreach(target IN LISTS KERNEL_COMPONENTS)
    target_sources(${KERNEL_OPS_ID} PRIVATE $<TARGET_OBJECTS:${target}>)
  endforeach()
  set_target_properties(
    ${KERNEL_OPS_ID}
    PROPERTIES PREFIX ""
               SUFFIX ${KERNEL_LIBRARY_SUFFIX}
               LINKER_LANGUAGE CXX
               BUILD_WITH_INSTALL_RPATH ON
               INSTALL_RPATH ""
  )
  target_link_options(${KERNEL_OPS_ID} PRIVATE ${KERNEL_LINK_OPTIONS})
  target_link_libraries(${KERNEL_OPS_ID} PRIVATE ${KERNEL_LINK_FIRST} kernel_libraries)
  if(NOT APPLE AND NOT WIN32)
    # Nothing of the build's own history: no symbol table, no link-time identity beyond the contents. And nothing for
    # others to see but what Python or tvm-ffi asks for: what two libraries of a process both export can be mixed up.
    # The linker's options are divided by commas, which the name of a folder may have in it.
    set(exports "${CMAKE_BINARY_DIR}/exports.map")
    configure_file("${CMAKE_CURRENT_FUNCTION_LIST_DIR}/exports.map" "${exports}" COPYONLY)
    target_link_options(
      ${KERNEL_OPS_ID}
      PRIVATE
      "LINKER:--strip-all"
      "LINKER:-z,noexecstack"
      "LINKER:--version-script=exports.map"
    )
    set_property(TARGET ${KERNEL_OPS_ID} APPEND PROPERTY LINK_DEPENDS "${exports}")
  endif()

  set(library "${KERNEL_OPS_ID}${KERNEL_LIBRARY_SUFFIX}")
  configure_file("${CMAKE_CURRENT_FUNCTION_LIST_DIR}/_ops.py.in" "${CMAKE_BINARY_DIR}/_ops.py" @ONLY)
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
  # Headers that kernel-builder writes are in the first, the kernel's own in the second; often they are one.
  target_include_directories(
    ${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/${KERNEL_EXTENSION_DIR}"
                      "${KERNEL_SOURCE_DIR}/${KERNEL_EXTENSION_DIR}"
  )
  target_compile_definitions(${target} PRIVATE ${_backend}_KERNEL ${KERNEL_DEFINITIONS})
  target_link_libraries(${target} PRIVATE kernel_headers)
  target_compile_options(${target} PRIVATE ${KERNEL_COMMON_FLAGS})
  if(component_CXX_FLAGS)
    target_compile_options(${target} PRIVATE "${component_CXX_FLAGS}")
  endif()
endmacro()

# Collects the flags that every source gets. What the common compilers know is known here; to ask takes a compiler run
# for each flag.
macro(_kernel_common_flags)
  set(KERNEL_COMMON_FLAGS "")
  set(_id "${CMAKE_CXX_COMPILER_ID}")
  set(_version "${CMAKE_CXX_COMPILER_VERSION}")
  if(_id STREQUAL "GNU" AND _version VERSION_GREATER_EQUAL 8)
    set(KERNEL_HAS_NO_GNU_UNIQUE TRUE)
    set(KERNEL_HAS_PREFIX_MAP TRUE)
    set(KERNEL_HAS_RANDOM_SEED TRUE)
  elseif(_id STREQUAL "Clang" AND _version VERSION_GREATER_EQUAL 16)
    set(KERNEL_HAS_NO_GNU_UNIQUE FALSE)
    set(KERNEL_HAS_PREFIX_MAP TRUE)
    set(KERNEL_HAS_RANDOM_SEED TRUE)
  else()
    check_cxx_compiler_flag("-fno-gnu-unique" KERNEL_HAS_NO_GNU_UNIQUE)
    check_cxx_compiler_flag("-ffile-prefix-map=from=to" KERNEL_HAS_PREFIX_MAP)
    check_cxx_compiler_flag("-frandom-seed=kernel" KERNEL_HAS_RANDOM_SEED)
  endif()
  if(_id STREQUAL "GNU")
    # GNU's compiler tidies its memory as it goes, which for sources as large as those with the framework's headers takes
    # a tenth of the time; from a gibibyte (here in KiB) on is soon enough.
    list(APPEND KERNEL_COMMON_FLAGS "--param=ggc-min-heapsize=1048576")
  endif()
  if(KERNEL_HAS_NO_GNU_UNIQUE)
    # GNU's unique symbols would tie two versions of a kernel together.
    list(APPEND KERNEL_COMMON_FLAGS "-fno-gnu-unique")
  endif()
  if(KERNEL_HAS_PREFIX_MAP)
    # No path of this machine in the result; the last prefix that fits counts.
    _kernel_map_prefix("${KERNEL_SOURCE_DIR}" .)
    _kernel_map_prefix("${CMAKE_CURRENT_SOURCE_DIR}" .)
    _kernel_map_prefix("${CMAKE_BINARY_DIR}" build)
    _kernel_map_prefix("${KERNEL_FRAMEWORK_ROOT}" framework)
  endif()
endmacro()

# Maps a folder to a name, also where a compiler cache has made its path relative to the folder of the build.
macro(_kernel_map_prefix folder name)
  file(RELATIVE_PATH _relative "${CMAKE_BINARY_DIR}" "${folder}")
  list(APPEND KERNEL_COMMON_FLAGS "-ffile-prefix-map=${folder}=${name}")
  string(REGEX REPLACE "/$" "" _relative "${_relative}")
  if(_relative)
    list(APPEND KERNEL_COMMON_FLAGS "-ffile-prefix-map=${_relative}=${name}")
  endif()
endmacro()

# Sets KERNEL_BACKEND in the caller: the one that was asked for, or the first of the project that can be built.
function(_kernel_choose_backend)
  list(JOIN ARGN ", " backends)
  list(JOIN KERNEL_BUILDABLE ", " buildable)
  set(chosen "${KERNEL_BACKEND}")
  if(NOT chosen)
    foreach(backend IN LISTS ARGN)
      if(NOT chosen AND backend IN_LIST KERNEL_BUILDABLE)
        set(chosen "${backend}")
      endif()
    endforeach()
  endif()
  if(NOT chosen)
    message(
      FATAL_ERROR "The kernel is for ${backends}; this version of kernel-builder makes CMake code for ${buildable}."
    )
  elseif(NOT chosen IN_LIST ARGN)
    message(FATAL_ERROR "KERNEL_BACKEND is '${chosen}'; the kernel is for ${backends}.")
  elseif(NOT chosen IN_LIST KERNEL_BUILDABLE)
    message(
      FATAL_ERROR "KERNEL_BACKEND is '${chosen}'; this version of kernel-builder makes CMake code for ${buildable}."
    )
  endif()
  set(KERNEL_BACKEND "${chosen}" PARENT_SCOPE)
endfunction()
