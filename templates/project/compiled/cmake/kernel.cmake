# The parts that a kernel's CMakeLists.txt is put together from.
#
#   kernel_choose_backend(...)  chooses the backend, before the compilers are looked for
#   kernel_project(...)         names the kernel, finds the framework and the compilers of the backend
#   kernel_component(...)       compiles the sources of one backend with one set of flags
#   kernel_extension(...)       compiles the bindings and links everything into one library
#
# What differs from framework to framework is in torch.cmake or tvm_ffi.cmake, of which a project includes one. Each
# has a macro kernel_framework_facts(), which asks for the facts of the framework and sets KERNEL_INSTALLED_FOR to the
# backends that the installed one is for, and a macro kernel_framework(), which makes the targets kernel_headers (to
# compile with) and kernel_libraries (to link with), and sets
#
#   KERNEL_FRAMEWORK_ROOT    the folder that the framework is installed in
#   KERNEL_CXX_STANDARD      the edition of C++ that its headers are written in
#   KERNEL_EXTENSION_DIR     the folder of the bindings, from the top of the project
#   KERNEL_LIBRARY_SUFFIX    what the name of the library ends with
#   KERNEL_DEFINITIONS       definitions for every source
#
# What differs from backend to backend is in cuda.cmake, rocm.cmake, xpu.cmake and metal.cmake, of which the one of the
# chosen backend is included. Each has the macros
#
#   kernel_backend_before_project()   (where it needs one) settings that project() looks at
#   kernel_backend()                  enables the language; adds to the variables and targets above; may set
#                                     KERNEL_SOURCE_PATTERN, what the names of sources that are compiled match, and
#                                     KERNEL_ACCELERATOR_COMPILER, the name and version of its compiler
#   kernel_backend_component()        may change the component_* variables of a component before it is made
#   kernel_backend_target(target)     gives a target the flags of the backend's language
#   kernel_backend_library(target)    finishes the library; may set KERNEL_ARCHS, the devices that it is compiled for
#
# Settings that a person or a tool may pass with -D:
#
#   KERNEL_BACKEND       the backend to build for; when not given, the one that the installed Torch is for, else the
#                        first of the project's that can be built
#   KERNEL_FACTS         a file with the facts of the framework (see facts.cmake)
#   KERNEL_SOURCE_DIR    where the sources are; the folder of CMakeLists.txt when not given
#   KERNEL_LINK_OPTIONS  options for the linker, and
#   KERNEL_LINK_FIRST    libraries that are linked before those of the framework: with both, kernel-builder caps the
#                        versions of the system's symbols that the library needs

include_guard()
include(facts)

# kernel_choose_backend(backend...)
#
# Sets KERNEL_BACKEND to one of the project's backends, and includes what is special to it. Comes before project(),
# because some backends have a compiler of their own for C++.
macro(kernel_choose_backend)
  kernel_framework_facts()
  _kernel_choose(${ARGN})
  set(KERNEL_SOURCE_PATTERN "\\.(cc|cpp|cxx)$")
  set(KERNEL_ACCELERATOR_COMPILER "")
  set(KERNEL_ARCHS "")
  if((CMAKE_HOST_APPLE OR CMAKE_SYSTEM_NAME STREQUAL "Darwin")
     AND NOT CMAKE_OSX_DEPLOYMENT_TARGET
     AND "$ENV{MACOSX_DEPLOYMENT_TARGET}" STREQUAL ""
  )
    # The first macOS that kernels have to run on; project() asks for it with its first compilation.
    set(CMAKE_OSX_DEPLOYMENT_TARGET 15.0 CACHE STRING "The first macOS that the kernel is for")
  endif()
  if(NOT KERNEL_BACKEND STREQUAL "cpu")
    include(${KERNEL_BACKEND})
    if(COMMAND kernel_backend_before_project)
      kernel_backend_before_project()
    endif()
  endif()
endmacro()

# kernel_project(MODULE name UNIQUE_ID id)
#
# Sets KERNEL_MODULE and KERNEL_OPS_ID, and the defaults of every target.
macro(kernel_project)
  cmake_parse_arguments(_project "" "MODULE;UNIQUE_ID" "" ${ARGN})

  set(KERNEL_MODULE "${_project_MODULE}")
  set(KERNEL_OPS_ID "_${_project_MODULE}_${KERNEL_BACKEND}_${_project_UNIQUE_ID}")
  if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Release)
  endif()
  kernel_framework()
  set(CMAKE_CXX_STANDARD ${KERNEL_CXX_STANDARD})
  set(CMAKE_CXX_STANDARD_REQUIRED ON)
  set(CMAKE_CXX_EXTENSIONS OFF)
  # Kernels of one process must not see each other's functions.
  set(CMAKE_CXX_VISIBILITY_PRESET hidden)
  set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  # No kernel is a module of C++20, and to look for them takes a run of another program for each source.
  set(CMAKE_CXX_SCAN_FOR_MODULES OFF)
  _kernel_common_flags()
  string(TOUPPER "${KERNEL_BACKEND}_KERNEL" _definition)
  list(APPEND KERNEL_DEFINITIONS ${_definition})
  set(KERNEL_COMPONENTS "")
  if(NOT KERNEL_BACKEND STREQUAL "cpu")
    kernel_backend()
  endif()
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
  if(NOT KERNEL_BACKEND STREQUAL "cpu")
    kernel_backend_component()
  endif()
  kernel_flags_of_processor(component_CXX_FLAGS "${id}" "${component_CXX_FLAGS}")
  # Headers alone give the compiler nothing to do.
  list(FILTER component_SOURCES INCLUDE REGEX "${KERNEL_SOURCE_PATTERN}")
  if(NOT component_SOURCES)
    return()
  endif()
  # The id is the author's and may hold what a target's name cannot.
  string(MAKE_C_IDENTIFIER "${id}" target)
  list(LENGTH KERNEL_COMPONENTS position)
  set(target "component_${position}_${target}")
  add_library(${target} OBJECT)
  _kernel_sources(${target})
  list(REMOVE_ITEM component_DEPENDS torch)
  foreach(name IN LISTS component_DEPENDS)
    kernel_depend(${target} ${name})
  endforeach()
  list(APPEND KERNEL_COMPONENTS ${target})
  set(KERNEL_COMPONENTS "${KERNEL_COMPONENTS}" PARENT_SCOPE)
endfunction()

# kernel_extension(SOURCES file... [INCLUDES folder...] [CXX_FLAGS flags])
#
# Makes the library <ops id> from the bindings and all components, _ops.py beside it, and kernel-build.json, which tells
# kernel-builder what was made with which compiler.
function(kernel_extension)
  cmake_parse_arguments(PARSE_ARGV 0 component "" "CXX_FLAGS" "SOURCES;INCLUDES")
  if(NOT KERNEL_BACKEND STREQUAL "cpu")
    kernel_backend_component()
  endif()
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

  if(NOT KERNEL_BACKEND STREQUAL "cpu")
    kernel_backend_library(${KERNEL_OPS_ID})
  endif()

  set(library "${KERNEL_OPS_ID}${KERNEL_LIBRARY_SUFFIX}")
  _kernel_json_strings(archs ${KERNEL_ARCHS})
  configure_file("${CMAKE_CURRENT_FUNCTION_LIST_DIR}/_ops.py.in" "${CMAKE_BINARY_DIR}/_ops.py" @ONLY)
  configure_file(
    "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/kernel-build.json.in" "${CMAKE_BINARY_DIR}/kernel-build.json" @ONLY
  )
  install(TARGETS ${KERNEL_OPS_ID} LIBRARY DESTINATION ${KERNEL_MODULE} RUNTIME DESTINATION ${KERNEL_MODULE})
  install(FILES "${CMAKE_BINARY_DIR}/_ops.py" DESTINATION ${KERNEL_MODULE})
endfunction()

# kernel_check_version(name installed direction bound words)
#
# Fails when what is installed is OLDER or NEWER than a bound; "2.12" as an upper bound takes in 2.12.1. An empty bound is
# none.
function(kernel_check_version name installed direction bound words)
  if(bound STREQUAL "")
    return()
  endif()
  string(REGEX MATCHALL "\\." dots "${bound}")
  list(LENGTH dots count)
  string(REGEX MATCH "^[0-9]+(\\.[0-9]+)?" version "${installed}")
  if(count EQUAL 0)
    string(REGEX MATCH "^[0-9]+" version "${version}")
  elseif(count GREATER 1)
    string(REGEX MATCH "^[0-9.]+" version "${installed}")
  endif()
  if((direction STREQUAL "OLDER" AND version VERSION_LESS bound) OR (direction STREQUAL "NEWER" AND version
                                                                     VERSION_GREATER bound)
  )
    message(FATAL_ERROR "The kernel needs ${name} ${bound} ${words}; ${name} ${installed} is installed.")
  endif()
endfunction()

# kernel_language_options(target language [flag...])
#
# Gives a target flags for its sources in one language only.
function(kernel_language_options target language)
  foreach(flag IN LISTS ARGN)
    # In a generator expression this would be its end.
    string(REPLACE ">" "$<ANGLE-R>" flag "${flag}")
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:${language}>:${flag}>")
  endforeach()
endfunction()

# kernel_flags_of_processor(output id flags)
#
# Leaves out the flags that choose instructions of another kind of processor than the one that is compiled for, such as
# -mavx2 on arm64: one build.toml is for all, and sources tell with #if what they are compiled with.
function(kernel_flags_of_processor output id flags)
  if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64|i[3-6]86)$")
    set(foreign "-march=armv[^ \"]*|-mcpu=(neoverse|cortex|apple)[^ \"]*|-mfpu=[^ \"]*")
  else()
    set(foreign "-m(s?sse|avx|amx|fma|f16c|bmi|lzcnt|popcnt|prefer-vector-width=)[^ \"]*|-march=x86-64[^ \"]*")
  endif()
  string(REGEX MATCHALL "[ :](${foreign})" left_out "${flags}")
  if(left_out)
    list(JOIN left_out "" names)
    string(REGEX REPLACE "^[ :]" "" names "${names}")
    message(STATUS "${id}: left out ${names}, which ${CMAKE_SYSTEM_PROCESSOR} does not have")
    string(REGEX REPLACE "([ :])(${foreign})" "\\1" flags "${flags}")
  endif()
  set(${output} "${flags}" PARENT_SCOPE)
endfunction()

# kernel_author_options(target language flags)
#
# The same for the flags of build.toml, which are one argument, "SHELL:…", and hold nothing that CMake would take apart.
function(kernel_author_options target language flags)
  if(flags)
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:${language}>:${flags}>")
  endif()
endfunction()

# Gives a target its sources, include folders, definitions and flags, from the component_* variables of the caller.
macro(_kernel_sources target)
  foreach(source IN LISTS component_SOURCES)
    cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY "${KERNEL_SOURCE_DIR}" OUTPUT_VARIABLE _path)
    get_source_file_property(_generated "${_path}" GENERATED)
    if(NOT _generated AND NOT EXISTS "${_path}")
      message(FATAL_ERROR "build.toml names a source that does not exist: ${_path}")
    endif()
    target_sources(${target} PRIVATE "${_path}")
    if(KERNEL_HAS_RANDOM_SEED AND source MATCHES "\\.(cc|cpp|cxx)$")
      # The compiler derives names from a seed; the default is the path of the output.
      set_property(SOURCE "${_path}" PROPERTY COMPILE_OPTIONS "-frandom-seed=${source}")
    endif()
  endforeach()
  foreach(folder IN LISTS component_INCLUDES)
    target_include_directories(${target} PRIVATE "${KERNEL_SOURCE_DIR}/${folder}")
  endforeach()
  # Headers that kernel-builder writes are in the first, the kernel's own in the second; often they are one.
  target_include_directories(
    ${target} PRIVATE "${CMAKE_CURRENT_SOURCE_DIR}/${KERNEL_EXTENSION_DIR}"
                      "${KERNEL_SOURCE_DIR}/${KERNEL_EXTENSION_DIR}"
  )
  target_compile_definitions(${target} PRIVATE ${KERNEL_DEFINITIONS})
  target_link_libraries(${target} PRIVATE kernel_headers)
  kernel_language_options(${target} CXX ${KERNEL_COMMON_FLAGS})
  kernel_author_options(${target} CXX "${component_CXX_FLAGS}")
  if(NOT KERNEL_BACKEND STREQUAL "cpu")
    kernel_backend_target(${target})
  endif()
endmacro()

# Collects the flags that every source in C++ gets (KERNEL_COMMON_FLAGS), those that hide this machine's paths also by
# themselves (KERNEL_PREFIX_MAPS). What the common compilers know is known here; to ask takes a compiler run for each
# flag.
macro(_kernel_common_flags)
  set(KERNEL_COMMON_FLAGS "")
  set(KERNEL_PREFIX_MAPS "")
  set(_id "${CMAKE_CXX_COMPILER_ID}")
  set(_version "${CMAKE_CXX_COMPILER_VERSION}")
  if(_id STREQUAL "GNU" AND _version VERSION_GREATER_EQUAL 8)
    set(KERNEL_HAS_NO_GNU_UNIQUE TRUE)
    set(KERNEL_HAS_PREFIX_MAP TRUE)
    set(KERNEL_HAS_RANDOM_SEED TRUE)
  elseif(_id MATCHES "^(Clang|IntelLLVM)$" AND _version VERSION_GREATER_EQUAL 16)
    set(KERNEL_HAS_NO_GNU_UNIQUE FALSE)
    set(KERNEL_HAS_PREFIX_MAP TRUE)
    set(KERNEL_HAS_RANDOM_SEED TRUE)
  else()
    include(CheckCXXCompilerFlag)
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
    list(APPEND KERNEL_COMMON_FLAGS ${KERNEL_PREFIX_MAPS})
  endif()
endmacro()

# Maps a folder to a name, also where a compiler cache has made its path relative to the folder of the build.
macro(_kernel_map_prefix folder name)
  file(RELATIVE_PATH _relative "${CMAKE_BINARY_DIR}" "${folder}")
  list(APPEND KERNEL_PREFIX_MAPS "-ffile-prefix-map=${folder}=${name}")
  string(REGEX REPLACE "/$" "" _relative "${_relative}")
  if(_relative)
    list(APPEND KERNEL_PREFIX_MAPS "-ffile-prefix-map=${_relative}=${name}")
  endif()
endmacro()

# Sets KERNEL_BACKEND in the caller: the one that was asked for, else one that the installed framework is for.
function(_kernel_choose)
  list(JOIN ARGN ", " backends)
  list(JOIN KERNEL_INSTALLED_FOR ", " installed)
  set(chosen "${KERNEL_BACKEND}")
  if(NOT chosen)
    foreach(backend IN LISTS KERNEL_INSTALLED_FOR)
      if(NOT chosen AND backend IN_LIST ARGN)
        set(chosen "${backend}")
      endif()
    endforeach()
  endif()
  if(NOT chosen)
    message(
      FATAL_ERROR "The kernel is for ${backends}; what is installed in ${KERNEL_FRAMEWORK_ROOT} is for ${installed}. "
                  "Install the build for one of these, or choose one with -DKERNEL_BACKEND=…"
    )
  elseif(NOT chosen IN_LIST ARGN)
    message(FATAL_ERROR "KERNEL_BACKEND is '${chosen}'; the kernel is for ${backends}.")
  endif()
  set(KERNEL_BACKEND "${chosen}" PARENT_SCOPE)
endfunction()

# Sets a variable to texts as the inside of a JSON array; the texts need no escapes.
function(_kernel_json_strings output)
  list(TRANSFORM ARGN REPLACE "(.+)" "\"\\1\"")
  list(JOIN ARGN ", " joined)
  set(${output} "${joined}" PARENT_SCOPE)
endfunction()
