# Libraries that components depend on beside the framework. Which there are is in dependencies.json; only those that the
# kernel names are looked for, and only the component that names one gets its headers.
#
# A copy is, in this order: the folder that the library's environment variable names; a folder <library>-<version> in the
# folder that KERNEL_DEPENDENCIES_DIR (with -D) or KERNEL_BUILDER_DEPENDENCIES (of the environment) names; what was
# downloaded before; or the archive that is published, if its digest is known. An archive of another digest is not used.
#
# Settings that a person or a tool may pass with -D:
#
#   KERNEL_DEPENDENCIES_DIR   a folder with copies of libraries
#   KERNEL_CACHE_DIR          where downloads are kept; the build folder when not given

include_guard()
file(READ "${CMAKE_CURRENT_LIST_DIR}/dependencies.json" KERNEL_DEPENDENCIES)

# kernel_depend(target name)
#
# Gives a component the headers of a library.
function(kernel_depend target name)
  string(JSON row ERROR_VARIABLE unknown GET "${KERNEL_DEPENDENCIES}" "${name}")
  if(unknown)
    message(FATAL_ERROR "build.toml names ${name}, which no component can depend on.")
  endif()
  _kernel_find_dependency(folder "${row}")
  _kernel_json_list(includes "${row}" include)
  foreach(include IN LISTS includes)
    cmake_path(SET path NORMALIZE "${folder}/${include}")
    if(IS_DIRECTORY "${path}")
      target_include_directories(${target} SYSTEM PRIVATE "${path}")
    endif()
  endforeach()
endfunction()

# Sets the output to the folder of a copy.
function(_kernel_find_dependency output row)
  foreach(field IN ITEMS name folder version marker variable url sha256)
    string(JSON ${field} ERROR_VARIABLE lacks GET "${row}" ${field})
    if(lacks)
      set(${field} "")
    endif()
  endforeach()
  # The release of oneAPI decides over that of the library.
  string(JSON releases ERROR_VARIABLE lacks GET "${row}" releases)
  if(NOT lacks)
    _kernel_release_of_oneapi(version "${name}" "${releases}")
  endif()

  if(NOT "$ENV{${variable}}" STREQUAL "")
    set(place "$ENV{${variable}}")
    if(NOT EXISTS "${place}/${marker}")
      message(FATAL_ERROR "${variable} names ${place}, which has no ${marker}: it is no copy of ${name}.")
    endif()
    set(${output} "${place}" PARENT_SCOPE)
    return()
  endif()

  foreach(places IN ITEMS "${KERNEL_DEPENDENCIES_DIR}" "$ENV{KERNEL_BUILDER_DEPENDENCIES}")
    if(places AND EXISTS "${places}/${folder}-${version}/${marker}")
      set(${output} "${places}/${folder}-${version}" PARENT_SCOPE)
      return()
    endif()
  endforeach()

  if(NOT sha256)
    message(
      FATAL_ERROR "${name} ${version} is needed, and there is no archive of it whose digest is known. Name a copy with the "
                  "environment variable ${variable}, or put it as ${folder}-${version} into a folder that "
                  "KERNEL_BUILDER_DEPENDENCIES names."
    )
  endif()
  set(cache "${KERNEL_CACHE_DIR}")
  if(NOT cache)
    set(cache "${CMAKE_BINARY_DIR}/dependencies")
  endif()
  set(place "${cache}/${folder}-${version}-${sha256}")
  if(NOT EXISTS "${place}/${marker}")
    _kernel_download("${place}" "${url}" "${sha256}" "${name} ${version}" "${variable}")
  endif()
  if(NOT EXISTS "${place}/${marker}")
    message(FATAL_ERROR "The archive of ${name} ${version} has no ${marker}; it was taken from ${url}.")
  endif()
  set(${output} "${place}" PARENT_SCOPE)
endfunction()

# Downloads an archive and unpacks it, without its one top folder, into a folder, which is there whole or not at all.
function(_kernel_download place url sha256 name variable)
  string(RANDOM LENGTH 12 suffix)
  set(stage "${place}.${suffix}")
  message(STATUS "Downloading ${name} from ${url}")
  file(
    DOWNLOAD "${url}" "${stage}/archive"
    STATUS status
    TLS_VERIFY ON
  )
  list(GET status 0 code)
  if(code EQUAL 0)
    file(SHA256 "${stage}/archive" digest)
  endif()
  if(NOT code EQUAL 0 OR NOT digest STREQUAL sha256)
    file(REMOVE_RECURSE "${stage}")
    if(code EQUAL 0)
      set(problem "what came has the digest ${digest}, not ${sha256}")
    else()
      list(GET status 1 problem)
    endif()
    message(
      FATAL_ERROR "${name} could not be downloaded from ${url}: ${problem}. Name a copy with the environment variable "
                  "${variable}, or put it into a folder that KERNEL_BUILDER_DEPENDENCIES names."
    )
  endif()
  file(ARCHIVE_EXTRACT INPUT "${stage}/archive" DESTINATION "${stage}/contents")
  file(GLOB tops "${stage}/contents/*")
  list(LENGTH tops count)
  if(NOT count EQUAL 1)
    set(tops "${stage}/contents")
  endif()
  file(RENAME "${tops}" "${place}" RESULT ignored)
  file(REMOVE_RECURSE "${stage}")
endfunction()

# Sets the output to the version of a library for the oneAPI that compiles; fails when there is none.
function(_kernel_release_of_oneapi output name releases)
  string(REGEX MATCH "^[0-9]+\\.[0-9]+" release "${CMAKE_CXX_COMPILER_VERSION}")
  string(JSON version ERROR_VARIABLE lacks GET "${releases}" "${release}")
  if(lacks)
    message(FATAL_ERROR "There is no ${name} for oneAPI ${release}; there are those for ${releases}.")
  endif()
  set(${output} "${version}" PARENT_SCOPE)
endfunction()

# Sets the output to the elements of an array of texts.
function(_kernel_json_list output json field)
  set(found "")
  string(JSON count LENGTH "${json}" ${field})
  math(EXPR last "${count} - 1")
  foreach(index RANGE ${last})
    string(JSON text GET "${json}" ${field} ${index})
    list(APPEND found "${text}")
  endforeach()
  set(${output} "${found}" PARENT_SCOPE)
endfunction()
