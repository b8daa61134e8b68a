/* The controller as a program: on a tty or a pty, with a file as its storage and somebody at the
 * keyboard who plays the turnstile. What the gate does comes out as JSON lines, in the words of
 * `gatewayd simulate`. */
#define _XOPEN_SOURCE 700

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "board.h"
#include "gatelink.h"
#include "port.h"

/* How soon it notices that a tty is there again, or that somebody has opened its pty. */
#define LOOK_MS 20

#define SENSED_MAX 16

static gl_device device;
static gl_config config = {.name = "reference", .firmware = "c99 1"};
static uint64_t booted_at_ms, deaf_until_ms;
static uint64_t told; /* the last log entry that was told */
static gl_sensed sensed_queue[SENSED_MAX];
static unsigned sensed_count, sensed_taken;
static bool is_fire, has_contacts;
static uint32_t contacts;

static const char *const directions[] = {"entry", "exit"};

/* --- the board ----------------------------------------------------------------------------- */

static uint64_t monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t gl_hal_clock_ms(void)
{
    return monotonic_ms() - booted_at_ms;
}

size_t gl_hal_uart_read(uint8_t *data, size_t size_max)
{
    return port_read(data, size_max);
}

void gl_hal_uart_write(const uint8_t *data, size_t size)
{
    if (gl_hal_clock_ms() >= deaf_until_ms)
        port_write(data, size);
}

void gl_hal_random(uint8_t *data, size_t size)
{
    int source = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    if (source < 0 || read(source, data, size) != (ssize_t)size) {
        perror("/dev/urandom");
        exit(2);
    }
    close(source);
}

static void begin_event(const char *event)
{
    printf("{\"at_ms\": %" PRIu64 ", \"event\": \"%s\"", gl_hal_clock_ms(), event);
}

static void end_event(void)
{
    printf("}\n");
    fflush(stdout);
}

static void print_grant(const uint8_t grant[GL_GRANT_SIZE])
{
    printf(", \"grant\": \"");
    board_print_hex(grant, GL_GRANT_SIZE);
    printf("\"");
}

void gl_hal_relay(gl_direction direction, bool is_released)
{
    begin_event(is_released ? "unlocked" : "relocked");
    printf(", \"direction\": \"%s\"", directions[direction]);
    if (is_released && device.store.has_command && !gl_gate_is_free(&device.gate))
        print_grant(device.store.command.grant);
    end_event();
}

void gl_hal_signal(gl_direction direction, gl_signal signal)
{
    static const char *const signals[] = {"ready",       "wait",   "go",        "refused",
                                          "ask_officer", "closed", "emergency", "fault"};
    begin_event("indicated");
    printf(", \"signal\": \"%s\", \"direction\": \"%s\"", signals[signal], directions[direction]);
    end_event();
}

bool gl_hal_sensor(gl_sensed *sensed)
{
    if (sensed_taken == sensed_count)
        return false;
    *sensed = sensed_queue[sensed_taken++ % SENSED_MAX];
    return true;
}

static void sense(gl_sensed sensed)
{
    if (sensed_count - sensed_taken < SENSED_MAX)
        sensed_queue[sensed_count++ % SENSED_MAX] = sensed;
}

/* --- what is told -------------------------------------------------------------------------- */

static const char *event_of(const gl_entry *entry)
{
    static const char *const events[] = {
        "other", "passed",   "not_passed", "forced", "tailgate", "reverse",      "held",      "fire",
        "fire",  "fault_on", "fault_off",  "tamper", "power",    "boot",         "mode_changed",
        "host_lost", "host_back"};
    return entry->reason == GL_REASON_TURNED_BACK ? "turned_back" : events[entry->kind];
}

static void tell_entry(const gl_entry *entry)
{
    static const char *const reasons[] = {"timeout", "turned_back", "cancelled",
                                          "mode",    "fire",        "reboot"};
    static const char *const modes[] = {"normal", "exit_only", "free"};

    begin_event(event_of(entry));
    if (entry->direction != GL_NONE)
        printf(", \"direction\": \"%s\"", directions[entry->direction]);
    if (entry->has_grant)
        print_grant(entry->grant);
    if (entry->reason != GL_NONE)
        printf(", \"reason\": \"%s\"", reasons[entry->reason]);
    if (entry->mode != GL_NONE)
        printf(", \"mode\": \"%s\"", modes[entry->mode]);
    if (entry->is_free)
        printf(", \"free\": true");
    if (entry->kind == GL_LOG_FIRE_ON || entry->kind == GL_LOG_FIRE_OFF)
        printf(", \"on\": %s", entry->kind == GL_LOG_FIRE_ON ? "true" : "false");
    printf(", \"sequence\": %" PRIu64, entry->sequence);
    end_event();
}

static void tell_log(void)
{
    gl_entry entry;

    while (told < device.store.head) {
        told++;
        if (told >= gl_store_first(&device.store) && gl_store_read(&device.store, told, &entry))
            tell_entry(&entry);
    }
}

/* --- orders -------------------------------------------------------------------------------- */

static void boot(void)
{
    booted_at_ms = monotonic_ms();
    deaf_until_ms = 0;
    sensed_count = sensed_taken = 0;
    if (is_fire)
        sense((gl_sensed){.what = GL_FIRE, .is_on = true});
    if (has_contacts)
        sense((gl_sensed){.what = GL_CONTACTS, .closed = contacts});
    gl_start(&device, &config, 0);
}

static const struct {
    const char *text;
    gl_sensed sensed;
} sights[] = {
    {"began entry", {.what = GL_PASSAGE_BEGAN, .direction = GL_ENTRY}},
    {"began exit", {.what = GL_PASSAGE_BEGAN, .direction = GL_EXIT}},
    {"through entry", {.what = GL_PASSAGE_COMPLETED, .direction = GL_ENTRY}},
    {"through exit", {.what = GL_PASSAGE_COMPLETED, .direction = GL_EXIT}},
    {"back", {.what = GL_TURNED_BACK}},
    {"second", {.what = GL_SECOND_BODY}},
    {"reverse", {.what = GL_REVERSE}},
    {"tamper", {.what = GL_TAMPER}},
    {"power", {.what = GL_POWER}},
    {"fire on", {.what = GL_FIRE, .is_on = true}},
    {"fire off", {.what = GL_FIRE, .is_on = false}},
    {"fault on", {.what = GL_FAULT, .is_on = true}},
    {"fault off", {.what = GL_FAULT, .is_on = false}},
};

/* Opens or closes an input for a contact of the site; false if the order says something else. */
static bool switch_input(const char *order)
{
    unsigned number;
    char word[8];

    if (sscanf(order, "input %u %7s", &number, word) != 2 || number < 1 || number > 32)
        return false;
    if (strcmp(word, "closed") == 0)
        contacts |= (uint32_t)1 << (number - 1);
    else if (strcmp(word, "open") == 0)
        contacts &= ~((uint32_t)1 << (number - 1));
    else
        return false;
    has_contacts = true;
    sense((gl_sensed){.what = GL_CONTACTS, .closed = contacts});
    return true;
}

/* Returns false for the order to quit. */
static bool obey(const char *order)
{
    if (strcmp(order, "quit") == 0)
        return false;
    if (strcmp(order, "reboot") == 0) {
        boot();
        return true;
    }
    if (strncmp(order, "deaf ", 5) == 0) {
        deaf_until_ms = gl_hal_clock_ms() + strtoull(order + 5, NULL, 10);
        return true;
    }
    for (size_t at = 0; at < sizeof sights / sizeof sights[0]; at++) {
        const gl_sensed *seen = &sights[at].sensed;
        if (strcmp(order, sights[at].text) == 0) {
            if (seen->what == GL_FIRE)
                is_fire = seen->is_on;
            sense(*seen);
            return true;
        }
    }
    if (switch_input(order))
        return true;
    begin_event("not_understood");
    printf(", \"expected\": \"began|through entry|exit, back, second, reverse, tamper, power, "
           "fire|fault on|off, input N open|closed, deaf MS, reboot, quit\"");
    end_event();
    return true;
}

/* Obeys the lines that have come; returns false for the order to quit. The end of the orders is not
 * the end of the controller. */
static bool read_orders(bool *is_open)
{
    static char line[128];
    static size_t size;
    char piece[128];
    ssize_t count = read(STDIN_FILENO, piece, sizeof piece);

    if (count <= 0)
        *is_open = false;
    for (ssize_t at = 0; at < count; at++) {
        if (piece[at] != '\n') {
            if (size < sizeof line - 1)
                line[size++] = piece[at];
            continue;
        }
        line[size] = '\0';
        size = 0;
        if (!obey(line))
            return false;
    }
    return true;
}

/* --- its life ------------------------------------------------------------------------------ */

static int wait_ms(void)
{
    uint64_t deadline_ms = gl_deadline_ms(&device), now_ms = gl_hal_clock_ms();
    if (deadline_ms <= now_ms)
        return 0;
    return deadline_ms - now_ms < LOOK_MS ? (int)(deadline_ms - now_ms) : LOOK_MS;
}

static void serve(void)
{
    bool has_orders = true;

    for (;;) {
        struct pollfd waiting[] = {
            {.fd = port_file(), .events = POLLIN},
            {.fd = has_orders ? STDIN_FILENO : -1, .events = POLLIN},
        };
        poll(waiting, 2, wait_ms());
        if (waiting[1].revents != 0 && !read_orders(&has_orders))
            return;
        gl_poll(&device);
        tell_log();
    }
}

static void read_psk(const char *path)
{
    char digits[2 * GL_PSK_SIZE + 1] = "";
    FILE *file = fopen(path, "r");

    if (file == NULL || fgets(digits, sizeof digits, file) == NULL ||
        board_read_hex(digits, config.psk, GL_PSK_SIZE) != GL_PSK_SIZE) {
        fprintf(stderr, "%s: expected a file with 64 hex digits, in lower case\n", path);
        exit(2);
    }
    fclose(file);
}

int main(int argument_count, char *arguments[])
{
    if (argument_count < 4 || argument_count > 5) {
        fprintf(stderr, "usage: %s PORT PSK_FILE STORE_FILE [ADDRESS]\n", arguments[0]);
        return 2;
    }
    read_psk(arguments[2]);
    board_open_store(arguments[3]);
    if (argument_count == 5)
        config.address = (uint8_t)strtoul(arguments[4], NULL, 10);
    port_open(arguments[1]);
    boot();
    told = device.store.head - 1; /* the boot itself is told, nothing of before */
    serve();
    port_close();
    return 0;
}
