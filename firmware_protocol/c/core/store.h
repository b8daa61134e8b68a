/* What outlives a power cut (R14): the log, the last answers, the command in force, the settings.
 *
 * Records of fixed size, each with a CRC-32, little endian:
 *
 *     0        head, as of an even generation      the newer of the two counts; everything else
 *     128      head, as of an odd one              counts only as far as it says
 *     256      65 answers of 32 bytes              number % 65
 *     2336     1032 entries of 48 bytes            sequence % 1032
 *
 * A change writes its answer and its entries first, where nothing stands that still counts, and then
 * the head over the older one of the two. So a power cut leaves all of a change or nothing of it. */
#ifndef GL_STORE_H
#define GL_STORE_H

#include "words.h"

#define GL_ANSWERS_KEPT 64u
#define GL_LOG_ROWS_MAX 1024u

#define GL_HEADS_APART 128u
#define GL_HEAD_RECORD_SIZE 96u
#define GL_ANSWERS_AT 256u
#define GL_ANSWER_SIZE 32u
#define GL_ANSWER_SLOTS (GL_ANSWERS_KEPT + 1)
#define GL_LOG_AT (GL_ANSWERS_AT + GL_ANSWER_SLOTS * GL_ANSWER_SIZE)
#define GL_ENTRY_SIZE 48u
/* No change logs more than two entries; the others are there to make the ring a round number. */
#define GL_LOG_SLOTS (GL_LOG_ROWS_MAX + 8)
#define GL_STORE_SIZE (GL_LOG_AT + GL_LOG_SLOTS * GL_ENTRY_SIZE)

typedef struct {
    uint8_t grant[GL_GRANT_SIZE];
    uint8_t outcome;
} gl_answer;

/* is_broken: the storage failed once. From then to the next boot nothing is stored or logged, and
 * nothing may be opened; whoever failed once is not trusted with the next passage. */
typedef struct {
    uint64_t generation;
    uint8_t log[GL_LOG_NAME_SIZE];
    uint32_t boot;
    uint64_t head;
    uint64_t acknowledged;
    uint64_t lost_count;
    uint64_t answer_count; /* ever */
    bool has_command;
    gl_command command;
    gl_settings settings;
    gl_answer answers[GL_ANSWERS_KEPT]; /* answer number n at n % GL_ANSWERS_KEPT */
    bool is_changed;
    bool is_broken;
} gl_store;

/* Reads what was kept. A storage without a readable head is a new one: its log gets a new name. */
void gl_store_load(gl_store *store);

/* Makes what was changed since the last time count; false if the storage is broken. */
bool gl_store_commit(gl_store *store);

/* Sequence of the oldest entry that can still be read; head + 1 if there is none. */
uint64_t gl_store_first(const gl_store *store);

/* Adds an entry and fills in its sequence and boot; a full log overwrites its oldest and counts that. */
void gl_store_append(gl_store *store, gl_entry *entry);

/* Reads an entry from first to head; false if the storage is broken. */
bool gl_store_read(gl_store *store, uint64_t sequence, gl_entry *entry);

/* Frees entries up to `upto`; false, and nothing changes, beyond the head or behind the last one. */
bool gl_store_acknowledge(gl_store *store, uint64_t upto);

void gl_store_remember(gl_store *store, const uint8_t grant[GL_GRANT_SIZE], gl_outcome outcome);

/* Finds what was answered last to this command; NULL if it is new, or long ago. */
const gl_answer *gl_store_recall(const gl_store *store, const uint8_t grant[GL_GRANT_SIZE]);

void gl_store_set_command(gl_store *store, const gl_command *command); /* NULL: none is in force */
void gl_store_set_settings(gl_store *store, const gl_settings *settings);
void gl_store_count_boot(gl_store *store);

#endif
