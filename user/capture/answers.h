/* answers.h: what the kernel's tables said lately, and how often they may be asked: for nat.c. All times are those of the
 * packets. */
#ifndef METSUKE_CAPTURE_ANSWERS_H
#define METSUKE_CAPTURE_ANSWERS_H

#include <stdbool.h>
#include <stdint.h>

#include "observe/observation.h"

/* How long an answer is good, and why a port that goes to another client is not taken for the first one's: conntrack's
 * time-outs are whole seconds and run from the flow's last packet, the one asked about or a later one. Until half a second
 * after it the flow still has its port. That holds for UDP. A closed TCP connection's port may go to the next at once: its
 * answers are not kept. Where an administrator deletes a flow, or a full table drops it, half a second may be wrong. */
#define ANSWER_LIFE_NS 500000000ULL

/* Who is behind this flow; whether an address is its owner's own (there: it is); whose MAC it has. */
enum question { QUESTION_CLIENT = 1, QUESTION_UNTRANSLATED, QUESTION_MAC };

/* All bytes count: start from { 0 }. */
struct answer_key {
	uint8_t ip[16], server[16];
	uint16_t port, server_port;
	uint32_t ifindex;
	uint32_t question;
};

union answer {
	struct endpoint client;
	uint8_t mac[6]; /* zero: none is known */
};

struct answers;

struct answers *answers_new(void);
void answers_free(struct answers *a);

/* NULL: ask. Valid until the next put. */
const union answer *answers_get(const struct answers *a, const struct answer_key *key, uint64_t now_ns);
void answers_put(struct answers *a, const struct answer_key *key, const union answer *answer, uint64_t now_ns);

/* How often one kind of question may be asked: 20 000 times a second; once in 10 ms after 256 that found nothing at all, until
 * one finds something. */
struct gate {
	uint64_t second, last_ns;
	uint32_t asked;
	uint32_t in_vain; /* in a row */
};

bool gate_open(struct gate *g, uint64_t now_ns);
void gate_found(struct gate *g, bool found);

#endif
