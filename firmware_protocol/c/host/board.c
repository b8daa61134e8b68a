#define _POSIX_C_SOURCE 200809L

#include "board.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hal.h"
#include "store.h"

static int store_file = -1;
static bool is_store_broken, is_store_traced;

void board_open_store(const char *path)
{
    store_file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (store_file < 0 || ftruncate(store_file, GL_STORE_SIZE) != 0) {
        perror(path);
        exit(2);
    }
}

void board_break_store(bool is_broken)
{
    is_store_broken = is_broken;
}

void board_trace_store(bool is_traced)
{
    is_store_traced = is_traced;
}

bool gl_hal_store_read(uint32_t at, uint8_t *data, size_t size)
{
    return !is_store_broken && pread(store_file, data, size, (off_t)at) == (ssize_t)size;
}

/* No fsync: what the kernel has outlives the end of this process, and that is the only power cut
 * that a program on a PC has to show. A board must have its bytes safe here. */
bool gl_hal_store_write(uint32_t at, const uint8_t *data, size_t size)
{
    if (is_store_traced) {
        printf("wrote %" PRIu32 " ", at);
        board_print_hex(data, size);
        printf("\n");
    }
    return !is_store_broken && pwrite(store_file, data, size, (off_t)at) == (ssize_t)size;
}

static int digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    if (character >= 'a' && character <= 'f')
        return character - 'a' + 10;
    return -1;
}

int board_read_hex(const char *hex, uint8_t *data, size_t size_max)
{
    size_t size = 0;

    for (; hex[2 * size] != '\0'; size++) {
        int high = digit(hex[2 * size]), low = digit(hex[2 * size + 1]);
        if (high < 0 || low < 0 || size == size_max)
            return -1;
        data[size] = (uint8_t)(high << 4 | low);
    }
    return (int)size;
}

void board_print_hex(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size; at++)
        printf("%02x", data[at]);
}
