/* A turnstile controller that speaks gatelink on a serial line (PROTOCOL.md).
 *
 * A port implements hal.h, keeps one gl_device, and calls gl_start once and gl_poll for ever. All
 * memory is in the gl_device; nothing is allocated, nothing waits. */
#ifndef GL_GATELINK_H
#define GL_GATELINK_H

#include "gate.h"
#include "link.h"

/* name, firmware: 1..32 printable ASCII characters, for people. address: 1..126 on a shared line, 0 on
 * one of its own. All of it must stay where it is. */
typedef struct {
    const char *name;
    const char *firmware;
    uint8_t psk[GL_PSK_SIZE];
    uint8_t address;
} gl_config;

typedef struct {
    const gl_config *config;
    gl_store store;
    gl_gate gate;
    gl_link link;
    uint8_t signals[2];
    uint64_t heard_at_ms;
    uint64_t pushed; /* the highest entry that was sent since the last repeat */
    uint32_t repeat_ms;
    bool has_repeat;
    uint64_t repeat_at_ms;
    bool has_told;
    gl_state told;
} gl_device;

/* Powers up, with what the storage kept. */
void gl_start(gl_device *device, const gl_config *config, uint64_t now_ms);

/* Looks once at line, sensors and clock, and acts. */
void gl_poll(gl_device *device);

/* What gl_poll does, for ports that have a loop of their own (interrupts, an RTOS, tests). */
void gl_feed(gl_device *device, const uint8_t *data, size_t size, uint64_t now_ms);
void gl_sense(gl_device *device, const gl_sensed *sensed, uint64_t now_ms);
void gl_tick(gl_device *device, uint64_t now_ms);

/* When gl_tick is due; UINT64_MAX if nothing is timed. */
uint64_t gl_deadline_ms(const gl_device *device);

#endif
