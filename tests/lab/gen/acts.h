/* acts.h: what hosts do of their own accord. An act is one step; it writes the packets of that step and says when
 * the next one is due. New kinds of hosts are new acts. */
#ifndef METSUKE_LAB_ACTS_H
#define METSUKE_LAB_ACTS_H

#include <stdio.h>

#include "talk.h"

struct act {
	/* Returns when to come again; 0: never. */
	__u64 (*step)(struct lab *l, struct act *a, __u64 now);
	struct host *host;
	struct name *name;
	const struct bot *bot;
	struct tcp tcp;
	unsigned int n, left; /* what a step counts */
	__u64 until;	      /* ... and waits for */
	const void *plan;     /* what its kind needs besides */
};

struct acts {
	struct heap heap;
};

/* The first step is at `at`. */
struct act *acts_add(struct acts *acts, struct host *h, __u64 (*step)(struct lab *, struct act *, __u64),
		     __u64 at);
/* Until the end of the lab's time. */
void acts_run(struct acts *acts, struct lab *l);

/* What a machine does by itself: updates, telemetry, clock, names that are not there. */
void people_machine(struct acts *acts, struct lab *l, struct host *h);
/* ... and what people do at it: pages, mail, chat. n: which person. */
void people_person(struct acts *acts, struct lab *l, struct host *h, unsigned int n);

struct bots;
/* Reads bots.tsv of a folder; NULL with a message printed. */
struct bots *bots_read(const char *folder, const struct world *w);
void bots_free(struct bots *b);
unsigned int bots_count(const struct bots *b);
/* The n-th wakes up some time within the first ten minutes. Writes its line of labels. */
void bots_start(struct bots *b, unsigned int n, struct acts *acts, struct lab *l, struct host *h, FILE *labels);

#endif
