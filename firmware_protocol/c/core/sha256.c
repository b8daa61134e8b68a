#include "sha256.h"

#include <string.h>

static uint32_t turned(uint32_t word, unsigned bits)
{
    return word >> bits | word << (32 - bits);
}

static uint32_t get_big_endian(const uint8_t *data)
{
    return (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 | (uint32_t)data[2] << 8 | data[3];
}

static void put_big_endian(uint8_t *data, uint32_t word)
{
    for (unsigned at = 0; at < 4; at++)
        data[at] = (uint8_t)(word >> (24 - 8 * at));
}

/* FIPS 180-4, 6.2.2; the schedule is kept as a ring of 16 words to spare 192 bytes of stack. */
static void add_block(uint32_t state[8], const uint8_t *block)
{
    static const uint32_t constants[64] = {
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
        0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
        0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
        0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
        0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
        0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
        0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
        0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
        0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
        0xc67178f2,
    };
    uint32_t schedule[16];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

    for (unsigned round = 0; round < 64; round++) {
        uint32_t *word = &schedule[round % 16];
        if (round < 16) {
            *word = get_big_endian(block + 4 * round);
        } else {
            uint32_t two_ago = schedule[(round + 14) % 16];
            uint32_t fifteen_ago = schedule[(round + 1) % 16];
            *word += turned(two_ago, 17) ^ turned(two_ago, 19) ^ two_ago >> 10;
            *word += schedule[(round + 9) % 16];
            *word += turned(fifteen_ago, 7) ^ turned(fifteen_ago, 18) ^ fifteen_ago >> 3;
        }
        uint32_t first = h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) +
                         constants[round] + *word;
        uint32_t second =
            (turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

void gl_sha256_begin(gl_sha256 *sha)
{
    static const uint32_t initial[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };
    memcpy(sha->state, initial, sizeof initial);
    sha->size = 0;
}

void gl_sha256_add(gl_sha256 *sha, const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size; at++) {
        sha->block[sha->size++ % GL_BLOCK_SIZE] = data[at];
        if (sha->size % GL_BLOCK_SIZE == 0)
            add_block(sha->state, sha->block);
    }
}

void gl_sha256_end(gl_sha256 *sha, uint8_t digest[GL_DIGEST_SIZE])
{
    static const uint8_t one = 0x80, zero = 0;
    uint64_t bits = 8 * sha->size;
    uint8_t length[8];

    put_big_endian(length, (uint32_t)(bits >> 32));
    put_big_endian(length + 4, (uint32_t)bits);
    gl_sha256_add(sha, &one, 1);
    while (sha->size % GL_BLOCK_SIZE != GL_BLOCK_SIZE - sizeof length)
        gl_sha256_add(sha, &zero, 1);
    gl_sha256_add(sha, length, sizeof length);
    for (unsigned at = 0; at < 8; at++)
        put_big_endian(digest + 4 * at, sha->state[at]);
}

void gl_hmac_begin(gl_hmac *hmac, const uint8_t *key, size_t size)
{
    uint8_t block[GL_BLOCK_SIZE] = {0};

    if (size > GL_BLOCK_SIZE) {
        gl_sha256_begin(&hmac->inner);
        gl_sha256_add(&hmac->inner, key, size);
        gl_sha256_end(&hmac->inner, block);
    } else {
        memcpy(block, key, size);
    }
    for (unsigned at = 0; at < sizeof block; at++)
        block[at] ^= 0x36;
    gl_sha256_begin(&hmac->inner);
    gl_sha256_add(&hmac->inner, block, sizeof block);
    for (unsigned at = 0; at < sizeof block; at++)
        block[at] ^= 0x36 ^ 0x5c;
    gl_sha256_begin(&hmac->outer);
    gl_sha256_add(&hmac->outer, block, sizeof block);
}

void gl_hmac_add(gl_hmac *hmac, const uint8_t *data, size_t size)
{
    gl_sha256_add(&hmac->inner, data, size);
}

void gl_hmac_end(gl_hmac *hmac, uint8_t digest[GL_DIGEST_SIZE])
{
    gl_sha256_end(&hmac->inner, digest);
    gl_sha256_add(&hmac->outer, digest, GL_DIGEST_SIZE);
    gl_sha256_end(&hmac->outer, digest);
}

void gl_hkdf(const uint8_t *salt, size_t salt_size, const uint8_t *secret, size_t secret_size,
             const uint8_t *info, size_t info_size, uint8_t key[GL_DIGEST_SIZE])
{
    static const uint8_t first_block = 1;
    gl_hmac hmac;

    gl_hmac_begin(&hmac, salt, salt_size);
    gl_hmac_add(&hmac, secret, secret_size);
    gl_hmac_end(&hmac, key);
    gl_hmac_begin(&hmac, key, GL_DIGEST_SIZE);
    gl_hmac_add(&hmac, info, info_size);
    gl_hmac_add(&hmac, &first_block, 1);
    gl_hmac_end(&hmac, key);
}
