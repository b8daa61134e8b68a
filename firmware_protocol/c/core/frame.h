/* Frames on the line: 00 COBS(P) 00, with a CRC-32 against noise (PROTOCOL.md, section 2). */
#ifndef GL_FRAME_H
#define GL_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GL_VERSION 1
#define GL_P_SIZE_MAX 250
#define GL_HEAD_SIZE 11
#define GL_MAC_SIZE 8
#define GL_CRC_SIZE 4
#define GL_BODY_SIZE_MAX (GL_P_SIZE_MAX - GL_HEAD_SIZE - GL_MAC_SIZE - GL_CRC_SIZE)

/* What COBS makes of the longest P, and the two 00 around it. */
#define GL_STUFFED_SIZE_MAX (GL_P_SIZE_MAX + 1)
#define GL_WIRE_SIZE_MAX (GL_STUFFED_SIZE_MAX + 2)

/* content: P without its CRC. signed_size: how much of it the MAC covers; all of it without one. */
typedef struct {
    uint8_t type;
    uint8_t address;
    bool is_from_device;
    bool has_mac;
    uint16_t sequence;
    uint32_t session;
    const uint8_t *content;
    size_t content_size;
    size_t signed_size;
} gl_frame;

const uint8_t *gl_frame_body(const gl_frame *frame);
size_t gl_frame_body_size(const gl_frame *frame);

typedef enum { GL_FOUND_NOTHING, GL_FOUND_FRAME, GL_FOUND_NOISE } gl_found;

/* Collects the bytes of one frame. */
typedef struct {
    uint8_t buffer[GL_STUFFED_SIZE_MAX];
    size_t size;
    bool is_overlong;
} gl_deframer;

/* Takes the next byte; a frame that it finds lies in its buffer until the next call. */
gl_found gl_deframer_take(gl_deframer *deframer, uint8_t byte, gl_frame *frame);

/* Makes the bytes for the line of a P without CRC; returns how many. */
size_t gl_frame_wire(const uint8_t *content, size_t size, uint8_t wire[GL_WIRE_SIZE_MAX]);

/* Writes the first GL_HEAD_SIZE bytes of a P of ours. */
void gl_frame_head(uint8_t *content, bool has_mac, uint8_t type, uint8_t address, uint16_t sequence,
                   uint16_t ack, uint32_t session);

#endif
