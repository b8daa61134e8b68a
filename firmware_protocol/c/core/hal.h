/* What the board does for the controller. A port implements these nine functions; nothing in core/
 * calls anything else but memcpy, memmove, memcmp, memset, strlen and assert.
 *
 * None of them waits for the world outside, and none may call back into the controller. */
#ifndef GL_HAL_H
#define GL_HAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "words.h"

/* Takes what has arrived on the line since the last call; returns how many bytes, 0 for none. */
size_t gl_hal_uart_read(uint8_t *data, size_t size_max);

/* Takes a copy of what is to be sent, at most GL_SAY_SIZE_MAX bytes, and leaves the sending to interrupts
 * or DMA. What does not fit its buffer may be dropped: all of it comes again. On a shared line (RS-485)
 * the sending begins two characters after the last byte that came, has no pauses, and lets go of the
 * line right after the last byte. */
void gl_hal_uart_write(const uint8_t *data, size_t size);

/* Milliseconds since the boot; never goes back, never wraps. */
uint64_t gl_hal_clock_ms(void);

/* Draws bytes from a source that nobody can foresee: a hardware generator, never rand(). */
void gl_hal_random(uint8_t *data, size_t size);

/* GL_STORE_SIZE bytes that outlive a power cut and can be written byte by byte (FRAM, MRAM, or flash
 * behind a driver that does that). A write returns when its bytes are safe; a power cut in a write
 * may leave any mix of old and new bytes, but only where it wrote. false: the storage does not work. */
bool gl_hal_store_read(uint32_t at, uint8_t *data, size_t size);
bool gl_hal_store_write(uint32_t at, const uint8_t *data, size_t size);

/* Releases a direction or locks it. For the exit, which is mechanically free, this is its lamp. */
void gl_hal_relay(gl_direction direction, bool is_released);

/* Shows a signal with lights and sounder; may do nothing. */
void gl_hal_signal(gl_direction direction, gl_signal signal);

/* What the sensors saw, each thing once, in its order. */
typedef enum {
    GL_PASSAGE_BEGAN,     /* direction: the arm turns, or the first beam is broken */
    GL_PASSAGE_COMPLETED, /* direction: a body is through */
    GL_TURNED_BACK,       /* who was waited for, or was passing, went back */
    GL_SECOND_BODY,       /* another one went in together with who was let in */
    GL_REVERSE,           /* somebody came against the open direction and did not get through */
    GL_TAMPER,
    GL_POWER, /* the supply failed or came back */
    GL_FIRE,  /* is_on: the fire contact is open or undefined; told at the boot, too, if it is */
    GL_FAULT, /* is_on: the mechanics cannot open */
    GL_CONTACTS /* closed: the inputs for contacts of the site, such as doors, rid of bouncing; told at
                   the boot and at each change, never by a board that has none */
} gl_what;

typedef struct {
    gl_what what;
    gl_direction direction;
    bool is_on;
    uint32_t closed; /* bit n - 1 is on while input n is closed */
} gl_sensed;

/* Takes the next one; false for none. */
bool gl_hal_sensor(gl_sensed *sensed);

#endif
