/* Kills the process at its N-th call that changes a file below a folder: before it, after half of a write, or after it.
 * Or lets that call, and those after it, fail as on a full disk.
 *
 * Loaded with LD_PRELOAD. CRASH_UNDER: the folder; CRASH_AT: N, counted from 1; CRASH_HOW: before, torn or after; or full,
 * with CRASH_FOR: how many calls fail.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static long left = -1, fails = 0;
static const char *under, *how;

static void begin(void) {
    if (under == NULL) {
        under = getenv("CRASH_UNDER") ? getenv("CRASH_UNDER") : "/nowhere";
        how = getenv("CRASH_HOW") ? getenv("CRASH_HOW") : "before";
        left = getenv("CRASH_AT") ? atol(getenv("CRASH_AT")) : 0;
        fails = getenv("CRASH_FOR") ? atol(getenv("CRASH_FOR")) : 1;
    }
}

static int is_under(const char *path) { return strncmp(path, under, strlen(under)) == 0; }

/* Whether this is the call at which the process dies, or one that fails. */
static int due(const char *path) {
    begin();
    if (!is_under(path)) return 0;
    long now = __sync_fetch_and_sub(&left, 1);
    return now <= 1 && now > 1 - fails;
}

static int is_full(void) {
    if (strcmp(how, "full") != 0) return 0;
    errno = ENOSPC;
    return 1;
}

static int due_at(int fd) {
    char link[32], path[PATH_MAX];
    begin();
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return due(path);
}

static void die(void) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* `call` as it is, or with the process's end before or after it. */
#define AROUND(is_due, call)                      \
    int end = (is_due);                           \
    if (end && is_full()) return -1;              \
    if (end && strcmp(how, "after") != 0) die();  \
    __typeof__(call) answer = call;               \
    if (end) die();                               \
    return answer

/* The same for a write, of which the half may be done. */
#define WRITES(half, whole)                                        \
    int end = due_at(fd);                                          \
    if (end && is_full()) return -1;                               \
    if (end && strcmp(how, "torn") == 0) { (void)!(half); die(); } \
    if (end && strcmp(how, "before") == 0) die();                  \
    ssize_t answer = whole;                                        \
    if (end) die();                                                \
    return answer

ssize_t write(int fd, const void *data, size_t size) {
    WRITES(REAL(write)(fd, data, size / 2), REAL(write)(fd, data, size));
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    WRITES(REAL(pwrite)(fd, data, size / 2, at), REAL(pwrite)(fd, data, size, at));
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    WRITES(REAL(pwrite64)(fd, data, size / 2, at), REAL(pwrite64)(fd, data, size, at));
}
int fsync(int fd) { AROUND(due_at(fd), REAL(fsync)(fd)); }
int fdatasync(int fd) { AROUND(due_at(fd), REAL(fdatasync)(fd)); }
int ftruncate(int fd, off_t size) { AROUND(due_at(fd), REAL(ftruncate)(fd, size)); }
int ftruncate64(int fd, off64_t size) { AROUND(due_at(fd), REAL(ftruncate64)(fd, size)); }
int rename(const char *from, const char *to) { AROUND(due(to), REAL(rename)(from, to)); }
int unlink(const char *path) { AROUND(due(path), REAL(unlink)(path)); }
