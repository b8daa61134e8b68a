/* Sessions on the line: offers them, keeps the one in force, refuses what is not of it (R1 to R5).
 *
 * On a shared line it holds what it has to say until the host gives it the word (R24 to R26). */
#ifndef GL_LINK_H
#define GL_LINK_H

#include "channel.h"
#include "frame.h"
#include "message.h"

/* More than a whole window of entries may wait for the word; beyond that all is dropped, because all
 * of it comes again. */
#define GL_UNSAID_SIZE_MAX 1024
#define GL_SAY_SIZE_MAX (GL_UNSAID_SIZE_MAX + GL_WIRE_SIZE_MAX)

typedef struct {
    const uint8_t *psk;
    uint8_t address;
    gl_deframer deframer;
    bool has_session;
    gl_channel session;
    bool has_offer;
    gl_channel offer;
    gl_hmac offer_transcript; /* begun over HELLO and HELLO_ACK, to check the AUTH with */
    bool has_refused;
    uint64_t refused_at_ms;
    bool has_word; /* the host asked for all there is to say */
    uint8_t unsaid[GL_SAY_SIZE_MAX];
    size_t unsaid_size;
    uint32_t noise_count;  /* broken frames */
    uint32_t forged_count; /* whole ones with a wrong or repeated MAC */
} gl_link;

typedef enum {
    GL_TAKEN_NOTHING,
    GL_TAKEN_HELLO,     /* unsigned; answer with gl_link_offer */
    GL_TAKEN_AUTH,      /* the host is proven: a new session is in force */
    GL_TAKEN_MESSAGE,   /* signed, of the session in force */
    GL_TAKEN_MALFORMED, /* the same, but no message of a host */
} gl_taken;

/* address: 1..126 on a shared line, 0 on one of its own. psk must stay where it is. */
void gl_link_begin(gl_link *link, const uint8_t psk[GL_PSK_SIZE], uint8_t address);

/* Says that no session is known, so that a host need not find out; not on a shared line. */
void gl_link_tell_boot(gl_link *link);

/* Takes a byte of the line. Answer what it was before the next one: so `ack` names the frame. */
gl_taken gl_link_take(gl_link *link, uint8_t byte, uint64_t now_ms, gl_frame *frame,
                      gl_message *message);

/* Begins the offer that answers a HELLO: draws nonce and session. */
void gl_link_draw(gl_link *link, const uint8_t host_nonce[GL_NONCE_SIZE],
                  uint8_t nonce[GL_NONCE_SIZE]);

/* Sends the HELLO_ACK with this body. hello: the frame that it answers. */
void gl_link_offer(gl_link *link, const gl_frame *hello, const gl_cbor_out *body);

/* Sends in the session in force; without one there is nobody to send to. */
void gl_link_send(gl_link *link, uint8_t type, const gl_cbor_out *body);

/* Whether anything may be said that answers no frame of the host. */
bool gl_link_has_word(const gl_link *link);

/* On a shared line what is sent waits. Between these two calls the host has asked for it (PING), and
 * all that waited goes out at once with the second; the last of it must be a STATE (R25). */
void gl_link_take_word(gl_link *link);
void gl_link_give_word_back(gl_link *link);

#endif
