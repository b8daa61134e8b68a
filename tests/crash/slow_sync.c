/* Delays fsync and fdatasync by drawn times, and keeps of each file what it held when it was synced.
 *
 * Loaded before the C library (LD_PRELOAD). Its environment:
 *   SLOW_SYNC_ROOT      the directory whose files are meant; others are synced as ever
 *   SLOW_SYNC_LOG       a file that gets a line at the begin and at the end of each call
 *   SLOW_SYNC_PERMILLE  how many calls of a thousand are late
 *   SLOW_SYNC_MS_MAX    by how much at the most
 *   SLOW_SYNC_SEED      makes the draws the same each time
 *   SLOW_SYNC_KEPT      a folder for the contents, by inode number; without it none are kept
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 4096 /* Far more than one life of the daemon syncs. */

typedef int (*sync_call)(int);

static pthread_mutex_t drawing = PTHREAD_MUTEX_INITIALIZER;
static unsigned int drawn; /* The state of the chance, and how many were drawn. */
static unsigned int count;

/* Which call's copy of a file is kept. Two threads may sync one file (a commit, a checkpoint): the
 * call that began first may end last, and its copy is the older one. */
static struct { ino_t inode; unsigned int number; } newest[FILES_MAX];
static pthread_mutex_t keeping = PTHREAD_MUTEX_INITIALIZER;

static long setting(const char *name) {
    const char *text = getenv(name);
    return text == NULL ? 0 : strtol(text, NULL, 10);
}

static void note(const char *what, const char *call, const char *path) {
    const char *log = getenv("SLOW_SYNC_LOG");
    int file = log == NULL ? -1 : open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return;
    char line[PATH_MAX + 64];
    const char *name = strrchr(path, '/');
    int size = snprintf(line, sizeof line, "%s %s %s\n", what, call, name + 1);
    if (write(file, line, (size_t)size) != size) abort();
    close(file);
}

static long draw(unsigned int *number) {
    pthread_mutex_lock(&drawing);
    if (count == 0) drawn = (unsigned int)setting("SLOW_SYNC_SEED");
    *number = ++count;
    int is_late = rand_r(&drawn) % 1000 < setting("SLOW_SYNC_PERMILLE");
    long most_ms = setting("SLOW_SYNC_MS_MAX");
    long late_ms = is_late && most_ms > 0 ? rand_r(&drawn) % most_ms : 0;
    pthread_mutex_unlock(&drawing);
    return late_ms;
}

/* Copies what the file holds now. It is read through `fd` itself where that can be: to close another
 * handle of a database would let go the locks that SQLite has on it. */
static int copy(int fd, const char *path, const char *draft) {
    int to = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (to < 0) return -1;
    int is_readable = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY;
    int from = is_readable ? fd : open(path, O_RDONLY | O_CLOEXEC);
    char block[1 << 16];
    off_t at = 0;
    ssize_t size;
    while ((size = pread(from, block, sizeof block, at)) > 0) {
        if (write(to, block, (size_t)size) != size) abort();
        at += size;
    }
    if (from != fd) close(from);
    close(to);
    return size < 0 ? -1 : 0;
}

static void keep(ino_t inode, unsigned int number, const char *draft, const char *kept) {
    pthread_mutex_lock(&keeping);
    int at = 0;
    while (at < FILES_MAX && newest[at].inode != 0 && newest[at].inode != inode) at++;
    if (at == FILES_MAX) abort();
    newest[at].inode = inode;
    if (number > newest[at].number) {
        newest[at].number = number;
        if (rename(draft, kept) != 0) abort();
    } else if (unlink(draft) != 0) abort();
    pthread_mutex_unlock(&keeping);
}

static int late(int fd, const char *call) {
    sync_call sync = (sync_call)dlsym(RTLD_NEXT, call);
    const char *root = getenv("SLOW_SYNC_ROOT"), *folder = getenv("SLOW_SYNC_KEPT");
    char link[64], path[PATH_MAX], kept[PATH_MAX], draft[PATH_MAX + 16];
    struct stat status;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    if (root == NULL || strncmp(path, root, strlen(root)) != 0 || fstat(fd, &status) != 0)
        return sync(fd);

    unsigned int number;
    long late_ms = draw(&number);
    int is_kept = folder != NULL && S_ISREG(status.st_mode);
    note("begin", call, path);
    if (is_kept) {
        snprintf(kept, sizeof kept, "%s/%lu", folder, (unsigned long)status.st_ino);
        snprintf(draft, sizeof draft, "%s.%u", kept, number);
        if (copy(fd, path, draft) != 0) abort();
    }
    struct timespec delay = {late_ms / 1000, late_ms % 1000 * 1000000};
    nanosleep(&delay, NULL);
    int result = sync(fd), error = errno;
    if (is_kept && result == 0) keep(status.st_ino, number, draft, kept);
    note("end", call, path);
    errno = error;
    return result;
}

int fsync(int fd) { return late(fd, "fsync"); }

int fdatasync(int fd) { return late(fd, "fdatasync"); }
