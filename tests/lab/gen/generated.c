/* generated.c: see generated.h. */
#include "generated.h"

#include <stdio.h>
#include <string.h>

#include "town.h"

struct generated generated_any(struct rng *r)
{
	struct generated g = { .style = rng_below(r, GENERATED_STYLES), .salt = rng_next(r) };

	switch (g.style) {
	case GENERATED_HEX:
		g.from = g.to = 8 * rng_between(r, 1, 4);
		break;
	case GENERATED_WORDS:
		g.from = 2;
		g.to = rng_between(r, 2, 3);
		break;
	default:
		g.from = rng_between(r, 6, 20);
		g.to = g.from + (rng_chance(r, 0.6) ? rng_below(r, 6) : 0);
	}
	g.suffixes = rng_below(r, 3);
	return g;
}

static void letters(const struct generated *g, struct rng *r, char *text)
{
	static const char consonants[] = "bcdfghklmnprstvz", vowels[] = "aeiou";
	unsigned int n = rng_between(r, g->from, g->to);

	for (unsigned int i = 0; i < n; i++) {
		switch (g->style) {
		case GENERATED_HEX:
			text[i] = "0123456789abcdef"[rng_below(r, 16)];
			break;
		case GENERATED_SYLLABLES:
			text[i] = i % 2 ? vowels[rng_below(r, 5)] : consonants[rng_below(r, 16)];
			break;
		case GENERATED_MIXED:
			text[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[rng_below(r, 36)];
			break;
		default:
			text[i] = 'a' + (char)rng_below(r, 26);
		}
	}
	text[n] = 0;
}

void generated_name(const struct generated *g, __u64 epoch, unsigned int i, char *text, size_t room)
{
	static const char *const suffixes[] = { "example", "test" };
	struct rng r = rng_start(g->salt, epoch << 20 | i);
	char label[80] = "";

	if (g->style == GENERATED_WORDS)
		for (unsigned int n = rng_between(&r, g->from, g->to); n; n--)
			snprintf(label + strlen(label), 20, "%s", town_word(&r));
	else
		letters(g, &r, label);
	snprintf(text, room, "%s.%s", label, suffixes[g->suffixes < 2 ? g->suffixes : i % 2]);
}
