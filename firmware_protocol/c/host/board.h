/* What both host programs have in common: a file as storage, and hex. */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Opens the storage, GL_STORE_SIZE bytes of zero if it is new. Ends the program if it cannot. */
void board_open_store(const char *path);

/* Has the storage fail from here, or work again. */
void board_break_store(bool is_broken);

/* Has each write be told on stdout: wrote AT HEX. */
void board_trace_store(bool is_traced);

/* Reads hex of at most size_max bytes; returns how many, -1 if it is not hex or longer. */
int board_read_hex(const char *hex, uint8_t *data, size_t size_max);

void board_print_hex(const uint8_t *data, size_t size);

#endif
