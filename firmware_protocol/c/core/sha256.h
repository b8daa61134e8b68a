/* SHA-256 (FIPS 180-4), HMAC (FIPS 198-1, RFC 2104) and what the protocol needs of HKDF (RFC 5869). */
#ifndef GL_SHA256_H
#define GL_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define GL_DIGEST_SIZE 32
#define GL_BLOCK_SIZE 64

typedef struct {
    uint32_t state[8];
    uint64_t size;
    uint8_t block[GL_BLOCK_SIZE];
} gl_sha256;

void gl_sha256_begin(gl_sha256 *sha);
void gl_sha256_add(gl_sha256 *sha, const uint8_t *data, size_t size);
void gl_sha256_end(gl_sha256 *sha, uint8_t digest[GL_DIGEST_SIZE]);

typedef struct {
    gl_sha256 inner;
    gl_sha256 outer;
} gl_hmac;

void gl_hmac_begin(gl_hmac *hmac, const uint8_t *key, size_t size);
void gl_hmac_add(gl_hmac *hmac, const uint8_t *data, size_t size);
void gl_hmac_end(gl_hmac *hmac, uint8_t digest[GL_DIGEST_SIZE]);

/* The first block of HKDF-SHA256, which is all that a key of 32 bytes takes. */
void gl_hkdf(const uint8_t *salt, size_t salt_size, const uint8_t *secret, size_t secret_size,
             const uint8_t *info, size_t info_size, uint8_t key[GL_DIGEST_SIZE]);

#endif
