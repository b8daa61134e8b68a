/* The controller on a board of paper: a test says on stdin what comes, when, and what chance draws,
 * and reads on stdout what the controller does. One order a line; hex in lower case.
 *
 *     start NAME FIRMWARE PSK ADDRESS NOW    feed NOW HEX    sense NOW WHAT DIRECTION IS_ON CLOSED    tick NOW
 *         sent HEX | relay DIRECTION IS_RELEASED GRANT | signal DIRECTION SIGNAL | random SIZE (answer: HEX)
 *         done DEADLINE STAGE GATE_DEADLINE MODE HOST IS_FIRE IS_FAULTY CONTACTS NOISE FORGED
 *     break IS_BROKEN                        from here the storage fails, or works
 *     trace IS_TRACED                        from here each write to it is told: wrote AT HEX
 *     sha256 HEX    hmac KEY HEX    hkdf SALT SECRET INFO    crc32 HEX
 *     channel PSK HOST_NONCE DEVICE_NONCE SESSION ADDRESS    seal TYPE BODY    accept WIRE
 *     is_message TYPE BODY */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "bytes.h"
#include "gatelink.h"

#define SIZE_MAX_HERE 65536
#define WORDS_MAX 8

static gl_device device;
static gl_config config;
static gl_channel channel;
static uint8_t channel_address;
static char name[64], firmware[64];
static char line[2 * SIZE_MAX_HERE + 256];
static uint8_t data[SIZE_MAX_HERE];

static void fail(const char *why)
{
    fprintf(stderr, "bench: %s\n", why);
    exit(2);
}

static size_t hex(const char *word, uint8_t *into, size_t size_max)
{
    int size = board_read_hex(strcmp(word, "-") == 0 ? "" : word, into, size_max);
    if (size < 0)
        fail("not hex, or too long");
    return (size_t)size;
}

static uint64_t number(const char *word)
{
    return strtoull(word, NULL, 10);
}

/* --- the board ----------------------------------------------------------------------------- */

size_t gl_hal_uart_read(uint8_t *into, size_t size_max)
{
    (void)into;
    (void)size_max;
    return 0;
}

void gl_hal_uart_write(const uint8_t *bytes, size_t size)
{
    printf("sent ");
    board_print_hex(bytes, size);
    printf("\n");
}

uint64_t gl_hal_clock_ms(void)
{
    return 0;
}

void gl_hal_random(uint8_t *into, size_t size)
{
    char drawn[256];
    printf("random %zu\n", size);
    fflush(stdout);
    if (fgets(drawn, sizeof drawn, stdin) == NULL)
        fail("nothing was drawn");
    drawn[strcspn(drawn, "\n")] = '\0';
    if (hex(drawn, into, size) != size)
        fail("another size was drawn");
}

void gl_hal_relay(gl_direction direction, bool is_released)
{
    bool is_for_one = is_released && device.store.has_command && !gl_gate_is_free(&device.gate);
    printf("relay %d %d ", direction, is_released);
    board_print_hex(device.store.command.grant, is_for_one ? GL_GRANT_SIZE : 0);
    printf("\n");
}

void gl_hal_signal(gl_direction direction, gl_signal signal)
{
    printf("signal %d %d\n", direction, signal);
}

bool gl_hal_sensor(gl_sensed *sensed)
{
    (void)sensed;
    return false;
}

/* --- orders -------------------------------------------------------------------------------- */

static void done(void)
{
    printf("done %" PRIu64 " %d ", gl_deadline_ms(&device), device.gate.stage);
    if (device.gate.has_deadline)
        printf("%" PRIu64, device.gate.deadline_ms);
    else
        printf("-");
    printf(" %d %d %d %d ", device.gate.mode, device.gate.host, device.gate.is_fire,
           gl_gate_is_faulty(&device.gate));
    if (device.gate.has_contacts)
        printf("%" PRIu32, device.gate.contacts);
    else
        printf("-");
    printf(" %" PRIu32 " %" PRIu32 "\n", device.link.noise_count, device.link.forged_count);
}

static void start(char *words[])
{
    snprintf(name, sizeof name, "%s", words[1]);
    snprintf(firmware, sizeof firmware, "%s", words[2]);
    config.name = name;
    config.firmware = firmware;
    hex(words[3], config.psk, sizeof config.psk);
    config.address = (uint8_t)number(words[4]);
    gl_start(&device, &config, number(words[5]));
    done();
}

static void feed(char *words[])
{
    size_t size = hex(words[2], data, sizeof data);
    gl_feed(&device, data, size, number(words[1]));
    done();
}

static void sense(char *words[])
{
    gl_sensed sensed;
    sensed.what = (gl_what)number(words[2]);
    sensed.direction = (gl_direction)number(words[3]);
    sensed.is_on = number(words[4]) != 0;
    sensed.closed = (uint32_t)number(words[5]);
    gl_sense(&device, &sensed, number(words[1]));
    done();
}

static void tick(char *words[])
{
    gl_tick(&device, number(words[1]));
    done();
}

static void print_digest(const uint8_t digest[GL_DIGEST_SIZE])
{
    board_print_hex(digest, GL_DIGEST_SIZE);
    printf("\n");
}

static void sha256(char *words[])
{
    gl_sha256 sha;
    uint8_t digest[GL_DIGEST_SIZE];
    size_t size = hex(words[1], data, sizeof data);
    gl_sha256_begin(&sha);
    gl_sha256_add(&sha, data, size);
    gl_sha256_end(&sha, digest);
    print_digest(digest);
}

static void hmac(char *words[])
{
    gl_hmac made;
    uint8_t digest[GL_DIGEST_SIZE];
    size_t size = hex(words[1], data, sizeof data);
    gl_hmac_begin(&made, data, size);
    size = hex(words[2], data, sizeof data);
    gl_hmac_add(&made, data, size);
    gl_hmac_end(&made, digest);
    print_digest(digest);
}

static void hkdf(char *words[])
{
    uint8_t salt[256], secret[256], info[256], key[GL_DIGEST_SIZE];
    size_t salt_size = hex(words[1], salt, sizeof salt);
    size_t secret_size = hex(words[2], secret, sizeof secret);
    size_t info_size = hex(words[3], info, sizeof info);
    gl_hkdf(salt, salt_size, secret, secret_size, info, info_size, key);
    print_digest(key);
}

static void crc32(char *words[])
{
    size_t size = hex(words[1], data, sizeof data);
    printf("%08" PRIx32 "\n", gl_crc32(data, size));
}

static void begin_channel(char *words[])
{
    uint8_t psk[GL_PSK_SIZE], host_nonce[GL_NONCE_SIZE], device_nonce[GL_NONCE_SIZE];
    hex(words[1], psk, sizeof psk);
    hex(words[2], host_nonce, sizeof host_nonce);
    hex(words[3], device_nonce, sizeof device_nonce);
    gl_channel_begin(&channel, psk, host_nonce, device_nonce, (uint32_t)number(words[4]));
    channel_address = (uint8_t)number(words[5]);
    channel.sent = channel.accepted = 1; /* as after a handshake */
    board_print_hex(channel.key_in, GL_DIGEST_SIZE);
    printf(" ");
    print_digest(channel.key_out);
}

static void seal(char *words[])
{
    uint8_t content[GL_P_SIZE_MAX], wire[GL_WIRE_SIZE_MAX];
    size_t size = hex(words[2], data, sizeof data);
    size = gl_channel_seal(&channel, channel_address, (uint8_t)number(words[1]), data, size, NULL,
                           content);
    board_print_hex(wire, gl_frame_wire(content, size, wire));
    printf("\n");
}

static void accept_wire(char *words[])
{
    static gl_deframer deframer;
    gl_frame frame;
    bool is_found = false;
    size_t size = hex(words[1], data, sizeof data);
    for (size_t at = 0; at < size && !is_found; at++)
        is_found = gl_deframer_take(&deframer, data[at], &frame) == GL_FOUND_FRAME;
    if (!is_found || !gl_channel_accept(&channel, &frame, NULL)) {
        printf("refused\n");
        return;
    }
    printf("%d ", frame.type);
    board_print_hex(gl_frame_body(&frame), gl_frame_body_size(&frame));
    printf("\n");
}

static void is_message(char *words[])
{
    gl_message message;
    size_t size = hex(words[2], data, sizeof data);
    printf("%d\n", gl_message_read((uint8_t)number(words[1]), data, size, &message));
}

static void break_store(char *words[])
{
    board_break_store(number(words[1]) != 0);
    printf("\n");
}

static void trace_store(char *words[])
{
    board_trace_store(number(words[1]) != 0);
    printf("\n");
}

static const struct {
    const char *name;
    int word_count;
    void (*run)(char *words[]);
} orders[] = {
    {"start", 6, start},          {"feed", 3, feed},     {"sense", 6, sense},
    {"tick", 2, tick},            {"sha256", 2, sha256}, {"hmac", 3, hmac},
    {"hkdf", 4, hkdf},            {"crc32", 2, crc32},   {"channel", 6, begin_channel},
    {"seal", 3, seal},            {"accept", 2, accept_wire},
    {"is_message", 3, is_message}, {"break", 2, break_store},
    {"trace", 2, trace_store},
};

static void obey(void)
{
    char *words[WORDS_MAX], *rest = line;
    int count = 0;

    while (count < WORDS_MAX && (words[count] = strtok(count == 0 ? rest : NULL, " \n")) != NULL)
        count++;
    for (size_t at = 0; count > 0 && at < sizeof orders / sizeof orders[0]; at++) {
        if (strcmp(words[0], orders[at].name) == 0 && count == orders[at].word_count) {
            orders[at].run(words);
            fflush(stdout);
            return;
        }
    }
    fail("no such order");
}

int main(int argument_count, char *arguments[])
{
    if (argument_count != 2) {
        fprintf(stderr, "usage: %s STORE_FILE\n", arguments[0]);
        return 2;
    }
    board_open_store(arguments[1]);
    while (fgets(line, sizeof line, stdin) != NULL)
        obey();
    return 0;
}
