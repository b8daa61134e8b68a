/* The gate: what opens and locks it, and what of it is logged (PROTOCOL.md, section 5.1).
 *
 * The exit is mechanically free in every state and mode; a command for it only says whose the next
 * passage out is. Fire wins over everything. Each call stores what it changes, then moves the gate. */
#ifndef GL_GATE_H
#define GL_GATE_H

#include "hal.h"
#include "message.h"
#include "store.h"

typedef enum { GL_HOST_AWAITED, GL_HOST_THERE, GL_HOST_LOST } gl_host;

/* The command in force is the one of the store; there is one exactly when the stage is not GL_IDLE. */
typedef struct {
    gl_store *store;
    uint8_t stage;
    bool has_deadline;
    uint64_t deadline_ms; /* unlocked: locks by itself; passing: is logged as held */
    uint8_t mode;
    uint8_t host;
    bool is_fire;
    bool has_fault;
    bool has_contacts;
    uint32_t contacts; /* nothing here depends on them */
} gl_gate;

/* Starts with what was kept: entry locked, mode normal, no host yet; ends what was in force. */
void gl_gate_boot(gl_gate *gate, gl_store *store, uint64_t now_ms);

void gl_gate_open(gl_gate *gate, const gl_open *open, uint64_t now_ms, gl_result *result);
void gl_gate_cancel(gl_gate *gate, const uint8_t grant[GL_GRANT_SIZE], uint64_t now_ms);
void gl_gate_set_mode(gl_gate *gate, gl_mode mode, uint64_t now_ms);

/* Takes all of the settings or nothing of them. */
void gl_gate_configure(gl_gate *gate, const gl_settings *settings);

void gl_gate_sense(gl_gate *gate, const gl_sensed *sensed, uint64_t now_ms);
void gl_gate_note_host(gl_gate *gate, bool is_there, uint64_t now_ms);
void gl_gate_tick(gl_gate *gate, uint64_t now_ms);

/* Everybody may enter: in a fire, in mode free, or without a host if the settings say so. */
bool gl_gate_is_free(const gl_gate *gate);

/* The mechanics or the log's storage do not work. */
bool gl_gate_is_faulty(const gl_gate *gate);

#endif
