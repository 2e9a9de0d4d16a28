# Writes a Metal library as a C++ source: cmake -DMETALLIB=file -DSOURCE=file -DNAMESPACE=name -P embed_metallib.cmake
#
# The bytes are a string, which compilers take in many times faster than a list of numbers.

file(READ "${METALLIB}" bytes HEX)
string(LENGTH "${bytes}" size)
math(EXPR size "${size} / 2")
string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
string(REPEAT "." 128 line)
string(REGEX REPLACE "(${line})" "\\1\"\n    \"" bytes "${bytes}")
file(
  WRITE "${SOURCE}"
  "#include <cstddef>\n\n"
  "namespace ${NAMESPACE} {\n\n"
  "extern std::size_t const metallib_size;\n"
  "extern char const metallib[];\n\n"
  "std::size_t const metallib_size = ${size};\n"
  "char const metallib[] =\n    \"${bytes}\";\n\n"
  "} // namespace ${NAMESPACE}\n"
)
