#include "gate.h"

#include <string.h>

/* The shortest pulse that common turnstiles notice, and how long a gate may stay open for one person
 * before it stands open for the next one. */
#define UNLOCK_MS_MIN 100
#define UNLOCK_MS_MAX 30000
/* A passage is no passage any more after ten minutes. */
#define HELD_MS_MIN 1000
#define HELD_MS_MAX 600000
/* Four pings of a host that is well; a host that restarts is back within a minute. */
#define HOST_LOST_MS_MIN 1000
#define HOST_LOST_MS_MAX 60000

/* --- the locks ----------------------------------------------------------------------------- */

typedef enum { NOTHING, ENTRY_FOR_ONE, EXIT_FOR_ONE, ENTRY_FOR_ALL } released;

static released what_is_released(const gl_gate *gate)
{
    if (gl_gate_is_free(gate))
        return ENTRY_FOR_ALL;
    if (!gate->store->has_command)
        return NOTHING;
    return gate->store->command.direction == GL_EXIT ? EXIT_FOR_ONE : ENTRY_FOR_ONE;
}

static gl_direction direction_of(released what)
{
    return what == EXIT_FOR_ONE ? GL_EXIT : GL_ENTRY;
}

/* Ends each change: first it is stored, then the gate moves (R15). */
static void settle(gl_gate *gate, released before)
{
    gl_store_commit(gate->store);
    released after = what_is_released(gate);
    if (after == before)
        return;
    if (before != NOTHING && (after == NOTHING || direction_of(after) != direction_of(before)))
        gl_hal_relay(direction_of(before), false);
    if (after != NOTHING)
        gl_hal_relay(direction_of(after), true);
}

bool gl_gate_is_free(const gl_gate *gate)
{
    if (gate->is_fire)
        return true;
    if (gate->mode == GL_MODE_EXIT_ONLY)
        return false; /* a lock-down outlives its host */
    if (gate->mode == GL_MODE_FREE && gate->host == GL_HOST_THERE)
        return true;
    return gate->host == GL_HOST_LOST && gate->store->settings.without_host == GL_SAFE;
}

bool gl_gate_is_faulty(const gl_gate *gate)
{
    return gate->has_fault || gate->store->is_broken;
}

/* --- the log ------------------------------------------------------------------------------- */

static gl_entry entry_of(gl_kind kind, uint64_t now_ms)
{
    gl_entry entry = {0};
    entry.kind = (uint8_t)kind;
    entry.at_ms = now_ms;
    entry.direction = entry.reason = entry.mode = GL_NONE;
    return entry;
}

static void append(gl_gate *gate, gl_kind kind, uint64_t now_ms)
{
    gl_entry entry = entry_of(kind, now_ms);
    gl_store_append(gate->store, &entry);
}

static void append_body(gl_gate *gate, gl_kind kind, gl_direction direction, uint64_t now_ms)
{
    gl_entry entry = entry_of(kind, now_ms);
    entry.direction = (uint8_t)direction;
    entry.is_free = gl_gate_is_free(gate);
    gl_store_append(gate->store, &entry);
}

/* reason: GL_NONE if there is none. */
static void append_of_command(gl_gate *gate, gl_kind kind, unsigned reason, uint64_t now_ms)
{
    gl_entry entry = entry_of(kind, now_ms);
    entry.direction = gate->store->command.direction;
    entry.reason = (uint8_t)reason;
    entry.has_grant = true;
    memcpy(entry.grant, gate->store->command.grant, GL_GRANT_SIZE);
    gl_store_append(gate->store, &entry);
}

static void clear_command(gl_gate *gate)
{
    gl_store_set_command(gate->store, NULL);
    gate->stage = GL_IDLE;
    gate->has_deadline = false;
}

/* Ends the command in force; nobody passed. */
static void end_command(gl_gate *gate, gl_reason reason, uint64_t now_ms)
{
    append_of_command(gate, GL_LOG_NOT_PASSED, reason, now_ms);
    clear_command(gate);
}

/* --- orders -------------------------------------------------------------------------------- */

void gl_gate_boot(gl_gate *gate, gl_store *store, uint64_t now_ms)
{
    memset(gate, 0, sizeof *gate);
    gate->store = store;
    gl_hal_relay(GL_ENTRY, false);
    gl_store_count_boot(store);
    if (store->has_command)
        end_command(gate, GL_REASON_REBOOT, now_ms);
    append(gate, GL_LOG_BOOT, now_ms);
    gl_store_commit(store);
}

static gl_outcome judge(const gl_gate *gate, const gl_open *open, uint64_t now_ms)
{
    bool is_locked_down =
        gate->mode == GL_MODE_EXIT_ONLY && open->command.direction == GL_ENTRY;

    if (now_ms >= open->expires_at_ms)
        return GL_OUTCOME_EXPIRED;
    if (gate->is_fire)
        return GL_OUTCOME_FIRE;
    if (gl_gate_is_faulty(gate) || gate->mode == GL_MODE_FREE || is_locked_down)
        return GL_OUTCOME_DENIED;
    if (gate->store->has_command)
        return GL_OUTCOME_BUSY;
    return GL_OUTCOME_OPENED;
}

void gl_gate_open(gl_gate *gate, const gl_open *open, uint64_t now_ms, gl_result *result)
{
    const gl_answer *earlier = gl_store_recall(gate->store, open->command.grant);
    const gl_settings *settings = &gate->store->settings;

    memcpy(result->grant, open->command.grant, GL_GRANT_SIZE);
    result->is_repeat = earlier != NULL;
    if (earlier != NULL) {
        result->outcome = earlier->outcome;
        return;
    }
    released before = what_is_released(gate);
    gl_outcome outcome = judge(gate, open, now_ms);
    gl_store_remember(gate->store, open->command.grant, outcome);
    if (outcome == GL_OUTCOME_OPENED) {
        gl_store_set_command(gate->store, &open->command);
        if (gl_store_commit(gate->store)) {
            uint32_t wait_ms = open->has_unlock_ms ? open->unlock_ms : settings->unlock_ms;
            if (wait_ms > settings->unlock_ms_max)
                wait_ms = settings->unlock_ms_max;
            gate->stage = GL_UNLOCKED;
            gate->has_deadline = true;
            gate->deadline_ms = now_ms + wait_ms;
        } else { /* what is not stored could open twice */
            outcome = GL_OUTCOME_DENIED;
            gl_store_remember(gate->store, open->command.grant, outcome);
            clear_command(gate);
        }
    }
    result->outcome = (uint8_t)outcome;
    settle(gate, before);
}

void gl_gate_cancel(gl_gate *gate, const uint8_t grant[GL_GRANT_SIZE], uint64_t now_ms)
{
    released before = what_is_released(gate);
    bool is_in_force = gate->store->has_command &&
                       memcmp(gate->store->command.grant, grant, GL_GRANT_SIZE) == 0;

    if (is_in_force && gate->stage == GL_UNLOCKED)
        end_command(gate, GL_REASON_CANCELLED, now_ms);
    else if (gl_store_recall(gate->store, grant) == NULL)
        gl_store_remember(gate->store, grant, GL_OUTCOME_DENIED);
    settle(gate, before);
}

void gl_gate_set_mode(gl_gate *gate, gl_mode mode, uint64_t now_ms)
{
    released before = what_is_released(gate);
    gl_entry entry = entry_of(GL_LOG_MODE_CHANGED, now_ms);

    if (mode == gate->mode)
        return;
    gate->mode = (uint8_t)mode;
    entry.mode = (uint8_t)mode;
    gl_store_append(gate->store, &entry);
    bool ends_it = mode == GL_MODE_FREE ||
                   (mode == GL_MODE_EXIT_ONLY && gate->store->command.direction == GL_ENTRY);
    if (gate->stage == GL_UNLOCKED && ends_it)
        end_command(gate, GL_REASON_MODE, now_ms);
    settle(gate, before);
}

/* R22. */
static bool is_possible(const gl_settings *settings)
{
    return UNLOCK_MS_MIN <= settings->unlock_ms && settings->unlock_ms <= settings->unlock_ms_max &&
           settings->unlock_ms_max <= UNLOCK_MS_MAX && HELD_MS_MIN <= settings->held_ms &&
           settings->held_ms <= HELD_MS_MAX && HOST_LOST_MS_MIN <= settings->host_lost_ms &&
           settings->host_lost_ms <= HOST_LOST_MS_MAX;
}

void gl_gate_configure(gl_gate *gate, const gl_settings *settings)
{
    released before = what_is_released(gate);

    if (!is_possible(settings))
        return;
    gl_store_set_settings(gate->store, settings);
    settle(gate, before);
}

/* --- sensors ------------------------------------------------------------------------------- */

static void begin_passage(gl_gate *gate, gl_direction direction, uint64_t now_ms)
{
    if (gate->stage != GL_UNLOCKED || gate->store->command.direction != direction)
        return;
    gate->stage = GL_PASSING;
    gate->deadline_ms = now_ms + gate->store->settings.held_ms;
}

static void complete_passage(gl_gate *gate, gl_direction direction, uint64_t now_ms)
{
    if (gate->store->has_command && gate->store->command.direction == direction) {
        append_of_command(gate, GL_LOG_PASSAGE, GL_NONE, now_ms);
        clear_command(gate);
        return;
    }
    bool is_breach = direction == GL_ENTRY && !gl_gate_is_free(gate);
    append_body(gate, is_breach ? GL_LOG_FORCED : GL_LOG_PASSAGE, direction, now_ms);
}

static void change_fire(gl_gate *gate, bool is_on, uint64_t now_ms)
{
    if (is_on == gate->is_fire)
        return;
    gate->is_fire = is_on;
    append(gate, is_on ? GL_LOG_FIRE_ON : GL_LOG_FIRE_OFF, now_ms);
    /* Also for who is passing: with dropped arms no sensor would ever tell the end. */
    if (gate->store->has_command)
        end_command(gate, GL_REASON_FIRE, now_ms);
}

static void change_fault(gl_gate *gate, bool is_on, uint64_t now_ms)
{
    if (is_on == gate->has_fault)
        return;
    gate->has_fault = is_on;
    append(gate, is_on ? GL_LOG_FAULT_ON : GL_LOG_FAULT_OFF, now_ms);
}

void gl_gate_sense(gl_gate *gate, const gl_sensed *sensed, uint64_t now_ms)
{
    released before = what_is_released(gate);

    switch (sensed->what) {
    case GL_PASSAGE_BEGAN: begin_passage(gate, sensed->direction, now_ms); break;
    case GL_PASSAGE_COMPLETED: complete_passage(gate, sensed->direction, now_ms); break;
    case GL_TURNED_BACK:
        if (gate->store->has_command)
            end_command(gate, GL_REASON_TURNED_BACK, now_ms);
        break;
    case GL_SECOND_BODY:
        append_body(gate, gl_gate_is_free(gate) ? GL_LOG_PASSAGE : GL_LOG_TAILGATE, GL_ENTRY,
                    now_ms);
        break;
    case GL_REVERSE: append(gate, GL_LOG_REVERSE, now_ms); break;
    case GL_TAMPER: append(gate, GL_LOG_TAMPER, now_ms); break;
    case GL_POWER: append(gate, GL_LOG_POWER, now_ms); break;
    case GL_FIRE: change_fire(gate, sensed->is_on, now_ms); break;
    case GL_FAULT: change_fault(gate, sensed->is_on, now_ms); break;
    case GL_CONTACTS:
        gate->has_contacts = true;
        gate->contacts = sensed->closed;
        break;
    }
    settle(gate, before);
}

/* --- host and time ------------------------------------------------------------------------- */

void gl_gate_note_host(gl_gate *gate, bool is_there, uint64_t now_ms)
{
    released before = what_is_released(gate);
    gl_host host = is_there ? GL_HOST_THERE : GL_HOST_LOST;

    if (gate->host == host)
        return;
    gate->host = (uint8_t)host;
    append(gate, is_there ? GL_LOG_HOST_BACK : GL_LOG_HOST_LOST, now_ms);
    settle(gate, before);
}

void gl_gate_tick(gl_gate *gate, uint64_t now_ms)
{
    released before = what_is_released(gate);

    if (!gate->has_deadline || now_ms < gate->deadline_ms)
        return;
    if (gate->stage == GL_UNLOCKED) {
        end_command(gate, GL_REASON_TIMEOUT, now_ms);
    } else { /* no time ends a passage: nobody is locked in */
        append_of_command(gate, GL_LOG_HELD, GL_NONE, now_ms);
        gate->has_deadline = false;
    }
    settle(gate, before);
}
