// Runs a shader as C++: `run FUNCTION` reads elements from standard input, calls the function for each of them, as a
// GPU would at once, and writes what it makes of them. SHADER is the text of the shader without its macro EXPORT, which
// is Metal's own way to give an instance of a template a name.
#include <cstdio>
#include <functional>
#include <iterator>
#include <map>
#include <string>
#include <vector>

static std::map<std::string, std::function<void(char *, char const *, std::size_t)>> functions;

template <typename T> bool add(char const *name, void (*function)(T *, T const *, unsigned)) {
  functions[name] = [function](char *out, char const *input, std::size_t size) {
    for (unsigned index = 0; index < size / sizeof(T); ++index) {
      function(reinterpret_cast<T *>(out), reinterpret_cast<T const *>(input), index);
    }
  };
  return true;
}

#define JOIN(A, B) A##B
#define NAMED(A, B) JOIN(A, B)
#define EXPORT(NAME, ...) static bool const NAMED(added_, __COUNTER__) = add(NAME, __VA_ARGS__);

#include SHADER

int main(int, char **arguments) {
  std::vector<char> input(1 << 20);
  input.resize(std::fread(input.data(), 1, input.size(), stdin));
  std::vector<char> out(input.size());
  functions.at(arguments[1])(out.data(), input.data(), input.size());
  return std::fwrite(out.data(), 1, out.size(), stdout) == out.size() ? 0 : 1;
}
