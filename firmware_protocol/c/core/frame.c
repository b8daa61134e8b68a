#include "frame.h"

#include <assert.h>
#include <string.h>

#include "bytes.h"

enum { FLAG_MAC = 1, FLAGS_RESERVED = 12, FROM_DEVICE = 0x80 };

const uint8_t *gl_frame_body(const gl_frame *frame)
{
    return frame->content + GL_HEAD_SIZE;
}

size_t gl_frame_body_size(const gl_frame *frame)
{
    return frame->signed_size - GL_HEAD_SIZE;
}

/* Undoes COBS in place; false where a code points past the end. */
static bool unstuff(uint8_t *data, size_t *size)
{
    size_t from = 0, to = 0;

    while (from < *size) {
        size_t code = data[from];
        if (from + code > *size)
            return false;
        memmove(data + to, data + from + 1, code - 1);
        from += code;
        to += code - 1;
        if (from < *size)
            data[to++] = 0;
    }
    *size = to;
    return true;
}

static bool read_frame(const uint8_t *content, size_t size, gl_frame *frame)
{
    unsigned first = content[0];

    if (first >> 4 != GL_VERSION || (first & FLAGS_RESERVED))
        return false;
    frame->has_mac = first & FLAG_MAC;
    if (frame->has_mac && size < GL_HEAD_SIZE + GL_MAC_SIZE)
        return false;
    frame->type = content[1];
    frame->is_from_device = content[2] & FROM_DEVICE;
    frame->address = content[2] & (FROM_DEVICE - 1);
    frame->sequence = (uint16_t)gl_get(content + 3, 2);
    frame->session = (uint32_t)gl_get(content + 7, 4);
    frame->content = content;
    frame->content_size = size;
    frame->signed_size = frame->has_mac ? size - GL_MAC_SIZE : size;
    return true;
}

static bool read_wire(gl_deframer *deframer, gl_frame *frame)
{
    size_t size = deframer->size;

    if (!unstuff(deframer->buffer, &size) || size < GL_HEAD_SIZE + GL_CRC_SIZE)
        return false;
    size -= GL_CRC_SIZE;
    if (gl_crc32(deframer->buffer, size) != gl_get(deframer->buffer + size, GL_CRC_SIZE))
        return false;
    return read_frame(deframer->buffer, size, frame);
}

gl_found gl_deframer_take(gl_deframer *deframer, uint8_t byte, gl_frame *frame)
{
    gl_found found = GL_FOUND_NOTHING;

    if (byte != 0) {
        if (deframer->size == sizeof deframer->buffer)
            deframer->is_overlong = true;
        else
            deframer->buffer[deframer->size++] = byte;
        return found;
    }
    if (deframer->is_overlong)
        found = GL_FOUND_NOISE;
    else if (deframer->size > 0)
        found = read_wire(deframer, frame) ? GL_FOUND_FRAME : GL_FOUND_NOISE;
    deframer->size = 0;
    deframer->is_overlong = false;
    return found;
}

size_t gl_frame_wire(const uint8_t *content, size_t size, uint8_t wire[GL_WIRE_SIZE_MAX])
{
    uint8_t crc[GL_CRC_SIZE];
    size_t code_at = 1, at = 2;

    assert(size + GL_CRC_SIZE <= GL_P_SIZE_MAX);
    gl_put(crc, gl_crc32(content, size), sizeof crc);
    wire[0] = 0;
    for (size_t from = 0; from < size + sizeof crc; from++) {
        uint8_t byte = from < size ? content[from] : crc[from - size];
        if (byte != 0) {
            wire[at++] = byte;
        } else {
            wire[code_at] = (uint8_t)(at - code_at);
            code_at = at++;
        }
    }
    wire[code_at] = (uint8_t)(at - code_at);
    wire[at++] = 0;
    return at;
}

void gl_frame_head(uint8_t *content, bool has_mac, uint8_t type, uint8_t address, uint16_t sequence,
                   uint16_t ack, uint32_t session)
{
    content[0] = (uint8_t)(GL_VERSION << 4 | (has_mac ? FLAG_MAC : 0));
    content[1] = type;
    content[2] = address | FROM_DEVICE;
    gl_put(content + 3, sequence, 2);
    gl_put(content + 5, ack, 2);
    gl_put(content + 7, session, 4);
}
