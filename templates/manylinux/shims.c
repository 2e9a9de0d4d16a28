/* Functions of newer releases of glibc, over those of older ones.
 *
 * Compilers and the headers of C and C++ bring these names into programs that never asked for them: a call of stat()
 * names __xstat() up to glibc 2.32 and stat() from 2.33 on. kernel-builder compiles this file once for each part
 * between SHIM_x, with that defined, into an archive that is linked after the stubs of an older glibc. Everything is
 * hidden: each library has its own, and nobody else sees them.
 *
 * No header of the host is read. It would rename what is called here (strtol to __isoc23_strtol), and declare what is
 * defined here in terms of its own release.
 */

typedef __SIZE_TYPE__ size_t;
typedef __WCHAR_TYPE__ wchar_t;
typedef __builtin_va_list va_list;
typedef struct { long seconds, nanoseconds; } timespec; /* time_t has 64 bits on all processors that we link for */

#define HIDDEN __attribute__((visibility("hidden")))

/* 2.32: whether the process has one thread, for atomic operations to be left out. There may always be more. */
#ifdef SHIM___libc_single_threaded
HIDDEN char __libc_single_threaded = 0;
#endif

/* 2.30 */
#ifdef SHIM_gettid
extern long syscall(long number, ...);
#if defined __x86_64__
#define NUMBER_OF_GETTID 186
#elif defined __aarch64__
#define NUMBER_OF_GETTID 178
#else
#error "the number of gettid is not known for this processor"
#endif
HIDDEN int gettid(void) { return (int)syscall(NUMBER_OF_GETTID); }
#endif

/* 2.35: memcmp() where only equality counts. */
#ifdef SHIM___memcmpeq
extern int memcmp(const void *left, const void *right, size_t size);
HIDDEN int __memcmpeq(const void *left, const void *right, size_t size) { return memcmp(left, right, size); }
#endif

/* 2.36: random numbers of the kernel, which cannot fail. getrandom() is in glibc from 2.25 on. */
#if defined SHIM_arc4random || defined SHIM_arc4random_buf || defined SHIM_arc4random_uniform
extern long getrandom(void *buffer, size_t size, unsigned flags);
extern void abort(void) __attribute__((noreturn));
extern int *__errno_location(void);
#define INTERRUPTED 4 /* EINTR */

static void fill(void *buffer, size_t size) {
  for (char *at = buffer, *end = at + size; at < end;) {
    long got = getrandom(at, (size_t)(end - at), 0);
    if (got > 0)
      at += got;
    else if (*__errno_location() != INTERRUPTED)
      abort();
  }
}

static unsigned random_word(void) {
  unsigned word;
  fill(&word, sizeof word);
  return word;
}
#endif
#ifdef SHIM_arc4random
HIDDEN unsigned arc4random(void) { return random_word(); }
#endif
#ifdef SHIM_arc4random_buf
HIDDEN void arc4random_buf(void *buffer, size_t size) { fill(buffer, size); }
#endif
#ifdef SHIM_arc4random_uniform
HIDDEN unsigned arc4random_uniform(unsigned bound) {
  /* Words below 2^32 mod bound would make small numbers more frequent. */
  unsigned word, skewed = bound ? (0 - bound) % bound : 0;
  if (bound < 2)
    return 0;
  do
    word = random_word();
  while (word < skewed);
  return word % bound;
}
#endif

/* 2.33: files. Before, inline functions of the headers called these with the version of the structures. */
#if defined __x86_64__
#define STAT_VERSION 1
#elif defined __aarch64__
#define STAT_VERSION 0
#else
#error "the version of struct stat is not known for this processor"
#endif
#define MKNOD_VERSION 0
struct stat; /* the same with and without 64-bit offsets, where long has 64 bits */
#ifdef SHIM_stat
extern int __xstat(int version, const char *path, struct stat *result);
HIDDEN int stat(const char *path, struct stat *result) { return __xstat(STAT_VERSION, path, result); }
#endif
#ifdef SHIM_stat64
extern int __xstat64(int version, const char *path, struct stat *result);
HIDDEN int stat64(const char *path, struct stat *result) { return __xstat64(STAT_VERSION, path, result); }
#endif
#ifdef SHIM_lstat
extern int __lxstat(int version, const char *path, struct stat *result);
HIDDEN int lstat(const char *path, struct stat *result) { return __lxstat(STAT_VERSION, path, result); }
#endif
#ifdef SHIM_lstat64
extern int __lxstat64(int version, const char *path, struct stat *result);
HIDDEN int lstat64(const char *path, struct stat *result) { return __lxstat64(STAT_VERSION, path, result); }
#endif
#ifdef SHIM_fstat
extern int __fxstat(int version, int file, struct stat *result);
HIDDEN int fstat(int file, struct stat *result) { return __fxstat(STAT_VERSION, file, result); }
#endif
#ifdef SHIM_fstat64
extern int __fxstat64(int version, int file, struct stat *result);
HIDDEN int fstat64(int file, struct stat *result) { return __fxstat64(STAT_VERSION, file, result); }
#endif
#ifdef SHIM_fstatat
extern int __fxstatat(int version, int folder, const char *path, struct stat *result, int flags);
HIDDEN int fstatat(int folder, const char *path, struct stat *result, int flags) {
  return __fxstatat(STAT_VERSION, folder, path, result, flags);
}
#endif
#ifdef SHIM_fstatat64
extern int __fxstatat64(int version, int folder, const char *path, struct stat *result, int flags);
HIDDEN int fstatat64(int folder, const char *path, struct stat *result, int flags) {
  return __fxstatat64(STAT_VERSION, folder, path, result, flags);
}
#endif
#ifdef SHIM_mknod
extern int __xmknod(int version, const char *path, unsigned mode, unsigned long *device);
HIDDEN int mknod(const char *path, unsigned mode, unsigned long device) {
  return __xmknod(MKNOD_VERSION, path, mode, &device);
}
#endif
#ifdef SHIM_mknodat
extern int __xmknodat(int version, int folder, const char *path, unsigned mode, unsigned long *device);
HIDDEN int mknodat(int folder, const char *path, unsigned mode, unsigned long device) {
  return __xmknodat(MKNOD_VERSION, folder, path, mode, &device);
}
#endif

/* 2.30: waits until a time of a clock of one's choice.
 *
 * The older functions wait by the clock of the day, so the time that is left is added to what that shows now; when it
 * was set forward meanwhile and the wait ends early, it goes on. (When it is set back, the wait takes longer.) A
 * condition variable with another clock than that of the day, which only pthread_condattr_setclock() gives, is not
 * for these functions; std::condition_variable never has one. */
#if defined SHIM_pthread_cond_clockwait || defined SHIM_pthread_mutex_clocklock || \
    defined SHIM_pthread_rwlock_clockrdlock || defined SHIM_pthread_rwlock_clockwrlock || defined SHIM_sem_clockwait
extern int clock_gettime(int clock, timespec *now);
enum { CLOCK_OF_DAY = 0, CLOCK_STEADY = 1 };
enum { INVALID = 22 /* EINVAL */, TIMED_OUT = 110 /* ETIMEDOUT */ };
#define SECOND 1000000000L

/* The time of a steady clock, as one of the clock of the day. */
static timespec of_day(const timespec *steady) {
  timespec now, day;
  clock_gettime(CLOCK_STEADY, &now);
  clock_gettime(CLOCK_OF_DAY, &day);
  long nanoseconds = day.nanoseconds + steady->nanoseconds - now.nanoseconds;
  day.seconds += steady->seconds - now.seconds + (nanoseconds >= SECOND) - (nanoseconds < 0);
  day.nanoseconds = nanoseconds + SECOND * ((nanoseconds < 0) - (nanoseconds >= SECOND));
  if (day.seconds < 0)
    day.seconds = day.nanoseconds = 0;
  return day;
}

static int has_passed(const timespec *steady) {
  timespec now;
  clock_gettime(CLOCK_STEADY, &now);
  return now.seconds > steady->seconds || (now.seconds == steady->seconds && now.nanoseconds >= steady->nanoseconds);
}

/* Whether a time is one that the older functions cannot be asked to wait for, but the newer ones refuse. */
static int is_invalid(int clock, const timespec *until) {
  return (clock != CLOCK_OF_DAY && clock != CLOCK_STEADY) || until->nanoseconds < 0 || until->nanoseconds >= SECOND;
}

/* WAIT is an expression that waits until the time `day`. */
#define WAIT_UNTIL(clock, until, result, WAIT)                                                                         \
  do {                                                                                                                 \
    timespec day = (clock) == CLOCK_STEADY ? of_day(until) : *(until);                                                 \
    result = WAIT;                                                                                                     \
  } while (result == TIMED_OUT && (clock) == CLOCK_STEADY && !has_passed(until))
#endif

#ifdef SHIM_pthread_cond_clockwait
extern int pthread_cond_timedwait(void *condition, void *mutex, const timespec *until);
HIDDEN int pthread_cond_clockwait(void *condition, void *mutex, int clock, const timespec *until) {
  int result;
  if (is_invalid(clock, until))
    return INVALID;
  WAIT_UNTIL(clock, until, result, pthread_cond_timedwait(condition, mutex, &day));
  return result;
}
#endif
#ifdef SHIM_pthread_mutex_clocklock
extern int pthread_mutex_timedlock(void *mutex, const timespec *until);
HIDDEN int pthread_mutex_clocklock(void *mutex, int clock, const timespec *until) {
  int result;
  if (clock != CLOCK_OF_DAY && clock != CLOCK_STEADY)
    return INVALID;
  if (is_invalid(clock, until)) /* matters only where the mutex is taken */
    return pthread_mutex_timedlock(mutex, until);
  WAIT_UNTIL(clock, until, result, pthread_mutex_timedlock(mutex, &day));
  return result;
}
#endif
#ifdef SHIM_pthread_rwlock_clockrdlock
extern int pthread_rwlock_timedrdlock(void *lock, const timespec *until);
HIDDEN int pthread_rwlock_clockrdlock(void *lock, int clock, const timespec *until) {
  int result;
  if (is_invalid(clock, until))
    return INVALID;
  WAIT_UNTIL(clock, until, result, pthread_rwlock_timedrdlock(lock, &day));
  return result;
}
#endif
#ifdef SHIM_pthread_rwlock_clockwrlock
extern int pthread_rwlock_timedwrlock(void *lock, const timespec *until);
HIDDEN int pthread_rwlock_clockwrlock(void *lock, int clock, const timespec *until) {
  int result;
  if (is_invalid(clock, until))
    return INVALID;
  WAIT_UNTIL(clock, until, result, pthread_rwlock_timedwrlock(lock, &day));
  return result;
}
#endif
#ifdef SHIM_sem_clockwait
extern int sem_timedwait(void *semaphore, const timespec *until);
extern int *__errno_location(void);
HIDDEN int sem_clockwait(void *semaphore, int clock, const timespec *until) {
  int result;
  if (is_invalid(clock, until)) {
    *__errno_location() = INVALID;
    return -1;
  }
  WAIT_UNTIL(clock, until, result, sem_timedwait(semaphore, &day) ? *__errno_location() : 0);
  if (result)
    *__errno_location() = result;
  return result ? -1 : 0;
}
#endif

/* 2.38: numbers in text as C23 has them. They are those of C99 but for binary numbers, `0b101`, which the older
 * functions read as 0 and leave at the b. */
#define NUMBER(type, name, ...)                                                                                        \
  extern type name __VA_ARGS__;                                                                                        \
  HIDDEN type __isoc23_##name __VA_ARGS__
typedef const char *text;
typedef const wchar_t *wide;

#ifdef SHIM___isoc23_strtol
NUMBER(long, strtol, (text from, char **end, int base)) { return strtol(from, end, base); }
#endif
#ifdef SHIM___isoc23_strtoul
NUMBER(unsigned long, strtoul, (text from, char **end, int base)) { return strtoul(from, end, base); }
#endif
#ifdef SHIM___isoc23_strtoll
NUMBER(long long, strtoll, (text from, char **end, int base)) { return strtoll(from, end, base); }
#endif
#ifdef SHIM___isoc23_strtoull
NUMBER(unsigned long long, strtoull, (text from, char **end, int base)) { return strtoull(from, end, base); }
#endif
#ifdef SHIM___isoc23_strtoimax
NUMBER(long, strtoimax, (text from, char **end, int base)) { return strtoimax(from, end, base); }
#endif
#ifdef SHIM___isoc23_strtoumax
NUMBER(unsigned long, strtoumax, (text from, char **end, int base)) { return strtoumax(from, end, base); }
#endif
#ifdef SHIM___isoc23_wcstol
NUMBER(long, wcstol, (wide from, wchar_t **end, int base)) { return wcstol(from, end, base); }
#endif
#ifdef SHIM___isoc23_wcstoul
NUMBER(unsigned long, wcstoul, (wide from, wchar_t **end, int base)) { return wcstoul(from, end, base); }
#endif
#ifdef SHIM___isoc23_wcstoll
NUMBER(long long, wcstoll, (wide from, wchar_t **end, int base)) { return wcstoll(from, end, base); }
#endif
#ifdef SHIM___isoc23_wcstoull
NUMBER(unsigned long long, wcstoull, (wide from, wchar_t **end, int base)) { return wcstoull(from, end, base); }
#endif
#ifdef SHIM___isoc23_wcstoimax
NUMBER(long, wcstoimax, (wide from, wchar_t **end, int base)) { return wcstoimax(from, end, base); }
#endif
#ifdef SHIM___isoc23_wcstoumax
NUMBER(unsigned long, wcstoumax, (wide from, wchar_t **end, int base)) { return wcstoumax(from, end, base); }
#endif
#ifdef SHIM___isoc23_strtol_l
NUMBER(long, strtol_l, (text from, char **end, int base, void *locale)) { return strtol_l(from, end, base, locale); }
#endif
#ifdef SHIM___isoc23_strtoul_l
NUMBER(unsigned long, strtoul_l, (text from, char **end, int base, void *locale)) {
  return strtoul_l(from, end, base, locale);
}
#endif
#ifdef SHIM___isoc23_strtoll_l
NUMBER(long long, strtoll_l, (text from, char **end, int base, void *locale)) {
  return strtoll_l(from, end, base, locale);
}
#endif
#ifdef SHIM___isoc23_strtoull_l
NUMBER(unsigned long long, strtoull_l, (text from, char **end, int base, void *locale)) {
  return strtoull_l(from, end, base, locale);
}
#endif
#ifdef SHIM___isoc23_wcstol_l
NUMBER(long, wcstol_l, (wide from, wchar_t **end, int base, void *locale)) {
  return wcstol_l(from, end, base, locale);
}
#endif
#ifdef SHIM___isoc23_wcstoul_l
NUMBER(unsigned long, wcstoul_l, (wide from, wchar_t **end, int base, void *locale)) {
  return wcstoul_l(from, end, base, locale);
}
#endif
#ifdef SHIM___isoc23_wcstoll_l
NUMBER(long long, wcstoll_l, (wide from, wchar_t **end, int base, void *locale)) {
  return wcstoll_l(from, end, base, locale);
}
#endif
#ifdef SHIM___isoc23_wcstoull_l
NUMBER(unsigned long long, wcstoull_l, (wide from, wchar_t **end, int base, void *locale)) {
  return wcstoull_l(from, end, base, locale);
}
#endif

/* The scanf family: a function with an ellipsis is its sibling with a list of arguments. */
#define SCAN(name, sibling, kind, first)                                                                               \
  extern int __isoc99_##sibling(kind, va_list arguments);                                                              \
  HIDDEN int __isoc23_##name(kind, ...) {                                                                              \
    va_list arguments;                                                                                                 \
    __builtin_va_start(arguments, format);                                                                             \
    int count = __isoc99_##sibling(first format, arguments);                                                           \
    __builtin_va_end(arguments);                                                                                       \
    return count;                                                                                                      \
  }
#define SCAN_LIST(name, kind, first)                                                                                   \
  extern int __isoc99_##name(kind, va_list arguments);                                                                 \
  HIDDEN int __isoc23_##name(kind, va_list arguments) { return __isoc99_##name(first format, arguments); }
#define OF(first, type) first, type format
#define GIVEN(first) first,

#ifdef SHIM___isoc23_scanf
SCAN(scanf, vscanf, text format, )
#endif
#ifdef SHIM___isoc23_fscanf
SCAN(fscanf, vfscanf, OF(void *file, text), GIVEN(file))
#endif
#ifdef SHIM___isoc23_sscanf
SCAN(sscanf, vsscanf, OF(text from, text), GIVEN(from))
#endif
#ifdef SHIM___isoc23_vscanf
SCAN_LIST(vscanf, text format, )
#endif
#ifdef SHIM___isoc23_vfscanf
SCAN_LIST(vfscanf, OF(void *file, text), GIVEN(file))
#endif
#ifdef SHIM___isoc23_vsscanf
SCAN_LIST(vsscanf, OF(text from, text), GIVEN(from))
#endif
#ifdef SHIM___isoc23_wscanf
SCAN(wscanf, vwscanf, wide format, )
#endif
#ifdef SHIM___isoc23_fwscanf
SCAN(fwscanf, vfwscanf, OF(void *file, wide), GIVEN(file))
#endif
#ifdef SHIM___isoc23_swscanf
SCAN(swscanf, vswscanf, OF(wide from, wide), GIVEN(from))
#endif
#ifdef SHIM___isoc23_vwscanf
SCAN_LIST(vwscanf, wide format, )
#endif
#ifdef SHIM___isoc23_vfwscanf
SCAN_LIST(vfwscanf, OF(void *file, wide), GIVEN(file))
#endif
#ifdef SHIM___isoc23_vswscanf
SCAN_LIST(vswscanf, OF(wide from, wide), GIVEN(from))
#endif
