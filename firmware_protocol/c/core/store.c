#include "store.h"

#include <assert.h>
#include <string.h>

#include "bytes.h"
#include "hal.h"

#define MAGIC 0x314b4c47u /* "GLK1": the layout of store.h */

static const gl_settings factory = {5000, 30000, 30000, 2000, GL_SECURE};

enum { FLAG_GRANT = 1, FLAG_FREE = 2 };

/* --- records ------------------------------------------------------------------------------- */

static void write_record(gl_store *store, uint32_t at, uint8_t *record, size_t size)
{
    gl_put(record + size - 4, gl_crc32(record, size - 4), 4);
    if (!store->is_broken && !gl_hal_store_write(at, record, size))
        store->is_broken = true;
}

/* A record that cannot be read breaks the storage; one with a wrong CRC is for the caller to judge. */
static bool read_record(gl_store *store, uint32_t at, uint8_t *record, size_t size)
{
    if (store->is_broken || !gl_hal_store_read(at, record, size)) {
        store->is_broken = true;
        return false;
    }
    return gl_crc32(record, size - 4) == gl_get(record + size - 4, 4);
}

static uint32_t head_at(uint64_t generation)
{
    return (uint32_t)(generation % 2) * GL_HEADS_APART;
}

static void write_head(gl_store *store)
{
    uint8_t record[GL_HEAD_RECORD_SIZE] = {0};

    store->generation++;
    gl_put(record, MAGIC, 4);
    gl_put(record + 4, store->boot, 4);
    gl_put(record + 8, store->generation, 8);
    memcpy(record + 16, store->log, GL_LOG_NAME_SIZE);
    gl_put(record + 24, store->head, 8);
    gl_put(record + 32, store->acknowledged, 8);
    gl_put(record + 40, store->lost_count, 8);
    gl_put(record + 48, store->answer_count, 8);
    gl_put(record + 56, store->settings.unlock_ms, 4);
    gl_put(record + 60, store->settings.unlock_ms_max, 4);
    gl_put(record + 64, store->settings.held_ms, 4);
    gl_put(record + 68, store->settings.host_lost_ms, 4);
    record[72] = store->settings.without_host;
    record[73] = store->has_command;
    record[74] = store->command.direction;
    memcpy(record + 76, store->command.grant, GL_GRANT_SIZE);
    write_record(store, head_at(store->generation), record, sizeof record);
}

/* Takes the head of one of the two places if it is newer than what is there already. */
static bool read_head(gl_store *store, uint32_t at)
{
    uint8_t record[GL_HEAD_RECORD_SIZE];

    if (!read_record(store, at, record, sizeof record) || gl_get(record, 4) != MAGIC)
        return false;
    if (gl_get(record + 8, 8) < store->generation)
        return true;
    store->boot = (uint32_t)gl_get(record + 4, 4);
    store->generation = gl_get(record + 8, 8);
    memcpy(store->log, record + 16, GL_LOG_NAME_SIZE);
    store->head = gl_get(record + 24, 8);
    store->acknowledged = gl_get(record + 32, 8);
    store->lost_count = gl_get(record + 40, 8);
    store->answer_count = gl_get(record + 48, 8);
    store->settings.unlock_ms = (uint32_t)gl_get(record + 56, 4);
    store->settings.unlock_ms_max = (uint32_t)gl_get(record + 60, 4);
    store->settings.held_ms = (uint32_t)gl_get(record + 64, 4);
    store->settings.host_lost_ms = (uint32_t)gl_get(record + 68, 4);
    store->settings.without_host = record[72];
    store->has_command = record[73];
    store->command.direction = record[74];
    memcpy(store->command.grant, record + 76, GL_GRANT_SIZE);
    return true;
}

static uint32_t answer_at(uint64_t number)
{
    return GL_ANSWERS_AT + (uint32_t)(number % GL_ANSWER_SLOTS) * GL_ANSWER_SIZE;
}

static void read_answers(gl_store *store)
{
    uint64_t count = store->answer_count;
    uint64_t oldest = count > GL_ANSWERS_KEPT ? count - GL_ANSWERS_KEPT + 1 : 1;
    uint8_t record[GL_ANSWER_SIZE];

    for (uint64_t number = oldest; number <= count; number++) {
        gl_answer *answer = &store->answers[number % GL_ANSWERS_KEPT];
        if (!read_record(store, answer_at(number), record, sizeof record) ||
            gl_get(record, 8) != number) {
            store->is_broken = true;
            return;
        }
        answer->outcome = record[8];
        memcpy(answer->grant, record + 12, GL_GRANT_SIZE);
    }
}

static uint32_t entry_at(uint64_t sequence)
{
    return GL_LOG_AT + (uint32_t)(sequence % GL_LOG_SLOTS) * GL_ENTRY_SIZE;
}

/* --- what it keeps ------------------------------------------------------------------------- */

void gl_store_load(gl_store *store)
{
    memset(store, 0, sizeof *store);
    store->settings = factory;
    bool has_even = read_head(store, 0);
    bool has_odd = read_head(store, GL_HEADS_APART);
    if (has_even || has_odd)
        read_answers(store);
    else
        gl_hal_random(store->log, sizeof store->log);
}

bool gl_store_commit(gl_store *store)
{
    if (store->is_changed)
        write_head(store);
    store->is_changed = false;
    return !store->is_broken;
}

uint64_t gl_store_first(const gl_store *store)
{
    uint64_t unread = store->acknowledged + 1;
    uint64_t there = store->head >= GL_LOG_ROWS_MAX ? store->head - GL_LOG_ROWS_MAX + 1 : 1;
    return unread > there ? unread : there;
}

void gl_store_append(gl_store *store, gl_entry *entry)
{
    uint8_t record[GL_ENTRY_SIZE] = {0};

    if (store->is_broken)
        return;
    if (store->head + 1 - gl_store_first(store) == GL_LOG_ROWS_MAX)
        store->lost_count++;
    entry->sequence = ++store->head;
    entry->boot = store->boot;
    gl_put(record, entry->sequence, 8);
    gl_put(record + 8, entry->at_ms, 8);
    gl_put(record + 16, entry->boot, 4);
    record[20] = entry->kind;
    record[21] = entry->direction;
    record[22] = entry->reason;
    record[23] = entry->mode;
    if (entry->has_grant)
        memcpy(record + 24, entry->grant, GL_GRANT_SIZE);
    record[40] = (uint8_t)((entry->has_grant ? FLAG_GRANT : 0) | (entry->is_free ? FLAG_FREE : 0));
    write_record(store, entry_at(entry->sequence), record, sizeof record);
    store->is_changed = true;
}

bool gl_store_read(gl_store *store, uint64_t sequence, gl_entry *entry)
{
    uint8_t record[GL_ENTRY_SIZE];

    assert(gl_store_first(store) <= sequence && sequence <= store->head);
    if (!read_record(store, entry_at(sequence), record, sizeof record) ||
        gl_get(record, 8) != sequence) {
        store->is_broken = true;
        return false;
    }
    entry->sequence = sequence;
    entry->at_ms = gl_get(record + 8, 8);
    entry->boot = (uint32_t)gl_get(record + 16, 4);
    entry->kind = record[20];
    entry->direction = record[21];
    entry->reason = record[22];
    entry->mode = record[23];
    memcpy(entry->grant, record + 24, GL_GRANT_SIZE);
    entry->has_grant = record[40] & FLAG_GRANT;
    entry->is_free = record[40] & FLAG_FREE;
    return true;
}

bool gl_store_acknowledge(gl_store *store, uint64_t upto)
{
    if (upto <= store->acknowledged || upto > store->head)
        return false;
    store->acknowledged = upto;
    store->is_changed = true;
    return true;
}

void gl_store_remember(gl_store *store, const uint8_t grant[GL_GRANT_SIZE], gl_outcome outcome)
{
    uint8_t record[GL_ANSWER_SIZE] = {0};
    uint64_t number = ++store->answer_count;
    gl_answer *answer = &store->answers[number % GL_ANSWERS_KEPT];

    answer->outcome = (uint8_t)outcome;
    memcpy(answer->grant, grant, GL_GRANT_SIZE);
    gl_put(record, number, 8);
    record[8] = answer->outcome;
    memcpy(record + 12, grant, GL_GRANT_SIZE);
    write_record(store, answer_at(number), record, sizeof record);
    store->is_changed = true;
}

const gl_answer *gl_store_recall(const gl_store *store, const uint8_t grant[GL_GRANT_SIZE])
{
    uint64_t count = store->answer_count;
    uint64_t kept = count < GL_ANSWERS_KEPT ? count : GL_ANSWERS_KEPT;

    for (uint64_t age = 0; age < kept; age++) {
        const gl_answer *answer = &store->answers[(count - age) % GL_ANSWERS_KEPT];
        if (memcmp(answer->grant, grant, GL_GRANT_SIZE) == 0)
            return answer;
    }
    return NULL;
}

void gl_store_set_command(gl_store *store, const gl_command *command)
{
    store->has_command = command != NULL;
    if (command != NULL)
        store->command = *command;
    store->is_changed = true;
}

void gl_store_set_settings(gl_store *store, const gl_settings *settings)
{
    store->settings = *settings;
    store->is_changed = true;
}

void gl_store_count_boot(gl_store *store)
{
    store->boot++;
    store->is_changed = true;
}
