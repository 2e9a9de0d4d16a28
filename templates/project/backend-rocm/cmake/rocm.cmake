# Kernels for ROCm. Sources in CUDA (.cu) are translated to HIP by the tool that comes with Torch, into the build
# folder; what is written in HIP (.hip) is compiled as it stands. The language is CMake's own, and its compiler a clang.
#
# Settings that a person or a tool may pass with -D:
#
#   CMAKE_HIP_COMPILER           the path of clang++, that of ROCm or one of LLVM 19 or later, or of hipcc, which calls
#                                one; that of HIPCXX, or what CMake finds, when not given
#   CMAKE_HIP_COMPILER_ROCM_ROOT the folder of ROCm, where the compiler does not find it
#   CMAKE_HIP_FLAGS              --rocm-device-lib-path=…, where the compiler does not find its device libraries
#   KERNEL_ROCM_ARCHS            the devices to compile for, of those that builds are published for; all when not given

include_guard()
include(rocm-data)

macro(kernel_backend)
  _kernel_hip_behind_hipcc()
  # With nvcc on PATH, CMake would take that.
  set(CMAKE_HIP_PLATFORM amd)
  # Which devices are meant, each component says. One is for CMake, which tries the compiler.
  list(GET KERNEL_ROCM_SUPPORTED 0 CMAKE_HIP_ARCHITECTURES)
  enable_language(HIP)
  set(CMAKE_HIP_STANDARD ${KERNEL_CXX_STANDARD})
  set(CMAKE_HIP_STANDARD_REQUIRED ON)
  set(CMAKE_HIP_EXTENSIONS OFF)
  set(CMAKE_HIP_VISIBILITY_PRESET hidden)
  set(KERNEL_SOURCE_PATTERN "\\.(cc|cpp|cxx|hip)$")
  set(KERNEL_ACCELERATOR_COMPILER "${CMAKE_HIP_COMPILER_ID} ${CMAKE_HIP_COMPILER_VERSION}")
  # As Torch has them for each source in C++ or HIP (COMMON_HIP_FLAGS of its torch.utils.cpp_extension).
  list(APPEND KERNEL_DEFINITIONS __HIP_PLATFORM_AMD__=1 USE_ROCM=1 HIPBLAS_V2)
  _kernel_rocm_targets()
  _kernel_hip_runtime()
  _kernel_check_rocm_of_torch()
  _kernel_hip_flags()
endmacro()

# Finds the devices of a component that has something in HIP, and lets its sources in CUDA be translated.
macro(kernel_backend_component)
  set(KERNEL_HIP_ARCHS "")
  set(KERNEL_HIP_TREE "")
  set(KERNEL_HIP_SOURCES ${component_SOURCES})
  list(FILTER KERNEL_HIP_SOURCES INCLUDE REGEX "\\.(cu|hip)$")
  if(KERNEL_HIP_SOURCES)
    set(_table torch)
    if(DEFINED id)
      set(_table "kernel.${id}")
    endif()
    _kernel_rocm_requested(KERNEL_HIP_ARCHS "${_table}" "${component_ROCM_ARCHS}")
    _kernel_rocm_compilable("${_table}" ${KERNEL_HIP_ARCHS})
    if(KERNEL_HIP_SOURCES MATCHES "\\.cu(;|$)")
      list(LENGTH KERNEL_COMPONENTS _position)
      set(KERNEL_HIP_TREE "${CMAKE_BINARY_DIR}/hip/${_position}")
      _kernel_hipify("${KERNEL_HIP_TREE}" component_SOURCES "${component_SOURCES}" "${component_INCLUDES}")
    endif()
  endif()
endmacro()

macro(kernel_backend_target target)
  if(KERNEL_HIP_SOURCES)
    set_target_properties(${target} PROPERTIES HIP_ARCHITECTURES "${KERNEL_HIP_ARCHS}")
    set_property(GLOBAL APPEND PROPERTY KERNEL_HIP_ARCHS ${KERNEL_HIP_ARCHS})
    kernel_language_options(${target} HIP ${KERNEL_HIP_FLAGS})
    foreach(_source IN LISTS component_SOURCES)
      if(_source MATCHES "\\.hip$")
        # clang makes names of the path of a source, unless it is told another identity.
        cmake_path(ABSOLUTE_PATH _source BASE_DIRECTORY "${KERNEL_SOURCE_DIR}" OUTPUT_VARIABLE _path)
        cmake_path(RELATIVE_PATH _source BASE_DIRECTORY "${CMAKE_BINARY_DIR}" OUTPUT_VARIABLE _name)
        string(MD5 _identity "${target} ${_name}")
        set_property(SOURCE "${_path}" APPEND PROPERTY COMPILE_OPTIONS "-cuid=${_identity}")
      endif()
    endforeach()
  endif()
  if(KERNEL_HIP_TREE)
    foreach(_folder IN LISTS component_INCLUDES)
      # Translated headers go before those that they were made of.
      target_include_directories(${target} BEFORE PRIVATE "${KERNEL_HIP_TREE}/${_folder}")
    endforeach()
    foreach(_source IN LISTS KERNEL_HIP_SOURCES)
      # What the tool did not see is beside the source, as ever: an include by way of a macro.
      cmake_path(GET _source PARENT_PATH _folder)
      target_include_directories(${target} PRIVATE "${KERNEL_SOURCE_DIR}/${_folder}")
    endforeach()
    if(KERNEL_HAS_PREFIX_MAP)
      # Also as a compiler cache spells it.
      cmake_path(RELATIVE_PATH KERNEL_HIP_TREE BASE_DIRECTORY "${CMAKE_BINARY_DIR}" OUTPUT_VARIABLE _tree)
      kernel_language_options(
        ${target} HIP "-ffile-prefix-map=${KERNEL_HIP_TREE}=." "-ffile-prefix-map=${_tree}=."
      )
    endif()
  endif()
  kernel_author_options(${target} HIP "${component_HIP_FLAGS}")
endmacro()

# Sets KERNEL_ARCHS to what the components are compiled for, all taken together.
macro(kernel_backend_library target)
  get_property(KERNEL_ARCHS GLOBAL PROPERTY KERNEL_HIP_ARCHS)
  _kernel_rocm_in_order(KERNEL_ARCHS ${KERNEL_ARCHS})
endmacro()

# Sets KERNEL_ROCM_TARGETS to the devices that are compiled for, and KERNEL_ROCM_COMPILABLE to those that the compiler
# has a name for; that one is empty when it does not say.
macro(_kernel_rocm_targets)
  set(KERNEL_ROCM_TARGETS ${KERNEL_ROCM_SUPPORTED})
  if(KERNEL_ROCM_ARCHS)
    set(KERNEL_ROCM_TARGETS "")
    foreach(_arch IN LISTS KERNEL_ROCM_ARCHS)
      if(NOT _arch IN_LIST KERNEL_ROCM_SUPPORTED)
        list(JOIN KERNEL_ROCM_SUPPORTED ", " _supported)
        message(FATAL_ERROR "KERNEL_ROCM_ARCHS names ${_arch}; builds are for ${_supported}.")
      endif()
      list(APPEND KERNEL_ROCM_TARGETS ${_arch})
    endforeach()
  endif()
  execute_process(
    COMMAND "${CMAKE_HIP_COMPILER}" --target=amdgcn-amd-amdhsa -nogpulib --print-supported-cpus
    OUTPUT_VARIABLE _listed
    ERROR_VARIABLE _listed
  )
  string(REGEX MATCHALL "gfx[0-9a-f]+" KERNEL_ROCM_COMPILABLE "${_listed}")
endmacro()

# Sets the output to the devices that a component is compiled for: those that it names and that are compiled for, or all
# of the latter when it names none.
function(_kernel_rocm_requested output table requested)
  set(found ${KERNEL_ROCM_TARGETS})
  if(requested)
    set(found "")
    foreach(arch IN LISTS requested)
      if(arch IN_LIST KERNEL_ROCM_TARGETS)
        list(APPEND found ${arch})
      else()
        message(STATUS "${table}: this build is not for ${arch}")
      endif()
    endforeach()
  endif()
  if(NOT found)
    list(JOIN requested ", " asked)
    list(JOIN KERNEL_ROCM_TARGETS ", " targets)
    message(
      FATAL_ERROR "${table}.rocm-archs of build.toml names ${asked}, and this build is for ${targets}: nothing is "
                  "left. Add one of these, or leave the key out to compile for all."
    )
  endif()
  _kernel_rocm_in_order(found ${found})
  set(${output} "${found}" PARENT_SCOPE)
endfunction()

# Sets the output to devices without repetition, in the order of the list of all.
function(_kernel_rocm_in_order output)
  set(found ${KERNEL_ROCM_SUPPORTED})
  foreach(arch IN LISTS KERNEL_ROCM_SUPPORTED)
    if(NOT arch IN_LIST ARGN)
      list(REMOVE_ITEM found ${arch})
    endif()
  endforeach()
  set(${output} "${found}" PARENT_SCOPE)
endfunction()

# Fails when the compiler does not know a device that a component is to be compiled for.
function(_kernel_rocm_compilable table)
  set(unknown ${ARGN})
  list(REMOVE_ITEM unknown ${KERNEL_ROCM_COMPILABLE})
  if(unknown AND KERNEL_ROCM_COMPILABLE)
    list(JOIN unknown ", " names)
    set(needed "a newer ROCm or LLVM")
    foreach(arch IN LISTS unknown)
      if(KERNEL_ROCM_LLVM_${arch})
        set(needed "LLVM ${KERNEL_ROCM_LLVM_${arch}} or later, or ROCm's own clang of that version")
      endif()
    endforeach()
    message(
      FATAL_ERROR "${table} is compiled for ${names}, which ${CMAKE_HIP_COMPILER} (${CMAKE_HIP_COMPILER_VERSION}) does "
                  "not know: that takes ${needed}. For a build of your own, name other devices: with rocm-archs in "
                  "build.toml, -DKERNEL_ROCM_ARCHS=… or, for kernel-builder, the variable KERNEL_BUILDER_ROCM_ARCHS."
    )
  endif()
endfunction()

# Lets the sources in CUDA be translated to HIP, into a folder, and sets the output to the sources with the translations
# in the place of theirs. They are translated again when one of them changes, or a file that they include.
function(_kernel_hipify tree output sources includes)
  kernel_find_python()
  set(translate "")
  set(translations "")
  set(changed ${sources})
  foreach(source IN LISTS sources)
    if(source MATCHES "\\.cu$")
      if(NOT EXISTS "${KERNEL_SOURCE_DIR}/${source}")
        message(FATAL_ERROR "build.toml names a source that does not exist: ${KERNEL_SOURCE_DIR}/${source}")
      endif()
      _kernel_hip_name(name "${source}")
      list(APPEND translate --translate "${source}" "${name}")
      list(APPEND translations "${tree}/${name}")
      list(FIND changed "${source}" position)
      list(REMOVE_AT changed ${position})
      list(INSERT changed ${position} "${tree}/${name}")
    endif()
  endforeach()
  list(TRANSFORM includes PREPEND --include=)
  set(script "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/hipify.py")
  add_custom_command(
    OUTPUT ${translations}
    COMMAND
      "${Python_EXECUTABLE}" -I "${script}" --torch "${KERNEL_FRAMEWORK_ROOT}" --top "${KERNEL_SOURCE_DIR}"
      --tree "${tree}" --depfile "${tree}.d" ${includes} ${translate}
    DEPENDS "${script}"
    DEPFILE "${tree}.d"
    COMMENT "Translating CUDA to HIP"
    VERBATIM
  )
  set(${output} "${changed}" PARENT_SCOPE)
endfunction()

# Sets the output to the name that Torch's tool gives the translation of a source.
function(_kernel_hip_name output source)
  string(REGEX REPLACE "\\.cu$" ".hip" name "${source}")
  string(REPLACE "cuda" "hip" name "${name}")
  string(REPLACE "CUDA" "HIP" name "${name}")
  string(REPLACE "THC" "THH" name "${name}")
  set(${output} "${name}" PARENT_SCOPE)
endfunction()

# Sets CMAKE_HIP_COMPILER to the clang that hipcc calls, where hipcc is chosen: CMake takes no other program for HIP.
macro(_kernel_hip_behind_hipcc)
  if(NOT CMAKE_HIP_COMPILER AND NOT "$ENV{HIPCXX}" STREQUAL "")
    set(CMAKE_HIP_COMPILER "$ENV{HIPCXX}")
  endif()
  if(CMAKE_HIP_COMPILER MATCHES "hipcc[^/]*$")
    # With nvcc on PATH, it would call that.
    execute_process(
      COMMAND "${CMAKE_COMMAND}" -E env HIP_PLATFORM=amd "${CMAKE_HIP_COMPILER}" --version
      OUTPUT_VARIABLE _answer
      ERROR_VARIABLE _answer
    )
    string(REGEX MATCH "InstalledDir: ([^\n]+)" _answer "${_answer}")
    if(NOT EXISTS "${CMAKE_MATCH_1}/clang++")
      message(
        FATAL_ERROR "${CMAKE_HIP_COMPILER} does not say which clang it calls, and CMake takes nothing else for HIP: "
                    "pass -DCMAKE_HIP_COMPILER=…/clang++"
      )
    endif()
    set(CMAKE_HIP_COMPILER "${CMAKE_MATCH_1}/clang++")
  endif()
endmacro()

# Adds HIP's headers for the sources in C++, and its run-time library.
macro(_kernel_hip_runtime)
  set(_root "${CMAKE_HIP_COMPILER_ROCM_ROOT}")
  if(NOT _root STREQUAL "/usr")
    target_include_directories(kernel_headers SYSTEM INTERFACE "${_root}/include")
    if(KERNEL_HAS_PREFIX_MAP)
      list(APPEND KERNEL_COMMON_FLAGS "-ffile-prefix-map=${_root}=rocm")
      list(APPEND KERNEL_PREFIX_MAPS "-ffile-prefix-map=${_root}=rocm")
    endif()
  endif()
  find_library(
    KERNEL_AMDHIP64
    NAMES amdhip64
    PATHS "${_root}/lib" "${_root}/lib64" "${_root}/lib/${CMAKE_LIBRARY_ARCHITECTURE}"
    NO_DEFAULT_PATH NO_CACHE REQUIRED
  )
  target_link_libraries(kernel_libraries INTERFACE "${KERNEL_AMDHIP64}")
endmacro()

# Collects the flags of every source in HIP.
macro(_kernel_hip_flags)
  # The definitions are Torch's (COMMON_HIPCC_FLAGS of its torch.utils.cpp_extension), but for those that take the
  # operators of half numbers away; as for CUDA.
  set(KERNEL_HIP_FLAGS -DCUDA_HAS_FP16=1 -DHIP_ENABLE_WARP_SYNC_BUILTINS=1 ${KERNEL_PREFIX_MAPS})
endmacro()

# Fails when the headers are of another HIP than Torch: the build is named after the HIP of Torch.
function(_kernel_check_rocm_of_torch)
  file(STRINGS "${CMAKE_HIP_COMPILER_ROCM_ROOT}/include/hip/hip_version.h" lines REGEX "HIP_VERSION_(MAJOR|MINOR) ")
  string(REGEX REPLACE "[^;]*MAJOR +([0-9]+);[^;]*MINOR +([0-9]+)" "\\1.\\2" found "${lines}")
  string(REGEX MATCH "^[0-9]+\\.[0-9]+" wanted "${KERNEL_TORCH_HIP}")
  if(wanted AND NOT wanted VERSION_EQUAL found)
    message(
      FATAL_ERROR "Torch ${KERNEL_FRAMEWORK_VERSION} is for ROCm ${wanted}; ${CMAKE_HIP_COMPILER_ROCM_ROOT} has HIP "
                  "${found}. Name the clang++ of ROCm ${wanted} with -DCMAKE_HIP_COMPILER=…, or install a Torch for "
                  "ROCm ${found}."
    )
  endif()
endfunction()
