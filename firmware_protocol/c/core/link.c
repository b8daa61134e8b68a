#include "link.h"

#include <string.h>

#include "bytes.h"
#include "hal.h"

/* Enough to greet again at once, no food for a flood (R3). */
#define NOSESS_MS 100

/* The body of a message without fields. */
static const uint8_t empty_map[] = {0xa0};

/* Sends what answers a frame that asks for it; it has no queue to stand in (R24). */
static void answer(const uint8_t *content, size_t size)
{
    uint8_t wire[GL_WIRE_SIZE_MAX];
    gl_hal_uart_write(wire, gl_frame_wire(content, size, wire));
}

static void refuse(const gl_link *link, uint32_t session)
{
    uint8_t content[GL_HEAD_SIZE + sizeof empty_map];

    gl_frame_head(content, false, GL_NOSESS, link->address, 0, 0, session);
    memcpy(content + GL_HEAD_SIZE, empty_map, sizeof empty_map);
    answer(content, sizeof content);
}

void gl_link_begin(gl_link *link, const uint8_t psk[GL_PSK_SIZE], uint8_t address)
{
    memset(link, 0, sizeof *link);
    link->psk = psk;
    link->address = address;
}

void gl_link_tell_boot(gl_link *link)
{
    if (link->address == 0)
        refuse(link, 0);
}

/* --- taking -------------------------------------------------------------------------------- */

static gl_taken prove(gl_link *link, const gl_frame *frame, gl_message *message)
{
    uint8_t content[GL_P_SIZE_MAX];
    size_t size;

    if (frame->type != GL_AUTH ||
        !gl_message_read(frame->type, gl_frame_body(frame), gl_frame_body_size(frame), message) ||
        !gl_channel_accept(&link->offer, frame, &link->offer_transcript)) {
        link->forged_count++;
        return GL_TAKEN_NOTHING;
    }
    link->session = link->offer;
    link->has_session = true;
    link->has_offer = false;
    link->unsaid_size = 0; /* what the old session did not say any more */
    size = gl_channel_seal(&link->session, link->address, GL_AUTH_OK, empty_map, sizeof empty_map,
                           NULL, content);
    answer(content, size);
    return GL_TAKEN_AUTH;
}

static gl_taken take_frame(gl_link *link, const gl_frame *frame, uint64_t now_ms,
                           gl_message *message)
{
    if (frame->is_from_device || frame->address != link->address)
        return GL_TAKEN_NOTHING; /* our own echo, or for another device on the line */
    const uint8_t *body = gl_frame_body(frame);
    size_t size = gl_frame_body_size(frame);
    if (!frame->has_mac) {
        bool is_hello = frame->type == GL_HELLO && gl_message_read(GL_HELLO, body, size, message);
        return is_hello ? GL_TAKEN_HELLO : GL_TAKEN_NOTHING;
    }
    if (link->has_offer && frame->session == link->offer.session)
        return prove(link, frame, message);
    if (!link->has_session || frame->session != link->session.session) {
        if (!link->has_refused || now_ms >= link->refused_at_ms + NOSESS_MS) {
            link->has_refused = true;
            link->refused_at_ms = now_ms;
            refuse(link, frame->session);
        }
        return GL_TAKEN_NOTHING;
    }
    if (!gl_channel_accept(&link->session, frame, NULL)) {
        link->forged_count++;
        return GL_TAKEN_NOTHING;
    }
    bool is_message = gl_message_read(frame->type, body, size, message);
    return is_message ? GL_TAKEN_MESSAGE : GL_TAKEN_MALFORMED;
}

gl_taken gl_link_take(gl_link *link, uint8_t byte, uint64_t now_ms, gl_frame *frame,
                      gl_message *message)
{
    switch (gl_deframer_take(&link->deframer, byte, frame)) {
    case GL_FOUND_FRAME:
        return take_frame(link, frame, now_ms, message);
    case GL_FOUND_NOISE:
        link->noise_count++;
        break;
    case GL_FOUND_NOTHING:
        break;
    }
    return GL_TAKEN_NOTHING;
}

/* --- offering ------------------------------------------------------------------------------ */

void gl_link_draw(gl_link *link, const uint8_t host_nonce[GL_NONCE_SIZE],
                  uint8_t nonce[GL_NONCE_SIZE])
{
    uint8_t drawn[4];
    uint32_t session, in_force = link->has_session ? link->session.session : 0;

    gl_hal_random(nonce, GL_NONCE_SIZE);
    do {
        gl_hal_random(drawn, sizeof drawn);
        session = (uint32_t)gl_get(drawn, sizeof drawn);
    } while (session == 0 || session == in_force);
    gl_channel_begin(&link->offer, link->psk, host_nonce, nonce, session);
}

void gl_link_offer(gl_link *link, const gl_frame *hello, const gl_cbor_out *body)
{
    gl_channel *offer = &link->offer;
    gl_hmac said;
    uint8_t content[GL_P_SIZE_MAX];

    gl_hmac_begin(&said, offer->key_out, GL_DIGEST_SIZE);
    gl_hmac_add(&said, hello->content, hello->content_size);
    size_t size = gl_channel_seal(offer, link->address, GL_HELLO_ACK, body->data, body->size, &said,
                                  content);
    gl_hmac_begin(&link->offer_transcript, offer->key_in, GL_DIGEST_SIZE);
    gl_hmac_add(&link->offer_transcript, hello->content, hello->content_size);
    gl_hmac_add(&link->offer_transcript, content, size);
    link->has_offer = true;
    answer(content, size);
}

/* --- saying -------------------------------------------------------------------------------- */

void gl_link_send(gl_link *link, uint8_t type, const gl_cbor_out *body)
{
    uint8_t content[GL_P_SIZE_MAX];

    if (!link->has_session)
        return;
    size_t size = gl_channel_seal(&link->session, link->address, type, body->data, body->size, NULL,
                                  content);
    if (link->address == 0) {
        answer(content, size);
        return;
    }
    if (link->unsaid_size > GL_UNSAID_SIZE_MAX)
        link->unsaid_size = 0;
    link->unsaid_size += gl_frame_wire(content, size, link->unsaid + link->unsaid_size);
}

bool gl_link_has_word(const gl_link *link)
{
    return link->address == 0 || link->has_word;
}

void gl_link_take_word(gl_link *link)
{
    link->has_word = true;
}

void gl_link_give_word_back(gl_link *link)
{
    if (link->unsaid_size > 0)
        gl_hal_uart_write(link->unsaid, link->unsaid_size);
    link->unsaid_size = 0;
    link->has_word = false;
}
