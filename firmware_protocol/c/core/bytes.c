#include "bytes.h"

void gl_put(uint8_t *data, uint64_t number, size_t size)
{
    for (size_t at = 0; at < size; at++)
        data[at] = (uint8_t)(number >> (8 * at));
}

uint64_t gl_get(const uint8_t *data, size_t size)
{
    uint64_t number = 0;
    for (size_t at = 0; at < size; at++)
        number |= (uint64_t)data[at] << (8 * at);
    return number;
}

/* Four bits at a time: a table of 64 bytes, and fast enough for the longest frame on a small chip. */
uint32_t gl_crc32(const uint8_t *data, size_t size)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    uint32_t crc = 0xffffffff;
    for (size_t at = 0; at < size; at++) {
        crc ^= data[at];
        crc = (crc >> 4) ^ table[crc & 15];
        crc = (crc >> 4) ^ table[crc & 15];
    }
    return ~crc;
}
