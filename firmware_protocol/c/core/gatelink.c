#include "gatelink.h"

#include <string.h>

#include "bytes.h"

/* Entries on their way un-acknowledged: half a kilobyte, 45 ms at 115200 (R19). */
#define EVENTS_AHEAD 8

/* The host commits to its disk before it acknowledges; a slow card must not be flooded (R19). */
#define EVENT_REPEAT_MS 100
#define EVENT_REPEAT_MS_MAX 500

/* --- to the host --------------------------------------------------------------------------- */

static gl_cbor_out begin_body(uint8_t data[GL_BODY_SIZE_MAX])
{
    gl_cbor_out out = {data, 0, GL_BODY_SIZE_MAX};
    return out;
}

static void send_result(gl_device *device, const gl_result *result)
{
    uint8_t data[GL_BODY_SIZE_MAX];
    gl_cbor_out body = begin_body(data);
    gl_write_result(&body, result);
    gl_link_send(&device->link, GL_RESULT, &body);
}

static void send_settings(gl_device *device)
{
    uint8_t data[GL_BODY_SIZE_MAX];
    gl_cbor_out body = begin_body(data);
    gl_write_settings(&body, &device->store.settings);
    gl_link_send(&device->link, GL_CONFIG, &body);
}

static void send_log_state(gl_device *device)
{
    const gl_store *store = &device->store;
    uint8_t data[GL_BODY_SIZE_MAX];
    gl_cbor_out body = begin_body(data);
    gl_log_state state = {0};

    state.head = store->head;
    state.first = gl_store_first(store);
    state.acknowledged = store->acknowledged;
    state.lost_count = store->lost_count;
    state.in_force = store->has_command ? &store->command : NULL;
    gl_write_log_state(&body, &state);
    gl_link_send(&device->link, GL_LOG_STATE, &body);
}

/* R23. */
static uint32_t checksum(const gl_settings *settings)
{
    uint8_t packed[17];
    gl_put(packed, settings->unlock_ms, 4);
    gl_put(packed + 4, settings->unlock_ms_max, 4);
    gl_put(packed + 8, settings->held_ms, 4);
    gl_put(packed + 12, settings->host_lost_ms, 4);
    packed[16] = settings->without_host;
    return gl_crc32(packed, sizeof packed);
}

static gl_state state_of(const gl_device *device, uint64_t now_ms)
{
    const gl_store *store = &device->store;
    gl_state state = {0};

    state.uptime_ms = now_ms;
    state.head = store->head;
    state.first = gl_store_first(store);
    state.mode = device->gate.mode;
    state.stage = device->gate.stage;
    state.has_grant = store->has_command;
    if (store->has_command)
        memcpy(state.grant, store->command.grant, GL_GRANT_SIZE);
    state.is_fire = device->gate.is_fire;
    state.is_faulty = gl_gate_is_faulty(&device->gate);
    memcpy(state.signals, device->signals, sizeof state.signals);
    state.settings = checksum(&store->settings);
    state.has_contacts = device->gate.has_contacts;
    state.contacts = device->gate.contacts;
    return state;
}

/* Whether two states differ in more than their counters. */
static bool is_changed(const gl_state *now, const gl_state *told)
{
    return now->mode != told->mode || now->stage != told->stage ||
           now->has_grant != told->has_grant || now->is_fire != told->is_fire ||
           now->is_faulty != told->is_faulty || now->settings != told->settings ||
           now->has_contacts != told->has_contacts || now->contacts != told->contacts ||
           memcmp(now->grant, told->grant, GL_GRANT_SIZE) != 0 ||
           memcmp(now->signals, told->signals, sizeof now->signals) != 0;
}

static void tell_state(gl_device *device, uint64_t now_ms)
{
    uint8_t data[GL_BODY_SIZE_MAX];
    gl_cbor_out body = begin_body(data);

    if (!gl_link_has_word(&device->link))
        return;
    gl_state state = state_of(device, now_ms);
    if (device->has_told && !is_changed(&state, &device->told))
        return;
    device->told = state;
    device->has_told = true;
    gl_write_state(&body, &state);
    gl_link_send(&device->link, GL_STATE, &body);
}

static void send_window(gl_device *device)
{
    gl_store *store = &device->store;
    uint64_t first = gl_store_first(store);
    uint64_t sequence = device->pushed >= first ? device->pushed + 1 : first;

    for (; sequence <= store->head && sequence < first + EVENTS_AHEAD; sequence++) {
        uint8_t data[GL_BODY_SIZE_MAX];
        gl_cbor_out body = begin_body(data);
        gl_entry entry;
        if (!gl_store_read(store, sequence, &entry))
            return;
        device->pushed = sequence;
        gl_write_event(&body, &entry);
        gl_link_send(&device->link, GL_EVENT, &body);
    }
}

/* Sends what may be sent of the log and was not; repeats while some is not acknowledged (R19). */
static void push(gl_device *device, uint64_t now_ms)
{
    const gl_store *store = &device->store;

    if (!device->link.has_session || device->gate.host != GL_HOST_THERE ||
        gl_store_first(store) > store->head) {
        device->has_repeat = false;
        return;
    }
    if (!gl_link_has_word(&device->link))
        return;
    if (device->has_repeat && now_ms >= device->repeat_at_ms) {
        device->repeat_ms *= 2;
        if (device->repeat_ms > EVENT_REPEAT_MS_MAX)
            device->repeat_ms = EVENT_REPEAT_MS_MAX;
        device->pushed = 0;
        device->has_repeat = false;
    }
    send_window(device);
    if (!device->has_repeat) {
        device->repeat_at_ms = now_ms + device->repeat_ms;
        device->has_repeat = true;
    }
}

static void tell(gl_device *device, uint64_t now_ms)
{
    tell_state(device, now_ms);
    push(device, now_ms);
}

static void repeat_from_start(gl_device *device)
{
    device->repeat_ms = EVENT_REPEAT_MS;
    device->has_repeat = false;
}

/* --- from the host ------------------------------------------------------------------------- */

static void offer(gl_device *device, const gl_frame *hello, const gl_message *message,
                  uint64_t now_ms)
{
    const gl_store *store = &device->store;
    uint8_t data[GL_BODY_SIZE_MAX];
    gl_cbor_out body = begin_body(data);
    gl_hello_ack ack = {0};

    gl_link_draw(&device->link, message->of.nonce, ack.nonce);
    ack.device = device->config->name;
    ack.firmware = device->config->firmware;
    ack.boot = store->boot;
    ack.uptime_ms = now_ms;
    ack.log = store->log;
    ack.head = store->head;
    ack.first = gl_store_first(store);
    ack.acknowledged = store->acknowledged;
    ack.lost_count = store->lost_count;
    gl_write_hello_ack(&body, &ack);
    gl_link_offer(&device->link, hello, &body);
}

static void answer_ping(gl_device *device, uint64_t now_ms)
{
    gl_link_take_word(&device->link);
    push(device, now_ms);
    device->has_told = false;
    tell_state(device, now_ms);
    gl_link_give_word_back(&device->link);
}

static void acknowledge(gl_device *device, uint64_t upto, uint64_t now_ms)
{
    bool is_new = gl_store_acknowledge(&device->store, upto);

    gl_store_commit(&device->store);
    tell(device, now_ms);
    if (is_new) {
        repeat_from_start(device);
        push(device, now_ms);
    }
}

static void answer_log_read(gl_device *device, const gl_message *message, uint64_t now_ms)
{
    uint64_t start = message->of.log_read.start;

    send_log_state(device);
    if (!message->of.log_read.has_start)
        return;
    if (start <= device->pushed)
        device->pushed = start > 0 ? start - 1 : 0;
    device->has_repeat = false;
    push(device, now_ms);
}

static void obey(gl_device *device, const gl_message *message, uint64_t now_ms)
{
    gl_result result;

    switch (message->type) {
    case GL_PING:
        answer_ping(device, now_ms);
        break;
    case GL_OPEN:
        gl_gate_open(&device->gate, &message->of.open, now_ms, &result);
        send_result(device, &result);
        tell(device, now_ms);
        break;
    case GL_CANCEL:
        gl_gate_cancel(&device->gate, message->of.grant, now_ms);
        tell(device, now_ms);
        break;
    case GL_SET_MODE:
        gl_gate_set_mode(&device->gate, (gl_mode)message->of.mode, now_ms);
        tell(device, now_ms);
        break;
    case GL_INDICATE:
        device->signals[message->of.indicate.direction] = message->of.indicate.signal;
        gl_hal_signal((gl_direction)message->of.indicate.direction,
                      (gl_signal)message->of.indicate.signal);
        tell_state(device, now_ms);
        break;
    case GL_CONFIG:
        gl_gate_configure(&device->gate, &message->of.settings);
        tell(device, now_ms);
        send_settings(device);
        break;
    case GL_CONFIG_GET:
        send_settings(device);
        break;
    case GL_EVENT_ACK:
        acknowledge(device, message->of.upto, now_ms);
        break;
    case GL_LOG_READ:
        answer_log_read(device, message, now_ms);
        break;
    default: /* HELLO and AUTH, which mean nothing in a session */
        break;
    }
}

static void hear(gl_device *device, uint64_t now_ms)
{
    device->heard_at_ms = now_ms;
    gl_gate_note_host(&device->gate, true, now_ms);
    tell(device, now_ms);
}

static void forget_what_was_told(gl_device *device)
{
    device->has_told = false;
    device->pushed = 0;
    repeat_from_start(device);
}

/* --- what the port calls ------------------------------------------------------------------- */

void gl_start(gl_device *device, const gl_config *config, uint64_t now_ms)
{
    memset(device, 0, sizeof *device);
    device->config = config;
    device->signals[GL_ENTRY] = device->signals[GL_EXIT] = GL_SIGNAL_CLOSED;
    device->heard_at_ms = now_ms;
    forget_what_was_told(device);
    gl_store_load(&device->store);
    gl_gate_boot(&device->gate, &device->store, now_ms);
    gl_link_begin(&device->link, config->psk, config->address);
    gl_link_tell_boot(&device->link);
}

void gl_feed(gl_device *device, const uint8_t *data, size_t size, uint64_t now_ms)
{
    gl_frame frame;
    gl_message message;

    for (size_t at = 0; at < size; at++) {
        switch (gl_link_take(&device->link, data[at], now_ms, &frame, &message)) {
        case GL_TAKEN_HELLO:
            offer(device, &frame, &message, now_ms);
            break;
        case GL_TAKEN_AUTH:
            forget_what_was_told(device);
            hear(device, now_ms);
            break;
        case GL_TAKEN_MESSAGE:
            hear(device, now_ms);
            obey(device, &message, now_ms);
            break;
        case GL_TAKEN_MALFORMED:
            hear(device, now_ms);
            break;
        case GL_TAKEN_NOTHING:
            break;
        }
    }
}

void gl_sense(gl_device *device, const gl_sensed *sensed, uint64_t now_ms)
{
    gl_gate_sense(&device->gate, sensed, now_ms);
    tell(device, now_ms);
}

static uint64_t host_lost_at_ms(const gl_device *device)
{
    if (device->gate.host == GL_HOST_LOST)
        return UINT64_MAX;
    return device->heard_at_ms + device->store.settings.host_lost_ms;
}

void gl_tick(gl_device *device, uint64_t now_ms)
{
    if (now_ms >= host_lost_at_ms(device)) {
        gl_gate_note_host(&device->gate, false, now_ms);
        tell(device, now_ms);
    }
    gl_gate_tick(&device->gate, now_ms);
    tell(device, now_ms);
}

uint64_t gl_deadline_ms(const gl_device *device)
{
    uint64_t at_ms = host_lost_at_ms(device);

    if (device->has_repeat && gl_link_has_word(&device->link) && device->repeat_at_ms < at_ms)
        at_ms = device->repeat_at_ms;
    if (device->gate.has_deadline && device->gate.deadline_ms < at_ms)
        at_ms = device->gate.deadline_ms;
    return at_ms;
}

void gl_poll(gl_device *device)
{
    uint8_t data[64];
    gl_sensed sensed;
    /* One piece each time, so that a babbling line keeps nobody in front of the sensors. */
    size_t size = gl_hal_uart_read(data, sizeof data);

    if (size > 0)
        gl_feed(device, data, size, gl_hal_clock_ms());
    while (gl_hal_sensor(&sensed))
        gl_sense(device, &sensed, gl_hal_clock_ms());
    gl_tick(device, gl_hal_clock_ms());
}
