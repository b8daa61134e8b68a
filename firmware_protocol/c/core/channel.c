#include "channel.h"

#include <assert.h>
#include <string.h>

#include "bytes.h"

static void derive(const uint8_t psk[GL_PSK_SIZE], const uint8_t nonces[2 * GL_NONCE_SIZE],
                   const char *info, uint8_t key[GL_DIGEST_SIZE])
{
    gl_hkdf(nonces, 2 * GL_NONCE_SIZE, psk, GL_PSK_SIZE, (const uint8_t *)info, strlen(info), key);
}

void gl_channel_begin(gl_channel *channel, const uint8_t psk[GL_PSK_SIZE],
                      const uint8_t host_nonce[GL_NONCE_SIZE],
                      const uint8_t device_nonce[GL_NONCE_SIZE], uint32_t session)
{
    uint8_t nonces[2 * GL_NONCE_SIZE];

    memcpy(nonces, host_nonce, GL_NONCE_SIZE);
    memcpy(nonces + GL_NONCE_SIZE, device_nonce, GL_NONCE_SIZE);
    derive(psk, nonces, "gatelink1 device", channel->key_out);
    derive(psk, nonces, "gatelink1 host", channel->key_in);
    channel->session = session;
    channel->sent = 0;
    channel->accepted = 0;
}

static void make_mac(const uint8_t key[GL_DIGEST_SIZE], const gl_hmac *transcript,
                     const uint8_t *content, size_t size, uint64_t counter,
                     uint8_t digest[GL_DIGEST_SIZE])
{
    gl_hmac hmac;
    uint8_t packed[8];

    if (transcript != NULL)
        hmac = *transcript;
    else
        gl_hmac_begin(&hmac, key, GL_DIGEST_SIZE);
    gl_hmac_add(&hmac, content, size);
    gl_put(packed, counter, sizeof packed);
    gl_hmac_add(&hmac, packed, sizeof packed);
    gl_hmac_end(&hmac, digest);
}

size_t gl_channel_seal(gl_channel *channel, uint8_t address, uint8_t type, const uint8_t *body,
                       size_t body_size, const gl_hmac *transcript, uint8_t content[GL_P_SIZE_MAX])
{
    uint8_t digest[GL_DIGEST_SIZE];
    size_t size = GL_HEAD_SIZE + body_size;
    uint64_t ack = channel->accepted > 0 ? channel->accepted - 1 : 0;

    assert(body_size <= GL_BODY_SIZE_MAX);
    gl_frame_head(content, true, type, address, (uint16_t)channel->sent, (uint16_t)ack,
                  channel->session);
    memcpy(content + GL_HEAD_SIZE, body, body_size);
    make_mac(channel->key_out, transcript, content, size, channel->sent, digest);
    channel->sent++;
    memcpy(content + size, digest, GL_MAC_SIZE);
    return size + GL_MAC_SIZE;
}

bool gl_channel_accept(gl_channel *channel, const gl_frame *frame, const gl_hmac *transcript)
{
    uint8_t digest[GL_DIGEST_SIZE];
    uint64_t counter =
        channel->accepted + (uint16_t)(frame->sequence - (uint16_t)channel->accepted);
    unsigned difference = 0;

    make_mac(channel->key_in, transcript, frame->content, frame->signed_size, counter, digest);
    for (size_t at = 0; at < GL_MAC_SIZE; at++) /* all of it: the time must not tell where */
        difference |= digest[at] ^ frame->content[frame->signed_size + at];
    if (difference != 0)
        return false;
    channel->accepted = counter + 1;
    return true;
}
