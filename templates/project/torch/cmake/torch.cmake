# The facts of Torch, asked of Python once; find_package(Torch) would take seconds and enable languages of its own.

include_guard()

# kernel_find_torch()
#
# Sets KERNEL_TORCH_ROOT, KERNEL_TORCH_VERSION and the other variables that torch_facts.py prints, and makes the
# targets kernel_torch_headers (to compile with) and kernel_torch (to link with).
macro(kernel_find_torch)
  if(NOT KERNEL_TORCH_FACTS)
    _kernel_ask_python("${CMAKE_CURRENT_BINARY_DIR}/torch-facts.cmake")
    include("${CMAKE_CURRENT_BINARY_DIR}/torch-facts.cmake")
  else()
    include("${KERNEL_TORCH_FACTS}")
  endif()
  # Another Torch in the same place: configure again.
  set_property(
    DIRECTORY
    APPEND
    PROPERTY CMAKE_CONFIGURE_DEPENDS "${KERNEL_TORCH_ROOT}/version.py"
  )
  if(NOT TARGET kernel_torch)
    _kernel_torch_targets()
  endif()
endmacro()

# Runs torch_facts.py under the active Python (an activated environment, then PATH, then Python_EXECUTABLE if given).
function(_kernel_ask_python output)
  if(NOT Python_EXECUTABLE)
    find_program(
      Python_EXECUTABLE
      NAMES python3 python
      HINTS ENV VIRTUAL_ENV ENV CONDA_PREFIX
      PATH_SUFFIXES bin Scripts
    )
  endif()
  if(NOT Python_EXECUTABLE)
    message(FATAL_ERROR "Python was not found; activate the environment that has Torch or pass -DPython_EXECUTABLE=…")
  endif()
  set(script "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/torch_facts.py")
  set_property(
    DIRECTORY
    APPEND
    PROPERTY CMAKE_CONFIGURE_DEPENDS "${script}"
  )
  execute_process(
    COMMAND "${Python_EXECUTABLE}" "${script}" --format cmake
    OUTPUT_FILE "${output}"
    ERROR_VARIABLE problem
    RESULT_VARIABLE status
  )
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${problem}")
  endif()
endfunction()

function(_kernel_torch_targets)
  add_library(kernel_torch_headers INTERFACE)
  target_include_directories(
    kernel_torch_headers SYSTEM INTERFACE "${KERNEL_TORCH_ROOT}/include"
                                          "${KERNEL_TORCH_ROOT}/include/torch/csrc/api/include"
  )
  if(KERNEL_PYTHON_INCLUDE)
    target_include_directories(kernel_torch_headers SYSTEM INTERFACE "${KERNEL_PYTHON_INCLUDE}")
  endif()
  if(KERNEL_TORCH_CXX11_ABI STREQUAL "0")
    target_compile_definitions(kernel_torch_headers INTERFACE _GLIBCXX_USE_CXX11_ABI=0)
  endif()

  add_library(kernel_torch INTERFACE)
  foreach(name IN ITEMS c10 torch_cpu torch)
    find_library(
      KERNEL_LIBRARY_${name}
      NAMES ${name}
      PATHS "${KERNEL_TORCH_ROOT}/lib"
      NO_DEFAULT_PATH NO_CACHE REQUIRED
    )
    target_link_libraries(kernel_torch INTERFACE "${KERNEL_LIBRARY_${name}}")
  endforeach()
  if(WIN32)
    target_link_libraries(kernel_torch INTERFACE "${KERNEL_PYTHON_LIBRARY}")
  endif()
endfunction()
