#include "message.h"

#include "frame.h"

/* --- reading ------------------------------------------------------------------------------- */

typedef struct {
    const uint8_t *data;
    size_t size;
} body_of;

static bool get_code(body_of body, unsigned key, unsigned code_max, uint8_t *code)
{
    uint64_t number;
    if (!gl_cbor_get_unsigned(body.data, body.size, key, code_max, &number))
        return false;
    *code = (uint8_t)number;
    return true;
}

static bool get_u32(body_of body, unsigned key, uint32_t *number)
{
    uint64_t wide;
    if (!gl_cbor_get_unsigned(body.data, body.size, key, UINT32_MAX, &wide))
        return false;
    *number = (uint32_t)wide;
    return true;
}

static bool get_u64(body_of body, unsigned key, uint64_t *number)
{
    return gl_cbor_get_unsigned(body.data, body.size, key, UINT64_MAX, number);
}

static bool get_bytes(body_of body, unsigned key, uint8_t *data, size_t size)
{
    return gl_cbor_get_bytes(body.data, body.size, key, data, size);
}

/* We speak one version and answer with it in any case; a host that does not, refuses it (R5). */
static bool read_hello(body_of body, gl_message *message)
{
    uint8_t version;
    return get_bytes(body, 0, message->of.nonce, GL_NONCE_SIZE) &&
           get_code(body, 1, UINT8_MAX, &version) && get_code(body, 2, UINT8_MAX, &version) &&
           gl_cbor_is_text(body.data, body.size, 3, GL_NAME_SIZE_MAX);
}

static bool read_open(body_of body, gl_open *open)
{
    open->has_unlock_ms = gl_cbor_has(body.data, body.size, 2);
    return get_bytes(body, 0, open->command.grant, GL_GRANT_SIZE) &&
           get_code(body, 1, GL_EXIT, &open->command.direction) &&
           (!open->has_unlock_ms || get_u32(body, 2, &open->unlock_ms)) &&
           get_u64(body, 3, &open->expires_at_ms);
}

static bool read_settings(body_of body, gl_settings *settings)
{
    return get_u32(body, 0, &settings->unlock_ms) && get_u32(body, 1, &settings->unlock_ms_max) &&
           get_u32(body, 2, &settings->held_ms) && get_u32(body, 3, &settings->host_lost_ms) &&
           get_code(body, 4, GL_SAFE, &settings->without_host);
}

bool gl_message_read(uint8_t type, const uint8_t *data, size_t size, gl_message *message)
{
    body_of body = {data, size};

    if (!gl_cbor_is_map(data, size))
        return false;
    message->type = type;
    switch (type) {
    case GL_AUTH:
    case GL_PING:
    case GL_CONFIG_GET:
        return true;
    case GL_HELLO:
        return read_hello(body, message);
    case GL_OPEN:
        return read_open(body, &message->of.open);
    case GL_CANCEL:
        return get_bytes(body, 0, message->of.grant, GL_GRANT_SIZE);
    case GL_SET_MODE:
        return get_code(body, 0, GL_MODE_FREE, &message->of.mode);
    case GL_INDICATE:
        return get_code(body, 0, GL_SIGNAL_FAULT, &message->of.indicate.signal) &&
               get_code(body, 1, GL_EXIT, &message->of.indicate.direction);
    case GL_CONFIG:
        return read_settings(body, &message->of.settings);
    case GL_EVENT_ACK:
        return get_u64(body, 0, &message->of.upto);
    case GL_LOG_READ:
        message->of.log_read.has_start = gl_cbor_has(data, size, 0);
        return !message->of.log_read.has_start || get_u64(body, 0, &message->of.log_read.start);
    default:
        return false;
    }
}

/* --- writing ------------------------------------------------------------------------------- */

void gl_write_hello_ack(gl_cbor_out *out, const gl_hello_ack *ack)
{
    gl_cbor_map(out, 11);
    gl_cbor_bytes(out, 0, ack->nonce, GL_NONCE_SIZE);
    gl_cbor_unsigned(out, 1, GL_VERSION);
    gl_cbor_text(out, 2, ack->device);
    gl_cbor_text(out, 3, ack->firmware);
    gl_cbor_unsigned(out, 4, ack->boot);
    gl_cbor_unsigned(out, 5, ack->uptime_ms);
    gl_cbor_bytes(out, 6, ack->log, GL_LOG_NAME_SIZE);
    gl_cbor_unsigned(out, 7, ack->head);
    gl_cbor_unsigned(out, 8, ack->first);
    gl_cbor_unsigned(out, 9, ack->acknowledged);
    gl_cbor_unsigned(out, 10, ack->lost_count);
}

void gl_write_state(gl_cbor_out *out, const gl_state *state)
{
    gl_cbor_map(out, 8u + state->has_grant + state->is_fire + state->is_faulty + state->has_contacts);
    gl_cbor_unsigned(out, 0, state->uptime_ms);
    gl_cbor_unsigned(out, 1, state->head);
    gl_cbor_unsigned(out, 2, state->first);
    gl_cbor_unsigned(out, 3, state->mode);
    gl_cbor_unsigned(out, 4, state->stage);
    if (state->has_grant)
        gl_cbor_bytes(out, 5, state->grant, GL_GRANT_SIZE);
    if (state->is_fire)
        gl_cbor_true(out, 6);
    if (state->is_faulty)
        gl_cbor_true(out, 7);
    gl_cbor_unsigned(out, 8, state->signals[GL_ENTRY]);
    gl_cbor_unsigned(out, 9, state->signals[GL_EXIT]);
    gl_cbor_unsigned(out, 10, state->settings);
    if (state->has_contacts)
        gl_cbor_unsigned(out, 11, state->contacts);
}

void gl_write_result(gl_cbor_out *out, const gl_result *result)
{
    gl_cbor_map(out, 2u + result->is_repeat);
    gl_cbor_bytes(out, 0, result->grant, GL_GRANT_SIZE);
    gl_cbor_unsigned(out, 1, result->outcome);
    if (result->is_repeat)
        gl_cbor_true(out, 2);
}

void gl_write_event(gl_cbor_out *out, const gl_entry *entry)
{
    bool has_direction = entry->direction != GL_NONE;
    bool has_reason = entry->reason != GL_NONE;
    bool has_mode = entry->mode != GL_NONE;

    gl_cbor_map(out, 4u + has_direction + entry->has_grant + has_reason + has_mode + entry->is_free);
    gl_cbor_unsigned(out, 0, entry->sequence);
    gl_cbor_unsigned(out, 1, entry->kind);
    gl_cbor_unsigned(out, 2, entry->boot);
    gl_cbor_unsigned(out, 3, entry->at_ms);
    if (has_direction)
        gl_cbor_unsigned(out, 4, entry->direction);
    if (entry->has_grant)
        gl_cbor_bytes(out, 5, entry->grant, GL_GRANT_SIZE);
    if (has_reason)
        gl_cbor_unsigned(out, 6, entry->reason);
    if (has_mode)
        gl_cbor_unsigned(out, 7, entry->mode);
    if (entry->is_free)
        gl_cbor_true(out, 8);
}

void gl_write_log_state(gl_cbor_out *out, const gl_log_state *state)
{
    gl_cbor_map(out, 4u + (state->in_force != NULL));
    gl_cbor_unsigned(out, 0, state->head);
    gl_cbor_unsigned(out, 1, state->first);
    gl_cbor_unsigned(out, 2, state->acknowledged);
    gl_cbor_unsigned(out, 3, state->lost_count);
    if (state->in_force != NULL)
        gl_cbor_bytes(out, 4, state->in_force->grant, GL_GRANT_SIZE);
}

void gl_write_settings(gl_cbor_out *out, const gl_settings *settings)
{
    gl_cbor_map(out, 5);
    gl_cbor_unsigned(out, 0, settings->unlock_ms);
    gl_cbor_unsigned(out, 1, settings->unlock_ms_max);
    gl_cbor_unsigned(out, 2, settings->held_ms);
    gl_cbor_unsigned(out, 3, settings->host_lost_ms);
    gl_cbor_unsigned(out, 4, settings->without_host);
}
