// Uses what came to the C++ library and to glibc after the oldest systems that a kernel is to run on, and what they
// have long had; each result is compared between a build for this system and one for those.

#include "features.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iomanip>
#include <iostream>
#include <locale>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <new>
#include <optional>
#include <random>
#include <regex>
#include <shared_mutex>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <typeinfo>
#include <variant>

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

// Runs as the library is loaded, before anybody asks for anything.
struct Loaded {
  std::string text;
  fs::path path;

  Loaded() : path(fs::path("a") / "b.txt") {
    std::ostringstream stream;
    stream << "loaded " << 1.5 << ' ' << std::boolalpha << true << ' ' << path.extension().string();
    text = stream.str();
  }
} const loaded;

struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Base {
  virtual ~Base() = default;
};
struct Derived : Base {};

std::string of_static() { return loaded.text; }

std::string of_strings() {
  std::string text(100, 'x');
  text.reserve(1000);
  text.replace(10, 80, "-");
  std::wstring wide = L"wide";
  std::string_view view = text;
  return text + std::to_string(view.find('-')) + std::to_string(wide.size()) + std::to_string(2.5);
}

std::string of_streams() {
  std::stringstream stream;
  stream << std::setw(8) << std::setfill('*') << std::setprecision(3) << 3.14159 << ' ' << std::hex << 255 << ' '
         << std::put_time(std::gmtime(std::array<std::time_t, 1>{0}.data()), "%Y-%m-%d");
  double number = 0;
  std::istringstream("2.75e3") >> number;
  std::istringstream broken("x");
  broken.exceptions(std::ios::failbit);
  std::string failure;
  try {
    int nothing = 0;
    broken >> nothing;
  } catch (const std::ios_base::failure &error) {
    failure = error.code().category().name();
  }
  std::cout << std::flush;
  return stream.str() + ' ' + std::to_string(number) + ' ' + failure;
}

std::string of_files() {
  const fs::path folder = fs::temp_directory_path() / ("manylinux-" + std::to_string(::getpid()));
  fs::create_directories(folder / "a" / "b");
  std::ofstream(folder / "a" / "file.txt") << "12345";
  fs::copy_file(folder / "a" / "file.txt", folder / "copy.txt");
  std::size_t count = 0;
  for (const auto &entry : fs::recursive_directory_iterator(folder))
    count += entry.is_regular_file() ? 10 : 1;
  std::string failure;
  try {
    static_cast<void>(fs::file_size(folder / "none"));
  } catch (const fs::filesystem_error &error) {
    failure = std::to_string(error.code().value()) + ' ' + error.path1().filename().string();
  }
  const auto size = fs::file_size(folder / "copy.txt");
  fs::remove_all(folder);
  return std::to_string(count) + ' ' + std::to_string(size) + ' ' + failure + ' ' +
         (fs::exists(folder) ? "left" : "gone") + ' ' + fs::path("/a/../b/./c").lexically_normal().string();
}

std::string of_stat() {
  struct stat root{}, linked{}, opened{}, relative{};
  const int results = ::stat("/", &root) | ::lstat("/", &linked) | ::fstatat(AT_FDCWD, "/", &relative, 0);
  FILE *file = std::fopen("/proc/self/status", "r");
  const int of_file = ::fstat(::fileno(file), &opened);
  std::fclose(file);
  const bool same = root.st_ino == linked.st_ino && root.st_ino == relative.st_ino;
  return std::to_string(results) + std::to_string(of_file) + ' ' + (S_ISDIR(root.st_mode) ? "folder" : "none") + ' ' +
         (S_ISREG(opened.st_mode) ? "file" : "none") + ' ' + (same ? "same" : "other") + ' ' +
         std::to_string(::stat("/nothing/there", &root));
}

std::string of_charconv() {
  std::array<char, 64> buffer{};
  std::string text;
  for (const double value : {0.1, 1e300, -2.5, 1.0 / 3}) {
    const auto [end, _] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
    text.append(buffer.data(), end).push_back(' ');
  }
  const auto [end, _] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), 0.1F, std::chars_format::hex);
  text.append(buffer.data(), end);
  double number = 0;
  const std::string_view input = "6.02214076e23tail";
  const auto parsed = std::from_chars(input.data(), input.data() + input.size(), number);
  return text + ' ' + std::to_string(parsed.ptr - input.data()) + ' ' + (number == 6.02214076e23 ? "exact" : "wrong");
}

std::string of_threads() {
  std::atomic<int> sum{0};
  std::vector<std::thread> threads;
  for (int i = 1; i <= 8; ++i)
    threads.emplace_back([&sum, i] { sum += i; });
  for (auto &thread : threads)
    thread.join();
  std::once_flag once;
  int calls = 0;
  for (int i = 0; i < 3; ++i)
    std::call_once(once, [&calls] { ++calls; });
  return std::to_string(sum) + ' ' + std::to_string(calls) + ' ' +
         (std::thread::hardware_concurrency() > 0 ? "cores" : "none");
}

std::string of_waits() {
  std::mutex mutex;
  std::condition_variable condition;
  std::unique_lock lock(mutex);
  const auto steady = condition.wait_until(lock, std::chrono::steady_clock::now() + 5ms);
  const auto day = condition.wait_until(lock, std::chrono::system_clock::now() + 5ms);
  const bool never = condition.wait_for(lock, 5ms, [] { return false; });
  const auto start = std::chrono::steady_clock::now();
  condition.wait_for(lock, 20ms, [] { return false; });
  const bool waited = std::chrono::steady_clock::now() - start >= 20ms;
  bool ready = false;
  std::thread other([&] {
    const std::lock_guard guard(mutex);
    ready = true;
    condition.notify_one();
  });
  const bool told = condition.wait_until(lock, std::chrono::steady_clock::now() + 60s, [&] { return ready; });
  lock.unlock();
  other.join();
  return std::to_string(steady == std::cv_status::timeout) + std::to_string(day == std::cv_status::timeout) +
         std::to_string(never) + std::to_string(waited) + std::to_string(told);
}

std::string of_timed_locks() {
  std::timed_mutex mutex;
  std::shared_timed_mutex shared;
  const std::lock_guard one(mutex);
  const std::unique_lock two(shared);
  std::string text;
  std::thread([&] {
    text += std::to_string(mutex.try_lock_for(5ms));
    text += std::to_string(mutex.try_lock_until(std::chrono::system_clock::now() + 5ms));
    text += std::to_string(shared.try_lock_for(5ms));
    text += std::to_string(shared.try_lock_shared_until(std::chrono::steady_clock::now() + 5ms));
  }).join();
  std::recursive_timed_mutex recursive;
  text += std::to_string(recursive.try_lock_for(1s)) + std::to_string(recursive.try_lock_for(1s));
  recursive.unlock();
  recursive.unlock();
  return text;
}

std::string of_regex() {
  std::smatch match;
  const std::string text = "kernel 12.34 of 2.28";
  std::regex_search(text, match, std::regex(R"((\d+)\.(\d+))"));
  std::string failure;
  try {
    const std::regex broken("(");
  } catch (const std::regex_error &error) {
    failure = error.code() == std::regex_constants::error_paren ? "paren" : "other";
  }
  return match.str(1) + '|' + match.str(2) + '|' + failure + '|' +
         std::regex_replace(text, std::regex("[0-9]+"), "#", std::regex_constants::format_default);
}

std::string of_memory_resources() {
  std::array<std::byte, 256> buffer{};
  std::pmr::monotonic_buffer_resource pool(buffer.data(), buffer.size(), std::pmr::null_memory_resource());
  std::pmr::vector<int> numbers(&pool);
  std::string failure = "none";
  try {
    for (int i = 0; i < 1000; ++i)
      numbers.push_back(i);
  } catch (const std::bad_alloc &) {
    failure = "full";
  }
  std::pmr::unsynchronized_pool_resource pools;
  const std::pmr::string text("a string that is too long to be kept in the object itself", &pools);
  auto *aligned = new (std::align_val_t{256}) char[3];
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(aligned) % 256 == 0;
  ::operator delete[](aligned, std::align_val_t{256});
  return failure + ' ' + std::to_string(text.size()) + ' ' + (is_aligned ? "aligned" : "not aligned") + ' ' +
         (std::pmr::get_default_resource() == std::pmr::new_delete_resource() ? "default" : "other");
}

std::string of_futures() {
  auto value = std::async(std::launch::async, [] { return 6 * 7; });
  auto failing = std::async(std::launch::async, []() -> int { throw Failure("in a thread"); });
  std::string text = std::to_string(value.get());
  try {
    failing.get();
  } catch (const Failure &error) {
    text += std::string(" ") + error.what();
  }
  std::promise<void> broken;
  auto never = broken.get_future();
  text += never.wait_for(5ms) == std::future_status::timeout ? " timeout" : " ready";
  broken = std::promise<void>();
  try {
    never.get();
  } catch (const std::future_error &error) {
    text += std::string(" ") + error.code().category().name();
  }
  std::packaged_task<int(int)> task([](int number) { return number + 1; });
  auto result = task.get_future();
  task(1);
  return text + ' ' + std::to_string(result.get());
}

std::string of_locale() {
  struct Points : std::numpunct<char> {
    char do_thousands_sep() const override { return '\''; }
    std::string do_grouping() const override { return "\3"; }
  };
  std::ostringstream stream;
  stream.imbue(std::locale(std::locale::classic(), new Points));
  stream << 1234567 << ' ' << std::use_facet<std::ctype<char>>(stream.getloc()).toupper('a');
  std::string failure = "found";
  try {
    const std::locale none("no_SUCH.locale");
  } catch (const std::runtime_error &) {
    failure = "none";
  }
  return stream.str() + ' ' + failure + ' ' + std::locale::classic().name();
}

std::string of_thread_local() {
  thread_local std::string mine = "mine";
  mine += '!';
  std::string other;
  std::thread([&other] {
    mine += '?';
    other = mine;
  }).join();
  const std::string now = mine;
  mine = "mine";
  return now + ' ' + other;
}

std::string of_exceptions() {
  std::string text;
  try {
    try {
      throw Failure("inner");
    } catch (...) {
      std::throw_with_nested(std::logic_error("outer"));
    }
  } catch (const std::exception &error) {
    text = error.what();
    try {
      std::rethrow_if_nested(error);
    } catch (const Failure &inner) {
      text += std::string(" ") + inner.what();
    }
  }
  const auto caught = [&text](const auto &act) {
    try {
      act();
    } catch (const std::out_of_range &) {
      text += " range";
    } catch (const std::bad_cast &error) {
      text += std::string(" ") + error.what();
    } catch (const std::bad_variant_access &error) {
      text += std::string(" ") + error.what();
    } catch (const std::bad_optional_access &error) {
      text += std::string(" ") + error.what();
    } catch (const std::system_error &error) {
      text += std::string(" ") + error.what();
    } catch (const std::bad_array_new_length &error) {
      text += std::string(" ") + error.what();
    } catch (const std::bad_function_call &) {
      text += " call";
    } catch (int number) {
      text += ' ' + std::to_string(number);
    }
  };
  Base base;
  const volatile long negative = -1;
  caught([] { static_cast<void>(std::vector<int>(3).at(5)); });
  caught([] { static_cast<void>(std::stoi("99999999999")); });
  caught([&base] { static_cast<void>(dynamic_cast<Derived &>(base)); });
  caught([] { static_cast<void>(std::get<int>(std::variant<int, char>('x'))); });
  caught([] { static_cast<void>(std::optional<int>().value()); });
  caught([] { throw std::system_error(2, std::generic_category(), "system"); });
  caught([] { std::function<void()>()(); });
  caught([&negative] { delete[] new int[static_cast<std::size_t>(negative)]; });
  caught([] { throw 7; });
  std::exception_ptr kept;
  try {
    throw Failure("kept");
  } catch (...) {
    kept = std::current_exception();
  }
  std::thread([&text, kept] {
    try {
      std::rethrow_exception(kept);
    } catch (const Failure &error) {
      text += std::string(" ") + error.what();
    }
  }).join();
  return text + ' ' + std::to_string(std::uncaught_exceptions());
}

std::string of_numbers() {
  std::mt19937 engine(42);
  std::random_device device;
  const bool random = device() != device() || device() != device();
  const volatile double two = 2.0, ten = 10.0;
  std::ostringstream stream;
  stream << engine() << ' ' << std::pow(two, ten) << ' ' << std::exp(two) << ' ' << std::log(ten) << ' '
         << std::hypot(two, ten) << ' ' << std::fmod(ten, two + 1) << ' ' << std::strtol("-123x", nullptr, 10) << ' '
         << std::comp_ellint_1(0.5) << ' ' << random;
  int first = 0;
  unsigned second = 0;
  const int count = std::sscanf("17 ff", "%d %x", &first, &second);
  stream << ' ' << count << ' ' << first << ' ' << second;
  return stream.str();
}

std::string of_shared_pointers() {
  auto pointer = std::make_shared<std::string>("shared");
  const std::weak_ptr<std::string> weak = pointer;
  std::atomic<std::shared_ptr<std::string>> slot(pointer);
  const long uses = pointer.use_count();
  slot.store(nullptr);
  pointer.reset();
  std::string failure;
  try {
    const std::shared_ptr<std::string> again(weak);
  } catch (const std::bad_weak_ptr &error) {
    failure = error.what();
  }
  return std::to_string(uses) + ' ' + failure;
}

const std::map<std::string, std::function<std::string()>> features = {
    {"charconv", of_charconv},
    {"exceptions", of_exceptions},
    {"files", of_files},
    {"futures", of_futures},
    {"locale", of_locale},
    {"memory resources", of_memory_resources},
    {"numbers", of_numbers},
    {"regex", of_regex},
    {"shared pointers", of_shared_pointers},
    {"stat", of_stat},
    {"static", of_static},
    {"streams", of_streams},
    {"strings", of_strings},
    {"thread-local", of_thread_local},
    {"threads", of_threads},
    {"timed locks", of_timed_locks},
    {"waits", of_waits},
};

} // namespace

std::vector<std::string> feature_names() {
  std::vector<std::string> names;
  for (const auto &[name, _] : features)
    names.push_back(name);
  return names;
}

std::string run_feature(const std::string &name) { return features.at(name)(); }
