#define _XOPEN_SOURCE 700

#include "port.h"

#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

static const char *port_path;
static bool is_made; /* a pty of ours, not a tty of somebody else's */
static int file = -1;

static void make_raw(int tty)
{
    struct termios settings;

    if (tcgetattr(tty, &settings) != 0)
        return;
    settings.c_iflag = settings.c_oflag = settings.c_lflag = 0;
    settings.c_cflag = CS8 | CREAD | CLOCAL;
    cfsetispeed(&settings, B115200);
    cfsetospeed(&settings, B115200);
    tcsetattr(tty, TCSANOW, &settings);
}

static void open_tty(void)
{
    file = open(port_path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (file >= 0)
        make_raw(file);
}

static void fail(const char *path)
{
    perror(path);
    exit(2);
}

static void make_pty(void)
{
    const char *target;

    file = posix_openpt(O_RDWR | O_NOCTTY);
    if (file < 0 || grantpt(file) != 0 || unlockpt(file) != 0 || (target = ptsname(file)) == NULL)
        fail("pty");
    /* Only a pty whose far end was open once, and is closed, says that it is (POLLHUP). */
    int far_end = open(target, O_RDWR | O_NOCTTY);
    make_raw(far_end);
    close(far_end);
    fcntl(file, F_SETFL, O_NONBLOCK);
    unlink(port_path); /* left behind by a controller that was killed: it leads nowhere */
    if (symlink(target, port_path) != 0)
        fail(port_path);
}

void port_open(const char *path)
{
    struct stat found;

    port_path = path;
    is_made = stat(path, &found) != 0;
    if (is_made)
        make_pty();
    else
        open_tty();
    if (file < 0)
        fail(path);
}

void port_close(void)
{
    if (is_made)
        unlink(port_path);
}

static bool is_hung_up(void)
{
    struct pollfd waiting = {.fd = file, .events = 0};
    return poll(&waiting, 1, 0) > 0;
}

int port_file(void)
{
    return file < 0 || is_hung_up() ? -1 : file;
}

size_t port_read(uint8_t *data, size_t size_max)
{
    if (file < 0)
        open_tty();
    if (file < 0)
        return 0;
    ssize_t size = read(file, data, size_max);
    if (size > 0)
        return (size_t)size;
    if (!is_made && is_hung_up()) {
        close(file);
        file = -1;
    }
    return 0;
}

void port_write(const uint8_t *data, size_t size)
{
    while (size > 0 && file >= 0 && !is_hung_up()) {
        ssize_t written = write(file, data, size);
        if (written <= 0)
            return;
        data += written;
        size -= (size_t)written;
    }
}
