/* The part of CBOR (RFC 8949) that message bodies use: one map with unsigned keys. */
#ifndef GL_CBOR_H
#define GL_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writing. The caller's buffer must hold what it writes; longer than that is our own mistake. */
typedef struct {
    uint8_t *data;
    size_t size;
    size_t size_max;
} gl_cbor_out;

void gl_cbor_map(gl_cbor_out *out, unsigned pair_count);
void gl_cbor_unsigned(gl_cbor_out *out, unsigned key, uint64_t number);
void gl_cbor_bytes(gl_cbor_out *out, unsigned key, const uint8_t *data, size_t size);
void gl_cbor_text(gl_cbor_out *out, unsigned key, const char *text);
void gl_cbor_true(gl_cbor_out *out, unsigned key);

/* Reading. A body that passes this is one map with unsigned keys, no key twice, definite lengths, no
 * tags, and nothing after it. The values of keys that nobody asks for may be anything else. */
bool gl_cbor_is_map(const uint8_t *body, size_t size);

/* All of these take a body that has passed gl_cbor_is_map; false: not there, or not of this form. */
bool gl_cbor_has(const uint8_t *body, size_t size, unsigned key);
bool gl_cbor_get_unsigned(const uint8_t *body, size_t size, unsigned key, uint64_t number_max,
                          uint64_t *number);
bool gl_cbor_get_bytes(const uint8_t *body, size_t size, unsigned key, uint8_t *data,
                       size_t data_size);
/* text: 1..text_size_max printable ASCII characters. */
bool gl_cbor_is_text(const uint8_t *body, size_t size, unsigned key, size_t text_size_max);

#endif
