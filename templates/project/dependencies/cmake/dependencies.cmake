# Libraries that components depend on beside the framework. Which there are is in dependencies.json; only those that the
# kernel names are looked for, and only the component that names one gets its headers and definitions.
#
# A copy is, in this order:
#
#   1. the folder that the library's environment variable names (CUTLASS_SRC_DIR, …);
#   2. <library>-<version> in a folder of copies: a folder, or an archive as it is published;
#   3. what was downloaded before;
#   4. what is published, for which a digest is known.
#
# What has another digest is never used.
#
# Settings that a person or a tool may pass with -D:
#
#   KERNEL_DEPENDENCIES_DIR   a folder with copies of libraries; before KERNEL_BUILDER_DEPENDENCIES of the environment
#   KERNEL_CACHE_DIR          where downloads are kept; the build folder when not given

include_guard()
include(facts)
file(READ "${CMAKE_CURRENT_LIST_DIR}/dependencies.json" KERNEL_DEPENDENCIES)

# kernel_depend(target name)
#
# Gives a component the headers and definitions of a library. Does nothing when the library is for another backend.
function(kernel_depend target name)
  string(JSON row ERROR_VARIABLE unknown GET "${KERNEL_DEPENDENCIES}" "${name}")
  if(unknown)
    message(FATAL_ERROR "build.toml names ${name}, which no component can depend on.")
  endif()
  _kernel_json_list(backends "${row}" backends)
  if(NOT KERNEL_BACKEND IN_LIST backends)
    message(STATUS "${name} is left out: it is not for ${KERNEL_BACKEND}")
    return()
  endif()
  _kernel_find_dependency(folder "${name}" "${row}")
  _kernel_json_list(includes "${row}" include)
  foreach(include IN LISTS includes)
    cmake_path(SET path NORMALIZE "${folder}/${include}")
    # Copies in packages may lack the tools.
    if(IS_DIRECTORY "${path}")
      target_include_directories(${target} SYSTEM PRIVATE "${path}")
    endif()
  endforeach()
  _kernel_json_list(definitions "${row}" definitions)
  target_compile_definitions(${target} PRIVATE ${definitions})
  string(JSON library GET "${row}" folder)
  _kernel_hide_folder(${target} "${folder}" "${library}")
endfunction()

# Sets the output to the folder of a copy.
function(_kernel_find_dependency output name row)
  foreach(field IN ITEMS folder variable)
    string(JSON ${field} GET "${row}" ${field})
  endforeach()
  set(found "$ENV{${variable}}")
  set(words "${variable} names")
  set(release "${row}")
  if(NOT found)
    _kernel_release(release "${name}" "${row}")
  endif()
  string(JSON version ERROR_VARIABLE ignored GET "${release}" version)
  set(copy "${folder}-${version}")
  set(cache "${KERNEL_CACHE_DIR}")
  if(NOT cache)
    set(cache "${CMAKE_BINARY_DIR}/dependencies")
  endif()
  foreach(places IN ITEMS "${KERNEL_DEPENDENCIES_DIR}" "$ENV{KERNEL_BUILDER_DEPENDENCIES}")
    if(places AND NOT found)
      set(words "The copy of it is")
      set(found "${places}/${copy}")
      if(NOT IS_DIRECTORY "${found}")
        _kernel_unpack_given(found "${places}" "${copy}" "${cache}" "${release}")
      endif()
    endif()
  endforeach()
  if(NOT found)
    set(words "What was downloaded is")
    _kernel_fetch(found problems "${cache}" "${copy}" "${release}")
  endif()
  if(NOT found)
    string(JSON title GET "${row}" name)
    _kernel_json_list(sources "${release}" sources)
    set(place "into a folder that KERNEL_BUILDER_DEPENDENCIES names")
    if(sources)
      set(ways "put it, as the folder ${copy} or as the published file, ${place}; or build where it can be downloaded.")
    else()
      set(ways "or put it, as the folder ${copy}, ${place}.")
    endif()
    message(
      FATAL_ERROR "${name} needs ${title} ${version}, and there is no copy of it.\n${problems}"
                  "Name a folder with it with the environment variable ${variable}; ${ways}"
    )
  endif()
  _kernel_check_copy("${name}" "${row}" "${version}" "${words} ${found}" "${found}")
  set(${output} "${found}" PARENT_SCOPE)
endfunction()

# Sets the output to the part of a row that has the version and the sources: the row, or what it has for the oneAPI that
# compiles, whose release decides over that of the library.
function(_kernel_release output name row)
  string(JSON releases ERROR_VARIABLE lacks GET "${row}" releases)
  if(lacks)
    set(${output} "${row}" PARENT_SCOPE)
    return()
  endif()
  string(REGEX MATCH "^[0-9]+\\.[0-9]+" oneapi "${CMAKE_CXX_COMPILER_VERSION}")
  string(JSON release ERROR_VARIABLE lacks GET "${releases}" "${oneapi}")
  if(lacks)
    _kernel_json_names(known "${releases}")
    string(JSON variable GET "${row}" variable)
    message(
      FATAL_ERROR "There is no ${name} for oneAPI ${oneapi}; there is one for each of ${known}. Build with one of "
                  "these, or name a copy that fits with the environment variable ${variable}."
    )
  endif()
  set(${output} "${release}" PARENT_SCOPE)
endfunction()

# Fails when a folder is no copy of a library, or one of another version. Where only the last number differs, it is
# taken: a person's own copy may have been mended.
function(_kernel_check_copy name row version words folder)
  string(JSON title GET "${row}" name)
  string(JSON marker GET "${row}" marker)
  if(NOT EXISTS "${folder}/${marker}")
    message(FATAL_ERROR "${name}: ${words}, which has no ${marker}: it is no copy of ${title}.")
  endif()
  string(JSON macros ERROR_VARIABLE lacks GET "${row}" macros)
  if(lacks)
    return()
  endif()
  file(READ "${folder}/${marker}" text)
  set(found "")
  foreach(part IN ITEMS MAJOR MINOR)
    if(text MATCHES "#define +${macros}_${part} +([0-9]+)")
      list(APPEND found "${CMAKE_MATCH_1}")
    endif()
  endforeach()
  list(JOIN found "." found)
  string(REGEX MATCH "^[0-9]+\\.[0-9]+" wanted "${version}")
  if(NOT found STREQUAL wanted)
    message(FATAL_ERROR "${name}: ${words}, which is ${title} ${found}; ${title} ${wanted} is needed.")
  endif()
endfunction()

# Sets the output to the folder that an archive in a folder of copies was unpacked to, or to nothing.
function(_kernel_unpack_given output places copy cache release)
  set(names "${copy}.*")
  _kernel_json_list(sources "${release}" sources)
  foreach(source IN LISTS sources)
    string(JSON file ERROR_VARIABLE lacks GET "${source}" file)
    if(NOT lacks)
      list(APPEND names "${file}")
    endif()
  endforeach()
  list(TRANSFORM names PREPEND "${places}/")
  file(GLOB archives LIST_DIRECTORIES FALSE ${names})
  set(${output} "" PARENT_SCOPE)
  foreach(archive IN LISTS archives)
    foreach(source IN LISTS sources)
      _kernel_has_digest(same "${archive}" "${source}")
      if(same)
        _kernel_place(place "${cache}" "${copy}" "${source}")
        if(NOT IS_DIRECTORY "${place}")
          _kernel_unpack("${archive}" "${place}" "${source}")
        endif()
        set(${output} "${place}" PARENT_SCOPE)
        return()
      endif()
    endforeach()
    message(
      FATAL_ERROR "${archive} is not an archive that is known to have been published: its digest is another one. If "
                  "you trust it, unpack it into ${places}/${copy}."
    )
  endforeach()
endfunction()

# Sets the first output to the folder of what was downloaded, now or before, or to nothing, and the second to what was
# in the way.
function(_kernel_fetch output problems cache copy release)
  set(${output} "" PARENT_SCOPE)
  set(said "")
  _kernel_json_list(sources "${release}" sources)
  foreach(source IN LISTS sources)
    _kernel_place(place "${cache}" "${copy}" "${source}")
    if(IS_DIRECTORY "${place}")
      set(${output} "${place}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  foreach(source IN LISTS sources)
    _kernel_place(place "${cache}" "${copy}" "${source}")
    string(RANDOM LENGTH 12 suffix)
    set(stage "${place}.${suffix}")
    _kernel_download(archive problem "${source}" "${stage}")
    if(archive)
      _kernel_has_digest(same "${archive}" "${source}")
      if(same)
        _kernel_unpack("${archive}" "${place}" "${source}")
      else()
        set(problem "its digest is not the one that is known, and it was thrown away")
      endif()
    endif()
    file(REMOVE_RECURSE "${stage}")
    if(IS_DIRECTORY "${place}")
      set(${output} "${place}" PARENT_SCOPE)
      return()
    endif()
    _kernel_origin(origin "${source}")
    string(APPEND said "${origin}: ${problem}\n")
  endforeach()
  if(NOT sources)
    set(said "Nothing of it can be downloaded, since no digest of an archive of it is known.\n")
  endif()
  set(${problems} "${said}" PARENT_SCOPE)
endfunction()

# Sets the first output to the file that a source was downloaded to, or to nothing, and the second to what was in the
# way.
function(_kernel_download output problem source stage)
  set(${output} "" PARENT_SCOPE)
  _kernel_origin(origin "${source}")
  message(STATUS "Downloading ${origin}")
  file(MAKE_DIRECTORY "${stage}")
  string(JSON url ERROR_VARIABLE lacks GET "${source}" url)
  if(NOT lacks)
    file(
      DOWNLOAD "${url}" "${stage}/archive"
      STATUS status
      INACTIVITY_TIMEOUT 60
      TLS_VERIFY ON
    )
    list(POP_FRONT status code)
    set(found "${stage}/archive")
  else()
    string(JSON package GET "${source}" package)
    kernel_find_python()
    execute_process(
      COMMAND "${Python_EXECUTABLE}" -m pip download --quiet --disable-pip-version-check --no-input --no-deps
              --no-cache-dir --only-binary=:all: --dest "${stage}" "${package}"
      RESULT_VARIABLE code
      OUTPUT_QUIET
      ERROR_VARIABLE status
    )
    # The last line of pip is the one that says it.
    string(REGEX REPLACE "^(.*\n)?([^\n]+)\n*$" "\\2" status "${status}")
    file(GLOB found "${stage}/*.whl")
  endif()
  if(code EQUAL 0)
    set(${output} "${found}" PARENT_SCOPE)
  else()
    set(${problem} "${status}" PARENT_SCOPE)
  endif()
endfunction()

# Unpacks an archive to a folder, which is there whole or not at all: two builds may do this at once.
function(_kernel_unpack archive place source)
  string(RANDOM LENGTH 12 suffix)
  set(stage "${place}.${suffix}")
  file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${stage}")
  string(JSON root ERROR_VARIABLE lacks GET "${source}" root)
  if(lacks)
    # Most archives have one folder at their top.
    file(GLOB root RELATIVE "${stage}" "${stage}/*")
    list(LENGTH root count)
    if(NOT count EQUAL 1)
      set(root .)
    endif()
  endif()
  cmake_path(SET path NORMALIZE "${stage}/${root}")
  file(RENAME "${path}" "${place}" RESULT failure)
  file(REMOVE_RECURSE "${stage}")
  if(NOT IS_DIRECTORY "${place}")
    message(FATAL_ERROR "${archive} could not be unpacked to ${place}: ${failure}")
  endif()
endfunction()

# Sets the output to where a copy from a source is kept.
function(_kernel_place output cache copy source)
  string(JSON digest GET "${source}" digest)
  # As much as tells one from the others: some systems allow short paths only.
  string(REGEX REPLACE "^.*=(............).*$" "\\1" start "${digest}")
  set(${output} "${cache}/${copy}-${start}" PARENT_SCOPE)
endfunction()

# Sets the output to whether a file is what a source has published.
function(_kernel_has_digest output file source)
  string(JSON digest GET "${source}" digest)
  string(REGEX MATCH "^[^=]+" algorithm "${digest}")
  file(${algorithm} "${file}" found)
  string(COMPARE EQUAL "${algorithm}=${found}" "${digest}" same)
  set(${output} ${same} PARENT_SCOPE)
endfunction()

# Sets the output to what a source is called in messages.
function(_kernel_origin output source)
  string(JSON origin ERROR_VARIABLE lacks GET "${source}" url)
  if(lacks)
    string(JSON package GET "${source}" package)
    set(origin "the Python package ${package}")
  endif()
  set(${output} "${origin}" PARENT_SCOPE)
endfunction()

# Keeps the path of a folder with headers out of what is compiled.
function(_kernel_hide_folder target folder name)
  if(KERNEL_BACKEND STREQUAL "cuda")
    _kernel_cuda_check_path("${folder}")
  endif()
  if(KERNEL_HAS_PREFIX_MAP)
    kernel_language_options(${target} CXX "-ffile-prefix-map=${folder}=${name}")
    kernel_language_options(${target} OBJCXX "-ffile-prefix-map=${folder}=${name}")
    # See _kernel_cuda_flags.
    kernel_language_options(${target} CUDA "-ffile-prefix-map='${folder}=${name}'")
  endif()
endfunction()

# Sets the output to the elements of an array, objects as JSON. Their text has no semicolons.
function(_kernel_json_list output json field)
  set(found "")
  string(JSON count LENGTH "${json}" ${field})
  if(count GREATER 0)
    math(EXPR last "${count} - 1")
    foreach(index RANGE ${last})
      string(JSON text GET "${json}" ${field} ${index})
      list(APPEND found "${text}")
    endforeach()
  endif()
  set(${output} "${found}" PARENT_SCOPE)
endfunction()

# Sets the output to the names in an object, as words for a message.
function(_kernel_json_names output json)
  set(found "")
  string(JSON count LENGTH "${json}")
  math(EXPR last "${count} - 1")
  foreach(index RANGE ${last})
    string(JSON name MEMBER "${json}" ${index})
    list(APPEND found "${name}")
  endforeach()
  list(JOIN found ", " found)
  set(${output} "${found}" PARENT_SCOPE)
endfunction()
