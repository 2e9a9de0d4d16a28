"""From a configuration to the files of a CMake and Python project."""
