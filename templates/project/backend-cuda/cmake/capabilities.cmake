# CUDA capabilities: which of them a component is compiled for. Nothing here needs a compiler, or a project.

include_guard()

# kernel_cuda_intersection(output requested targets)
#
# What a component that asks for some capabilities is compiled for, where a compiler builds for the `targets`. Both are
# lists such as "8.0;9.0a;10.0f;12.0+PTX"; the PTX of the targets does not count.
#
# A capability with a suffix (a: of this architecture only, f: of its family) is taken where its number is a target, and
# then stands for that target. Each target that is left gets the highest requested capability without suffix that is not
# above it and has the same major version; one that is requested with PTX may be of an older major version. Whether PTX
# is kept is the request's own say. The output is in the order of the numbers, without repetition.
function(kernel_cuda_intersection output requested targets)
  set(numbers "")
  foreach(target IN LISTS targets)
    _kernel_cuda_parse("${target}")
    list(APPEND numbers ${number})
  endforeach()

  set(plain "")
  set(with_ptx "")
  set(found "")
  set(left ${numbers})
  foreach(capability IN LISTS requested)
    _kernel_cuda_parse("${capability}")
    if(ptx)
      list(APPEND with_ptx "${number}${suffix}")
    endif()
    if(NOT suffix)
      list(APPEND plain ${number})
    elseif(number IN_LIST numbers)
      list(APPEND found "${number}${suffix}")
      list(REMOVE_ITEM left ${number})
    endif()
  endforeach()
  foreach(target IN LISTS left)
    _kernel_cuda_best(best ${target} "${plain}" "${with_ptx}")
    list(APPEND found ${best})
  endforeach()

  list(REMOVE_DUPLICATES found)
  list(SORT found COMPARE NATURAL)
  set(result "")
  foreach(one IN LISTS found)
    string(REGEX REPLACE "^([0-9]+)([0-9])([af]?)$" "\\1.\\2\\3" text "${one}")
    if(one IN_LIST with_ptx)
      string(APPEND text "+PTX")
    endif()
    list(APPEND result "${text}")
  endforeach()
  set(${output} "${result}" PARENT_SCOPE)
endfunction()

# kernel_cuda_union(output capabilities)
#
# The capabilities without repetition, in the order of the numbers; what is there with PTX is not there without.
function(kernel_cuda_union output capabilities)
  list(REMOVE_DUPLICATES capabilities)
  set(with_ptx ${capabilities})
  list(FILTER with_ptx INCLUDE REGEX "\\+PTX$")
  list(TRANSFORM with_ptx REPLACE "\\+PTX$" "")
  list(REMOVE_ITEM capabilities ${with_ptx})
  list(SORT capabilities COMPARE NATURAL)
  set(${output} "${capabilities}" PARENT_SCOPE)
endfunction()

# Sets the output to the highest of the plain numbers that code for a target can be made of; empty when there is none.
function(_kernel_cuda_best output target plain with_ptx)
  set(best "")
  math(EXPR target_major "${target} / 10")
  foreach(number IN LISTS plain)
    math(EXPR major "${number} / 10")
    if(number LESS_EQUAL target AND (major EQUAL target_major OR number IN_LIST with_ptx) AND (best STREQUAL ""
                                                                                               OR number GREATER best)
    )
      set(best ${number})
    endif()
  endforeach()
  set(${output} "${best}" PARENT_SCOPE)
endfunction()

# Sets in the caller the `number` of a capability (tenfold), its `suffix`, and whether it has `ptx`.
macro(_kernel_cuda_parse capability)
  if(NOT "${capability}" MATCHES "^([1-9][0-9]?)\\.([0-9])([af]?)(\\+PTX)?$")
    message(FATAL_ERROR "'${capability}' is no CUDA capability: write it as in 8.0, 9.0a, 10.0f or 12.0+PTX.")
  endif()
  set(number "${CMAKE_MATCH_1}${CMAKE_MATCH_2}")
  set(suffix "${CMAKE_MATCH_3}")
  set(ptx "${CMAKE_MATCH_4}")
endmacro()
