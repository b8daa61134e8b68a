/* The words of the protocol with their codes on the wire (PROTOCOL.md, section 4). */
#ifndef GL_WORDS_H
#define GL_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#define GL_GRANT_SIZE 16
#define GL_NONCE_SIZE 16
#define GL_PSK_SIZE 32
#define GL_LOG_NAME_SIZE 8
#define GL_NAME_SIZE_MAX 32

/* Stands for a field of a log entry that is left out. */
#define GL_NONE 0xFFu

typedef enum { GL_ENTRY, GL_EXIT } gl_direction;

typedef enum { GL_MODE_NORMAL, GL_MODE_EXIT_ONLY, GL_MODE_FREE } gl_mode;

/* How far the command in force is. */
typedef enum { GL_IDLE, GL_UNLOCKED, GL_PASSING } gl_stage;

typedef enum { GL_SECURE, GL_SAFE } gl_without_host;

typedef enum {
    GL_SIGNAL_READY,
    GL_SIGNAL_WAIT,
    GL_SIGNAL_GO,
    GL_SIGNAL_REFUSED,
    GL_SIGNAL_ASK_OFFICER,
    GL_SIGNAL_CLOSED,
    GL_SIGNAL_EMERGENCY,
    GL_SIGNAL_FAULT
} gl_signal;

typedef enum {
    GL_OUTCOME_OPENED,
    GL_OUTCOME_BUSY,
    GL_OUTCOME_FIRE,
    GL_OUTCOME_DENIED,
    GL_OUTCOME_EXPIRED
} gl_outcome;

typedef enum {
    GL_REASON_TIMEOUT,
    GL_REASON_TURNED_BACK,
    GL_REASON_CANCELLED,
    GL_REASON_MODE,
    GL_REASON_FIRE,
    GL_REASON_REBOOT
} gl_reason;

typedef enum {
    GL_LOG_OTHER, /* only hosts read it, for kinds that they do not know */
    GL_LOG_PASSAGE,
    GL_LOG_NOT_PASSED,
    GL_LOG_FORCED,
    GL_LOG_TAILGATE,
    GL_LOG_REVERSE,
    GL_LOG_HELD,
    GL_LOG_FIRE_ON,
    GL_LOG_FIRE_OFF,
    GL_LOG_FAULT_ON,
    GL_LOG_FAULT_OFF,
    GL_LOG_TAMPER,
    GL_LOG_POWER,
    GL_LOG_BOOT,
    GL_LOG_MODE_CHANGED,
    GL_LOG_HOST_LOST,
    GL_LOG_HOST_BACK
} gl_kind;

/* A command in force. */
typedef struct {
    uint8_t grant[GL_GRANT_SIZE];
    uint8_t direction;
} gl_command;

/* One entry of the log. direction, reason, mode: GL_NONE if left out. */
typedef struct {
    uint64_t sequence;
    uint64_t at_ms;
    uint32_t boot;
    uint8_t kind;
    uint8_t direction;
    uint8_t reason;
    uint8_t mode;
    bool has_grant;
    bool is_free;
    uint8_t grant[GL_GRANT_SIZE];
} gl_entry;

/* What the host sets. */
typedef struct {
    uint32_t unlock_ms;
    uint32_t unlock_ms_max;
    uint32_t held_ms;
    uint32_t host_lost_ms;
    uint8_t without_host;
} gl_settings;

#endif
