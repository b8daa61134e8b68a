/* The messages: those of the host read from their bodies, ours written (PROTOCOL.md, section 4). */
#ifndef GL_MESSAGE_H
#define GL_MESSAGE_H

#include "cbor.h"
#include "words.h"

enum {
    GL_HELLO = 0x01,
    GL_HELLO_ACK = 0x02,
    GL_AUTH = 0x03,
    GL_AUTH_OK = 0x04,
    GL_NOSESS = 0x05,
    GL_PING = 0x10,
    GL_STATE = 0x11,
    GL_OPEN = 0x20,
    GL_CANCEL = 0x21,
    GL_SET_MODE = 0x22,
    GL_INDICATE = 0x23,
    GL_CONFIG = 0x24,
    GL_CONFIG_GET = 0x25,
    GL_RESULT = 0x2f,
    GL_EVENT = 0x30,
    GL_EVENT_ACK = 0x31,
    GL_LOG_READ = 0x32,
    GL_LOG_STATE = 0x33
};

typedef struct {
    gl_command command;
    bool has_unlock_ms;
    uint32_t unlock_ms;
    uint64_t expires_at_ms;
} gl_open;

/* A message of the host; which member of the union counts is said by its type. */
typedef struct {
    uint8_t type;
    union {
        uint8_t nonce[GL_NONCE_SIZE]; /* HELLO */
        gl_open open;
        uint8_t grant[GL_GRANT_SIZE]; /* CANCEL */
        uint8_t mode;                 /* SET_MODE */
        struct {
            uint8_t signal;
            uint8_t direction;
        } indicate;
        gl_settings settings; /* CONFIG */
        uint64_t upto;        /* EVENT_ACK */
        struct {
            bool has_start;
            uint64_t start;
        } log_read;
    } of;
} gl_message;

/* Reads a body; false if it is no message that a host sends. */
bool gl_message_read(uint8_t type, const uint8_t *body, size_t size, gl_message *message);

typedef struct {
    uint8_t nonce[GL_NONCE_SIZE];
    const char *device;
    const char *firmware;
    uint32_t boot;
    uint64_t uptime_ms;
    const uint8_t *log;
    uint64_t head;
    uint64_t first;
    uint64_t acknowledged;
    uint64_t lost_count;
} gl_hello_ack;

typedef struct {
    uint64_t uptime_ms;
    uint64_t head;
    uint64_t first;
    uint8_t mode;
    uint8_t stage;
    bool has_grant;
    uint8_t grant[GL_GRANT_SIZE];
    bool is_fire;
    bool is_faulty;
    uint8_t signals[2];
    uint32_t settings;
    bool has_contacts;
    uint32_t contacts;
} gl_state;

typedef struct {
    uint8_t grant[GL_GRANT_SIZE];
    uint8_t outcome;
    bool is_repeat;
} gl_result;

typedef struct {
    uint64_t head;
    uint64_t first;
    uint64_t acknowledged;
    uint64_t lost_count;
    const gl_command *in_force; /* NULL if there is none */
} gl_log_state;

void gl_write_hello_ack(gl_cbor_out *out, const gl_hello_ack *ack);
void gl_write_state(gl_cbor_out *out, const gl_state *state);
void gl_write_result(gl_cbor_out *out, const gl_result *result);
void gl_write_event(gl_cbor_out *out, const gl_entry *entry);
void gl_write_log_state(gl_cbor_out *out, const gl_log_state *state);
void gl_write_settings(gl_cbor_out *out, const gl_settings *settings);

#endif
