# Kernels for the GPUs of Apple. C++ and Objective-C++ are compiled as for the CPU; every shader, a file that ends in
# .metal, is compiled by itself, and all of a kernel's are linked into one Metal library, <ops id>.metallib, whose bytes
# become part of the kernel's own library. Sources find them with
#
#   #include EMBEDDED_METALLIB_HEADER
#   … = EMBEDDED_METALLIB_NAMESPACE::createLibrary(device, &error);
#
# where both macros are defined for all sources of a kernel that has shaders (see metallib.h.in).
#
# Settings that a person or a tool may pass with -D:
#
#   CMAKE_OSX_DEPLOYMENT_TARGET   the first macOS that the kernel is for; when neither it nor the environment variable
#                                 MACOSX_DEPLOYMENT_TARGET is given, 15.0
#   KERNEL_METAL_STD              the version of Metal that all shaders are written in, such as metal3.1; when not
#                                 given, that of a -std=metal… among a component's cxx-flags, else metal3.0
#   METAL_TOOLCHAIN               the folder of the Metal toolchain, also taken from the environment; when not given,
#                                 the one that Xcode finds

include_guard()

macro(kernel_backend_before_project)
  if(NOT CMAKE_HOST_APPLE AND NOT CMAKE_SYSTEM_NAME STREQUAL "Darwin")
    message(FATAL_ERROR "Kernels for metal are built on macOS; this is ${CMAKE_HOST_SYSTEM_NAME}.")
  endif()
endmacro()

# Enables Objective-C++, with the settings that C++ has, and finds the compiler and the linker of shaders.
macro(kernel_backend)
  if(NOT CMAKE_OBJCXX_COMPILER)
    set(CMAKE_OBJCXX_COMPILER "${CMAKE_CXX_COMPILER}")
  endif()
  if(NOT CMAKE_OBJCXX_COMPILER_LAUNCHER)
    set(CMAKE_OBJCXX_COMPILER_LAUNCHER "${CMAKE_CXX_COMPILER_LAUNCHER}")
  endif()
  enable_language(OBJCXX)
  foreach(_setting IN ITEMS STANDARD STANDARD_REQUIRED EXTENSIONS VISIBILITY_PRESET)
    set(CMAKE_OBJCXX_${_setting} ${CMAKE_CXX_${_setting}})
  endforeach()
  set(KERNEL_SOURCE_PATTERN "\\.(cc|cpp|cxx|mm)$")
  # The code of metal-cpp becomes part of each library that uses it; another one's can be of another version.
  list(APPEND KERNEL_DEFINITIONS METALCPP_SYMBOL_VISIBILITY_HIDDEN)
  # Of these frameworks a kernel needs those that it takes something of.
  target_link_options(kernel_libraries INTERFACE "LINKER:-dead_strip_dylibs")
  foreach(_framework IN ITEMS Foundation Metal MetalPerformanceShaders MetalPerformanceShadersGraph)
    target_link_libraries(kernel_libraries INTERFACE "-framework ${_framework}")
  endforeach()
  _kernel_find_metal()
endmacro()

# Takes the shaders out of a component's sources, and their version of Metal out of its flags for C++.
macro(kernel_backend_component)
  if(DEFINED component_BACKEND)
    set(component_NAME "kernel component '${id}'")
  else()
    set(component_NAME "bindings")
  endif()
  _kernel_take_shader_std()
  _kernel_take_shaders()
endmacro()

# Objective-C++ gets the author's flags for C++: it is C++ with additions.
macro(kernel_backend_target target)
  kernel_language_options(${target} OBJCXX ${KERNEL_PREFIX_MAPS})
  kernel_author_options(${target} OBJCXX "${component_CXX_FLAGS}")
endmacro()

# Links the shaders and makes their library a part of the kernel's.
function(kernel_backend_library target)
  get_property(airs GLOBAL PROPERTY KERNEL_METAL_AIRS)
  if(NOT airs)
    return()
  endif()
  set(folder "${CMAKE_BINARY_DIR}/metal")
  set(metallib "${folder}/${KERNEL_OPS_ID}.metallib")
  add_custom_command(
    OUTPUT "${metallib}"
    COMMAND ${KERNEL_METAL_LINKER} -o "metal/${KERNEL_OPS_ID}.metallib" ${airs}
    DEPENDS ${airs}
    WORKING_DIRECTORY "${CMAKE_BINARY_DIR}"
    COMMENT "Linking shaders into ${KERNEL_OPS_ID}.metallib"
    VERBATIM
  )
  # The bytes are in a source of their own: when a shader changes, nothing else is compiled again.
  set(KERNEL_METAL_NAMESPACE "${KERNEL_OPS_ID}_metal")
  set(header "${KERNEL_OPS_ID}_metallib.h")
  configure_file("${CMAKE_CURRENT_FUNCTION_LIST_DIR}/metallib.h.in" "${folder}/${header}" @ONLY)
  set(script "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/embed_metallib.cmake")
  set(source "${folder}/${KERNEL_OPS_ID}_metallib.cpp")
  add_custom_command(
    OUTPUT "${source}"
    COMMAND "${CMAKE_COMMAND}" "-DMETALLIB=${metallib}" "-DSOURCE=${source}" "-DNAMESPACE=${KERNEL_METAL_NAMESPACE}" -P
            "${script}"
    DEPENDS "${metallib}" "${script}"
    COMMENT "Writing ${KERNEL_OPS_ID}.metallib as a source"
    VERBATIM
  )
  add_library(kernel_metallib OBJECT "${source}")
  kernel_language_options(kernel_metallib CXX ${KERNEL_COMMON_FLAGS})
  target_sources(${target} PRIVATE $<TARGET_OBJECTS:kernel_metallib>)
  foreach(user IN LISTS KERNEL_COMPONENTS target)
    target_include_directories(${user} PRIVATE "${folder}")
    target_compile_definitions(
      ${user} PRIVATE "EMBEDDED_METALLIB_HEADER=\"${header}\"" "EMBEDDED_METALLIB_NAMESPACE=${KERNEL_METAL_NAMESPACE}"
    )
  endforeach()
endfunction()

# Sets component_METAL_STD to the version of Metal of a component's shaders, and takes it out of component_CXX_FLAGS.
function(_kernel_take_shader_std)
  set(std metal3.0)
  set(pattern "-std=((macos-)?metal[0-9]+\\.[0-9]+)")
  if(component_CXX_FLAGS MATCHES "^SHELL:(.* )?${pattern}( .*)?$")
    set(std "${CMAKE_MATCH_2}")
    string(REGEX REPLACE "(SHELL:| )${pattern}( |$)" "\\1" flags "${component_CXX_FLAGS}")
    if(flags MATCHES "^SHELL: *$")
      set(flags "")
    endif()
    set(component_CXX_FLAGS "${flags}" PARENT_SCOPE)
  endif()
  if(KERNEL_METAL_STD)
    set(std "${KERNEL_METAL_STD}")
  endif()
  set(component_METAL_STD "${std}" PARENT_SCOPE)
endfunction()

# Takes the shaders out of component_SOURCES, and compiles each.
function(_kernel_take_shaders)
  set(shaders "${component_SOURCES}")
  list(FILTER shaders INCLUDE REGEX "\\.metal$")
  list(FILTER component_SOURCES EXCLUDE REGEX "\\.metal$")
  set(component_SOURCES "${component_SOURCES}" PARENT_SCOPE)
  if(NOT shaders)
    return()
  endif()
  _kernel_shader_flags(flags)
  foreach(shader IN LISTS shaders)
    _kernel_compile_shader("${shader}" "${flags}")
  endforeach()
endfunction()

# Sets a variable to the flags for a component's shaders.
function(_kernel_shader_flags output)
  set(target "${CMAKE_OSX_DEPLOYMENT_TARGET}")
  _kernel_first_macos(first "${component_METAL_STD}")
  if(target VERSION_LESS first)
    message(
      WARNING "The shaders of the ${component_NAME} are in ${component_METAL_STD}, which macOS ${first} is the first "
              "to know; the kernel is for macOS ${target} and later, and cannot load them before ${first}. Write them "
              "in an earlier version, or pass -DCMAKE_OSX_DEPLOYMENT_TARGET=${first}."
    )
    set(target "${first}")
  endif()
  set(flags -std=${component_METAL_STD} -mmacosx-version-min=${target} -O2)
  foreach(folder IN LISTS component_INCLUDES)
    _kernel_from_build(path "${KERNEL_SOURCE_DIR}/${folder}")
    list(APPEND flags "-I${path}")
  endforeach()
  set(${output} "${flags}" PARENT_SCOPE)
endfunction()

# Sets a variable to the first macOS that knows a version of Metal, as Apple documents MTLLanguageVersion.
function(_kernel_first_macos output std)
  string(REGEX MATCH "[0-9.]+$" version "${std}")
  set(first 0)
  foreach(pair IN ITEMS 3.0=13.0 3.1=14.0 3.2=15.0 4.0=26.0)
    string(REPLACE "=" ";" pair "${pair}")
    list(GET pair 0 known)
    if(version VERSION_GREATER_EQUAL known)
      list(GET pair 1 first)
    endif()
  endforeach()
  set(${output} "${first}" PARENT_SCOPE)
endfunction()

# Compiles a shader. What it becomes has the path of the source in its name: two shaders may have one base name.
function(_kernel_compile_shader shader flags)
  cmake_path(ABSOLUTE_PATH shader BASE_DIRECTORY "${KERNEL_SOURCE_DIR}" OUTPUT_VARIABLE source)
  if(NOT EXISTS "${source}")
    message(FATAL_ERROR "build.toml names a source that does not exist: ${source}")
  endif()
  set(air "metal/${shader}.air")
  get_property(airs GLOBAL PROPERTY KERNEL_METAL_AIRS)
  if(air IN_LIST airs)
    message(
      FATAL_ERROR "${shader} is a shader of the ${component_NAME} and of another one; all become one Metal library, in "
                  "which each function is once. Take it out of the `src` of one of them in build.toml."
    )
  endif()
  cmake_path(GET air PARENT_PATH folder)
  file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/${folder}")
  # The compiler writes down the path of the source as it is given.
  _kernel_from_build(path "${source}")
  add_custom_command(
    OUTPUT "${CMAKE_BINARY_DIR}/${air}"
    COMMAND ${KERNEL_METAL_COMPILER} ${flags} -MMD -MF "${air}.d" -o "${air}" -c "${path}"
    DEPENDS "${source}"
    DEPFILE "${air}.d"
    WORKING_DIRECTORY "${CMAKE_BINARY_DIR}"
    COMMENT "Compiling shader ${shader}"
    VERBATIM
  )
  set_property(GLOBAL APPEND PROPERTY KERNEL_METAL_AIRS "${air}")
endfunction()

# Sets a variable to a path as it is from the build folder, which is the same wherever the project is.
function(_kernel_from_build output path)
  file(RELATIVE_PATH relative "${CMAKE_BINARY_DIR}" "${path}")
  set(${output} "${relative}" PARENT_SCOPE)
endfunction()

# Sets KERNEL_METAL_COMPILER and KERNEL_METAL_LINKER to the commands that compile and link shaders, in the caller, and
# KERNEL_ACCELERATOR_COMPILER to the compiler's name and version.
function(_kernel_find_metal)
  set(named "${METAL_TOOLCHAIN}")
  if(NOT named)
    set(named "$ENV{METAL_TOOLCHAIN}")
  endif()
  if(named)
    _kernel_metal_in(programs "${named}")
    if(NOT programs)
      message(
        FATAL_ERROR "METAL_TOOLCHAIN is ${named}, in which there is no usr/bin/metal. Set it to the folder "
                    "Metal.xctoolchain, or unset it to use the toolchain that Xcode finds."
      )
    endif()
    set(compiler "${programs}/metal")
    set(linker "${programs}/metallib")
  else()
    set(compiler xcrun -sdk macosx metal)
    set(linker xcrun -sdk macosx metallib)
  endif()
  _kernel_metal_version(version problem ${compiler})
  if(NOT version AND NOT named)
    # A toolchain that was mounted a moment ago may not be known to xcrun.
    _kernel_mounted_toolchain(programs)
    if(programs)
      set(compiler "${programs}/metal")
      set(linker "${programs}/metallib")
      _kernel_metal_version(version problem ${compiler})
    endif()
  endif()
  if(NOT version)
    list(JOIN compiler " " command)
    message(
      FATAL_ERROR "`${command} --version` failed: ${problem}\n"
                  "Install the Metal toolchain, from Xcode 26 on a component of its own, with: xcodebuild "
                  "-downloadComponent MetalToolchain"
    )
  endif()
  set(KERNEL_METAL_COMPILER "${compiler}" PARENT_SCOPE)
  set(KERNEL_METAL_LINKER "${linker}" PARENT_SCOPE)
  set(KERNEL_ACCELERATOR_COMPILER "metal ${version}" PARENT_SCOPE)
endfunction()

# Sets a variable to the version of a compiler of shaders, or to nothing, and another one to why.
function(_kernel_metal_version output problem)
  execute_process(
    COMMAND ${ARGN} --version
    OUTPUT_VARIABLE said
    ERROR_VARIABLE error
    RESULT_VARIABLE status
  )
  set(version "")
  if(status EQUAL 0 AND said MATCHES "version ([^ \n]+) [(]metalfe-")
    set(version "${CMAKE_MATCH_1}")
  endif()
  string(STRIP "${said}${error}" reason)
  if(NOT reason)
    set(reason "${status}")
  endif()
  set(${output} "${version}" PARENT_SCOPE)
  set(${problem} "${reason}" PARENT_SCOPE)
endfunction()

# Sets a variable to the folder of the programs in the Metal toolchain of Xcode, or to nothing.
function(_kernel_mounted_toolchain output)
  execute_process(
    COMMAND xcodebuild -showComponent MetalToolchain
    OUTPUT_VARIABLE said
    ERROR_QUIET
  )
  set(programs "")
  if(said MATCHES "Toolchain Search Path: ([^\n]+)")
    _kernel_metal_in(programs "${CMAKE_MATCH_1}")
  endif()
  set(${output} "${programs}" PARENT_SCOPE)
endfunction()

# Sets a variable to the folder of the programs in a toolchain, which is the folder or, as Xcode mounts it,
# Metal.xctoolchain in it; to nothing when there are none.
function(_kernel_metal_in output folder)
  set(programs "")
  foreach(toolchain IN ITEMS "${folder}" "${folder}/Metal.xctoolchain")
    if(NOT programs AND EXISTS "${toolchain}/usr/bin/metal")
      set(programs "${toolchain}/usr/bin")
    endif()
  endforeach()
  set(${output} "${programs}" PARENT_SCOPE)
endfunction()
