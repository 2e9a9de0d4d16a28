/* Calls every shim and says what came of it, in lines that a test compares with what it knows. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

extern char __libc_single_threaded;
extern int __memcmpeq(const void *, const void *, size_t);
extern unsigned arc4random(void), arc4random_uniform(unsigned);
extern void arc4random_buf(void *, size_t);
extern int pthread_cond_clockwait(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
extern int pthread_mutex_clocklock(pthread_mutex_t *, clockid_t, const struct timespec *);
extern int pthread_rwlock_clockrdlock(pthread_rwlock_t *, clockid_t, const struct timespec *);
extern int pthread_rwlock_clockwrlock(pthread_rwlock_t *, clockid_t, const struct timespec *);
extern int sem_clockwait(sem_t *, clockid_t, const struct timespec *);

static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC};

static struct timespec soon(clockid_t clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  time.tv_nsec += 3000000;
  time.tv_sec += time.tv_nsec / 1000000000;
  time.tv_nsec %= 1000000000;
  return time;
}

static int passed(clockid_t clock, const struct timespec *until) {
  struct timespec now;
  clock_gettime(clock, &now);
  return now.tv_sec > until->tv_sec || (now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec);
}

static const char *word(int error) {
  return error == 0 ? "done" : error == ETIMEDOUT ? "timeout" : error == EINVAL ? "invalid" : "other";
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t semaphore;

#define WAIT(name, call)                                                                                               \
  do {                                                                                                                 \
    const struct timespec until = soon(clocks[i]);                                                                     \
    const char *result = word(call);                                                                                   \
    printf(name " %s %d\n", result, passed(clocks[i], &until));                                                        \
  } while (0)

/* Each wait in a thread that has no lock, while another has them. */
static void *waits(void *unused) {
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
  (void)unused;
  pthread_mutex_lock(&own);
  for (int i = 0; i < 2; ++i) {
    WAIT("cond", pthread_cond_clockwait(&condition, &own, clocks[i], &until));
    WAIT("mutex", pthread_mutex_clocklock(&mutex, clocks[i], &until));
    WAIT("read", pthread_rwlock_clockrdlock(&lock, clocks[i], &until));
    WAIT("write", pthread_rwlock_clockwrlock(&lock, clocks[i], &until));
    WAIT("sem", sem_clockwait(&semaphore, clocks[i], &until) ? errno : 0);
  }
  const struct timespec bad = {0, -1}, past = {0, 0};
  printf("bad cond %s\n", word(pthread_cond_clockwait(&condition, &own, CLOCK_MONOTONIC, &bad)));
  printf("bad mutex %s\n", word(pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &bad)));
  printf("bad clock cond %s\n", word(pthread_cond_clockwait(&condition, &own, 99, &past)));
  printf("bad clock mutex %s\n", word(pthread_mutex_clocklock(&mutex, 99, &past)));
  printf("bad clock read %s\n", word(pthread_rwlock_clockrdlock(&lock, 99, &past)));
  printf("bad clock write %s\n", word(pthread_rwlock_clockwrlock(&lock, 99, &past)));
  printf("bad clock sem %s\n", word(sem_clockwait(&semaphore, 99, &past) ? errno : 0));
  printf("past %s\n", word(pthread_cond_clockwait(&condition, &own, CLOCK_MONOTONIC, &past)));
  return NULL;
}

static void locks(void) {
  pthread_t thread;
  sem_init(&semaphore, 0, 0);
  pthread_mutex_lock(&mutex);
  pthread_rwlock_wrlock(&lock);
  pthread_create(&thread, NULL, waits, NULL);
  pthread_join(thread, NULL);
  pthread_mutex_unlock(&mutex);
  pthread_rwlock_unlock(&lock);
  sem_post(&semaphore);
  const struct timespec until = soon(CLOCK_MONOTONIC);
  const int taken[] = {pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &until),
                       pthread_rwlock_clockrdlock(&lock, CLOCK_MONOTONIC, &until), pthread_rwlock_unlock(&lock),
                       pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &until),
                       sem_clockwait(&semaphore, CLOCK_MONOTONIC, &until)};
  printf("free %d%d%d%d%d\n", taken[0], taken[1], taken[2], taken[3], taken[4]);
}

static void files(const char *folder) {
  struct stat s[4];
  struct stat64 l[4];
  char path[4096];
  const int file = open(folder, O_RDONLY | O_DIRECTORY);
  printf("stat %d%d%d%d", stat(folder, s), lstat(folder, s + 1), fstat(file, s + 2), fstatat(file, ".", s + 3, 0));
  printf("%d%d%d%d", stat64(folder, l), lstat64(folder, l + 1), fstat64(file, l + 2), fstatat64(file, ".", l + 3, 0));
  for (int i = 0; i < 4; ++i)
    printf(" %lu %o %lu %o", s[i].st_ino, s[i].st_mode, (unsigned long)l[i].st_ino, l[i].st_mode);
  snprintf(path, sizeof path, "%s/pipe", folder);
  const int made = mknod(path, S_IFIFO | 0600, 0);
  printf("\nmknod %d %d", made, mknodat(file, "other", S_IFIFO | 0600, 0));
  printf(" %d %d", stat(path, s) || !S_ISFIFO(s[0].st_mode), fstatat(file, "other", s, 0) || !S_ISFIFO(s[0].st_mode));
  errno = 0;
  const int missing = stat("/nothing/there", s);
  printf(" %d %d\n", missing, errno == ENOENT);
}

static void chance(void) {
  unsigned char bytes[4096] = {0};
  int seen[256] = {0}, kinds = 0, faces[6] = {0}, all = 1, differs = 0;
  arc4random_buf(bytes, sizeof bytes);
  for (size_t i = 0; i < sizeof bytes; ++i)
    kinds += !seen[bytes[i]]++;
  for (int i = 0; i < 1000; ++i)
    ++faces[arc4random_uniform(6)];
  for (int i = 0; i < 6; ++i)
    all &= faces[i] > 0;
  for (int i = 0; i < 10; ++i)
    differs |= arc4random() != arc4random();
  printf("random %d %d %d %u %u\n", kinds > 200, all, differs, arc4random_uniform(0), arc4random_uniform(1));
}

#define NUMBER(type, name, format, ...)                                                                                \
  do {                                                                                                                 \
    extern type __isoc23_##name();                                                                                     \
    const type number = ((type(*)())__isoc23_##name)(__VA_ARGS__);                                                     \
    printf(#name " " format " %d\n", number, (int)(end - start));                                                      \
  } while (0)

#define LIST(sibling, kind, letter)                                                                                    \
  extern int __isoc23_##sibling(kind, const letter *, va_list);                                                        \
  static int through_##sibling(kind from, const letter *format, ...) {                                                 \
    va_list list;                                                                                                      \
    va_start(list, format);                                                                                            \
    const int count = __isoc23_##sibling(from, format, list);                                                          \
    va_end(list);                                                                                                      \
    return count;                                                                                                      \
  }
LIST(vsscanf, const char *, char)
LIST(vswscanf, const wchar_t *, wchar_t)
LIST(vfscanf, FILE *, char)
LIST(vfwscanf, FILE *, wchar_t)
extern int __isoc23_vscanf(const char *, va_list), __isoc23_vwscanf(const wchar_t *, va_list);
static int through_vscanf(const char *format, ...) {
  va_list list;
  va_start(list, format);
  const int count = __isoc23_vscanf(format, list);
  va_end(list);
  return count;
}
static int through_vwscanf(const wchar_t *format, ...) {
  va_list list;
  va_start(list, format);
  const int count = __isoc23_vwscanf(format, list);
  va_end(list);
  return count;
}

static void numbers(void) {
  locale_t c = newlocale(LC_ALL_MASK, "C", NULL);
  {
    const char *start = " -0x7fzz", *end;
    NUMBER(long, strtol, "%ld", start, &end, 0);
    NUMBER(unsigned long, strtoul, "%lu", start, &end, 16);
    NUMBER(long long, strtoll, "%lld", start, &end, 0);
    NUMBER(unsigned long long, strtoull, "%llu", start, &end, 16);
    NUMBER(long, strtoimax, "%ld", start, &end, 0);
    NUMBER(unsigned long, strtoumax, "%lu", start, &end, 16);
    NUMBER(long, strtol_l, "%ld", start, &end, 0, c);
    NUMBER(unsigned long, strtoul_l, "%lu", start, &end, 16, c);
    NUMBER(long long, strtoll_l, "%lld", start, &end, 0, c);
    NUMBER(unsigned long long, strtoull_l, "%llu", start, &end, 16, c);
  }
  {
    const wchar_t *start = L" -0x7fzz", *end;
    NUMBER(long, wcstol, "%ld", start, &end, 0);
    NUMBER(unsigned long, wcstoul, "%lu", start, &end, 16);
    NUMBER(long long, wcstoll, "%lld", start, &end, 0);
    NUMBER(unsigned long long, wcstoull, "%llu", start, &end, 16);
    NUMBER(long, wcstoimax, "%ld", start, &end, 0);
    NUMBER(unsigned long, wcstoumax, "%lu", start, &end, 16);
    NUMBER(long, wcstol_l, "%ld", start, &end, 0, c);
    NUMBER(unsigned long, wcstoul_l, "%lu", start, &end, 16, c);
    NUMBER(long long, wcstoll_l, "%lld", start, &end, 0, c);
    NUMBER(unsigned long long, wcstoull_l, "%llu", start, &end, 16, c);
  }
}

extern int __isoc23_scanf(const char *, ...), __isoc23_fscanf(FILE *, const char *, ...);
extern int __isoc23_sscanf(const char *, const char *, ...), __isoc23_wscanf(const wchar_t *, ...);
extern int __isoc23_fwscanf(FILE *, const wchar_t *, ...), __isoc23_swscanf(const wchar_t *, const wchar_t *, ...);

#define SCAN(...)                                                                                                      \
  do {                                                                                                                 \
    int number = 0;                                                                                                    \
    unsigned hex = 0;                                                                                                  \
    char word[16] = "";                                                                                                \
    const int count = __VA_ARGS__;                                                                                     \
    printf("scan %d %d %x %s\n", count, number, hex, word);                                                            \
  } while (0)

/* What is read of a file twice has twice the text. */
static void scans(const char *folder) {
  static const char text[] = "-17 ff tail";
  char path[4096];
  snprintf(path, sizeof path, "%s/text", folder);
  FILE *file = fopen(path, "w");
  fprintf(file, "%s\n%s\n", text, text);
  fclose(file);
  SCAN(__isoc23_sscanf(text, "%d %x %15s", &number, &hex, word));
  SCAN(through_vsscanf(text, "%d %x %15s", &number, &hex, word));
  SCAN(__isoc23_swscanf(L"-17 ff tail", L"%d %x %15s", &number, &hex, word));
  SCAN(through_vswscanf(L"-17 ff tail", L"%d %x %15s", &number, &hex, word));
  file = fopen(path, "r");
  SCAN(__isoc23_fscanf(file, "%d %x %15s", &number, &hex, word));
  SCAN(through_vfscanf(file, "%d %x %15s", &number, &hex, word));
  file = freopen(path, "r", file);
  SCAN(__isoc23_fwscanf(file, L"%d %x %15s", &number, &hex, word));
  SCAN(through_vfwscanf(file, L"%d %x %15s", &number, &hex, word));
  fclose(file);
  if (freopen(path, "r", stdin)) {
    SCAN(__isoc23_scanf("%d %x %15s", &number, &hex, word));
    SCAN(through_vscanf("%d %x %15s", &number, &hex, word));
  }
  if (freopen(path, "r", stdin)) {
    SCAN(__isoc23_wscanf(L"%d %x %15s", &number, &hex, word));
    SCAN(through_vwscanf(L"%d %x %15s", &number, &hex, word));
  }
}

int main(int count, char **arguments) {
  if (count < 2)
    return 2;
  printf("single %d\n", __libc_single_threaded);
  printf("thread %d\n", gettid() == getpid());
  printf("equal %d %d\n", __memcmpeq("abc", "abd", 2), __memcmpeq("abc", "abd", 3) != 0);
  files(arguments[1]);
  chance();
  locks();
  numbers();
  scans(arguments[1]);
  return 0;
}
