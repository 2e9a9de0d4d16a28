# The facts of Torch or tvm-ffi, asked of Python once and without importing either, which would take seconds.

include_guard()

# kernel_facts(framework version_file)
#
# Sets the variables KERNEL_<NAME> that `facts.py <framework>` prints, in the scope of the caller: from the file that
# KERNEL_FACTS names, else by asking the active Python. When the file in the framework's folder that holds its version
# changes, CMake runs again: it may be another release in the same place.
macro(kernel_facts framework version_file)
  if(KERNEL_FACTS)
    include("${KERNEL_FACTS}")
  else()
    _kernel_ask_python("${framework}" "${CMAKE_CURRENT_BINARY_DIR}/facts.cmake")
    include("${CMAKE_CURRENT_BINARY_DIR}/facts.cmake")
  endif()
  set_property(
    DIRECTORY
    APPEND
    PROPERTY CMAKE_CONFIGURE_DEPENDS "${KERNEL_FRAMEWORK_ROOT}/${version_file}"
  )
endmacro()

# kernel_find_python()
#
# Sets Python_EXECUTABLE to the active Python (an activated environment, then PATH) where it is not given.
macro(kernel_find_python)
  if(NOT Python_EXECUTABLE)
    find_program(
      Python_EXECUTABLE
      NAMES python3 python
      HINTS ENV VIRTUAL_ENV ENV CONDA_PREFIX
      PATH_SUFFIXES bin Scripts
    )
  endif()
  if(NOT Python_EXECUTABLE)
    message(FATAL_ERROR "Python was not found; activate the environment of the kernel or pass -DPython_EXECUTABLE=…")
  endif()
endmacro()

# Runs facts.py.
function(_kernel_ask_python framework output)
  kernel_find_python()
  set(script "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/facts.py")
  set_property(
    DIRECTORY
    APPEND
    PROPERTY CMAKE_CONFIGURE_DEPENDS "${script}"
  )
  execute_process(
    COMMAND "${Python_EXECUTABLE}" "${script}" "${framework}"
    OUTPUT_FILE "${output}"
    ERROR_VARIABLE problem
    RESULT_VARIABLE status
  )
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${problem}")
  endif()
endfunction()
