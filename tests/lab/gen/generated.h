/* generated.h: domains that a program makes up from a seed and a date. */
#ifndef METSUKE_LAB_GENERATED_H
#define METSUKE_LAB_GENERATED_H

#include "rng.h"

#include <stddef.h>

enum generated_style {
	GENERATED_LETTERS,
	GENERATED_HEX,
	GENERATED_SYLLABLES,
	GENERATED_WORDS,
	GENERATED_MIXED,
	GENERATED_STYLES
};

struct generated {
	enum generated_style style;
	unsigned int from, to; /* letters; words */
	unsigned int suffixes; /* 0, 1: one of them; 2: both in turn */
	__u64 salt;
};

/* Any. */
struct generated generated_any(struct rng *r);
/* The i-th of an epoch. */
void generated_name(const struct generated *g, __u64 epoch, unsigned int i, char *text, size_t room);

#endif
