/* A disk that fails: preloaded into a process, it lets the n-th call that changes a file below a folder fail, or ends
 * the process there.
 *
 * fault_arm(n, error, mode): the n-th call from now on fails with the error; mode 0: that call only, 1: all from it on,
 * 2: that call writes the first half and says so (a short write), later ones are whole, 3: the process is killed there.
 * fault_count(): how many such calls there were since. fault_clock(seconds): how far the clock is ahead. Build: cc -shared -fPIC -o disk.so disk.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

enum { ONCE, FOREVER, SHORT, KILL };
static atomic_long count, nth;
static int error_number, mode;
static atomic_long ahead;

void fault_arm(long n, int number, int how) {
    error_number = number;
    mode = how;
    atomic_store(&count, 0);
    atomic_store(&nth, n);
}

long fault_count(void) { return atomic_load(&count); }

void fault_clock(long seconds) { atomic_store(&ahead, seconds); }

static int is_below(const char *path) {
    const char *root = getenv("FAULT_ROOT");
    return root && path && strncmp(path, root, strlen(root)) == 0;
}

static int is_ours(int descriptor) {
    char link[64], path[4096];
    int saved = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t size = readlink(link, path, sizeof path - 1);
    errno = saved;
    if (size < 0) return 0;
    path[size] = 0;
    return is_below(path);
}

/* Giving room back works on a full disk too. */
static int makes_room(void) { return error_number == ENOSPC; }

/* 0: go on, 1: fail, 2: a short write */
static int judged(void) {
    if (!atomic_load(&nth)) return 0;
    long now = atomic_fetch_add(&count, 1) + 1;
    if (mode == SHORT) return now == atomic_load(&nth) ? 2 : 0;
    if (mode == KILL) return now == atomic_load(&nth) ? kill(getpid(), SIGKILL) : 0;
    if (now == atomic_load(&nth) || (mode == FOREVER && now > atomic_load(&nth))) {
        errno = error_number;
        return 1;
    }
    return 0;
}

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define WRITES(name, offset_type) \
    ssize_t name(int descriptor, const void *content, size_t size, offset_type offset) { \
        REAL(name); \
        int how = is_ours(descriptor) ? judged() : 0; \
        if (how == 1) return -1; \
        return real(descriptor, content, how == 2 && size > 1 ? size / 2 : size, offset); \
    }

WRITES(pwrite, off_t)
WRITES(pwrite64, off64_t)

ssize_t write(int descriptor, const void *content, size_t size) {
    REAL(write);
    int how = is_ours(descriptor) ? judged() : 0;
    if (how == 1) return -1;
    return real(descriptor, content, how == 2 && size > 1 ? size / 2 : size);
}

#define ON_DESCRIPTOR(name) \
    int name(int descriptor) { \
        REAL(name); \
        return is_ours(descriptor) && judged() == 1 ? -1 : real(descriptor); \
    }

ON_DESCRIPTOR(fsync)
ON_DESCRIPTOR(fdatasync)

int ftruncate(int descriptor, off_t size) {
    REAL(ftruncate);
    return !makes_room() && is_ours(descriptor) && judged() == 1 ? -1 : real(descriptor, size);
}

int ftruncate64(int descriptor, off64_t size) {
    REAL(ftruncate64);
    return !makes_room() && is_ours(descriptor) && judged() == 1 ? -1 : real(descriptor, size);
}

int rename(const char *from, const char *to) {
    REAL(rename);
    return is_below(to) && judged() == 1 ? -1 : real(from, to);
}

int renameat(int folder, const char *from, int other, const char *to) {
    REAL(renameat);
    return is_below(to) && judged() == 1 ? -1 : real(folder, from, other, to);
}

int link(const char *from, const char *to) {
    REAL(link);
    return is_below(to) && judged() == 1 ? -1 : real(from, to);
}

int linkat(int folder, const char *from, int other, const char *to, int flags) {
    REAL(linkat);
    return is_below(to) && judged() == 1 ? -1 : real(folder, from, other, to, flags);
}

int unlink(const char *path) {
    REAL(unlink);
    return !makes_room() && is_below(path) && judged() == 1 ? -1 : real(path);
}

int unlinkat(int folder, const char *path, int flags) {
    REAL(unlinkat);
    return !makes_room() && is_below(path) && judged() == 1 ? -1 : real(folder, path, flags);
}

int mkdir(const char *path, mode_t rights) {
    REAL(mkdir);
    return is_below(path) && judged() == 1 ? -1 : real(path, rights);
}

static mode_t rights_of(int flags, va_list given) {
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(given, mode_t) : 0;
}

#define OPENS(name) \
    int name(const char *path, int flags, ...) { \
        REAL(name); \
        va_list given; \
        va_start(given, flags); \
        mode_t rights = rights_of(flags, given); \
        va_end(given); \
        int writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT; \
        return writes && is_below(path) && judged() == 1 ? -1 : real(path, flags, rights); \
    }

#define OPENS_AT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        REAL(name); \
        va_list given; \
        va_start(given, flags); \
        mode_t rights = rights_of(flags, given); \
        va_end(given); \
        int writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT; \
        return writes && is_below(path) && judged() == 1 ? -1 : real(folder, path, flags, rights); \
    }

OPENS(open)
OPENS(open64)
OPENS_AT(openat)
OPENS_AT(openat64)

/* The clock on the wall alone is wrong: how long something takes is measured by another one. */
int clock_gettime(clockid_t clock, struct timespec *found) {
    REAL(clock_gettime);
    int done = real(clock, found);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) found->tv_sec += atomic_load(&ahead);
    return done;
}

int gettimeofday(struct timeval *found, void *zone) {
    REAL(gettimeofday);
    int done = real(found, zone);
    if (found) found->tv_sec += atomic_load(&ahead);
    return done;
}

time_t time(time_t *found) {
    REAL(time);
    time_t now = real(NULL) + atomic_load(&ahead);
    if (found) *found = now;
    return now;
}
