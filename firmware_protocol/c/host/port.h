/* The serial port of a PC: a tty, or a pty made where no tty is. */
#ifndef PORT_H
#define PORT_H

#include <stddef.h>
#include <stdint.h>

/* Takes the tty at `path`; where nothing is, makes a pty and a link to it. Ends the program if it
 * cannot. A tty that is unplugged is looked for again with each read. */
void port_open(const char *path);

/* Takes the link away again. */
void port_close(void);

/* A file to wait for, -1 if there is nothing to wait for at present. */
int port_file(void);

/* Both return at once; what does not fit is lost, as on a line without flow control. */
size_t port_read(uint8_t *data, size_t size_max);
void port_write(const uint8_t *data, size_t size);

#endif
