/* answers.c: see answers.h. One place for each hash: what comes later makes what was there forgotten. */
#include "capture/answers.h"

#include <stdlib.h>
#include <string.h>

#include "support/hash.h"

#define PLACES 4096
#define QUESTIONS_PER_SECOND 20000 /* a flood of strays is not worth more */
#define VAIN_QUESTIONS 256
#define PAUSE_NS 10000000ULL

struct place {
	struct answer_key key; /* question 0: free */
	union answer answer;
	uint64_t time_ns;
};

struct answers {
	uint64_t seed;
	struct place place[PLACES];
};

_Static_assert(sizeof(struct answer_key) == 44, "keys are compared byte by byte: no padding");

struct answers *answers_new(void)
{
	struct answers *a = calloc(1, sizeof(*a));

	if (a)
		a->seed = hash_seed();
	return a;
}

void answers_free(struct answers *a)
{
	free(a);
}

static size_t place_of(const struct answers *a, const struct answer_key *key)
{
	return hash_bytes(key, sizeof(*key), a->seed) % PLACES;
}

/* Records of several CPUs come a little out of order. */
static uint64_t apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

const union answer *answers_get(const struct answers *a, const struct answer_key *key, uint64_t now_ns)
{
	const struct place *p = &a->place[place_of(a, key)];

	if (memcmp(&p->key, key, sizeof(*key)) != 0 || apart(p->time_ns, now_ns) >= ANSWER_LIFE_NS)
		return NULL;
	return &p->answer;
}

void answers_put(struct answers *a, const struct answer_key *key, const union answer *answer, uint64_t now_ns)
{
	struct place *p = &a->place[place_of(a, key)];

	p->key = *key;
	p->answer = *answer;
	p->time_ns = now_ns;
}

bool gate_open(struct gate *g, uint64_t now_ns)
{
	if (g->in_vain >= VAIN_QUESTIONS && apart(g->last_ns, now_ns) < PAUSE_NS)
		return false;
	if (now_ns / 1000000000 != g->second) {
		g->second = now_ns / 1000000000;
		g->asked = 0;
	}
	if (g->asked >= QUESTIONS_PER_SECOND)
		return false;
	g->asked++;
	g->last_ns = now_ns;
	return true;
}

void gate_found(struct gate *g, bool found)
{
	if (found)
		g->in_vain = 0;
	else if (g->in_vain < VAIN_QUESTIONS)
		g->in_vain++;
}
