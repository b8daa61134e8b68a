/* One session: its two keys, its two rising counters, what they accept (PROTOCOL.md, section 3). */
#ifndef GL_CHANNEL_H
#define GL_CHANNEL_H

#include "frame.h"
#include "sha256.h"
#include "words.h"

/* sent: how many frames we have signed. accepted: the counter that would be the next one. */
typedef struct {
    uint32_t session;
    uint8_t key_out[GL_DIGEST_SIZE];
    uint8_t key_in[GL_DIGEST_SIZE];
    uint64_t sent;
    uint64_t accepted;
} gl_channel;

void gl_channel_begin(gl_channel *channel, const uint8_t psk[GL_PSK_SIZE],
                      const uint8_t host_nonce[GL_NONCE_SIZE],
                      const uint8_t device_nonce[GL_NONCE_SIZE], uint32_t session);

/* Makes the next frame, a P without CRC; returns its size. transcript: an HMAC that was begun with
 * key_out over what else is signed; NULL for nothing else. */
size_t gl_channel_seal(gl_channel *channel, uint8_t address, uint8_t type, const uint8_t *body,
                       size_t body_size, const gl_hmac *transcript,
                       uint8_t content[GL_P_SIZE_MAX]);

/* Says whether this is a new, authentic frame of the host; no frame is new twice. transcript: as
 * above, with key_in. */
bool gl_channel_accept(gl_channel *channel, const gl_frame *frame, const gl_hmac *transcript);

#endif
