/* Numbers as little endian bytes, and the CRC-32 over bytes. */
#ifndef GL_BYTES_H
#define GL_BYTES_H

#include <stddef.h>
#include <stdint.h>

void gl_put(uint8_t *data, uint64_t number, size_t size);
uint64_t gl_get(const uint8_t *data, size_t size);

/* CRC-32 of IEEE 802.3, as in zlib. */
uint32_t gl_crc32(const uint8_t *data, size_t size);

#endif
