/* dga_walk.c: see dga_walk.h. */
#include "profile/dga_walk.h"

#include <math.h>
#include <string.h>

#include "profile/profile.h"

/* Shares of new domains that do not exist: of people and programs, of a generator. */
#define USUAL 0.05
#define GENERATOR 0.7

double dga_walk_at(const struct dga_walk *w, uint64_t ns)
{
	if (ns <= w->ns)
		return w->walk;
	return w->walk * exp2(-((double)(ns - w->ns) / DGA_HALF_LIFE_NS));
}

void dga_walk_step(struct dga_walk *w, bool nx, const char *label, size_t len, uint64_t ns)
{
	double up = log(GENERATOR / USUAL), down = log((1 - GENERATOR) / (1 - USUAL));
	double walk = dga_walk_at(w, ns) + (nx ? up : down);

	if (ns > w->ns)
		w->ns = ns;
	if (walk <= 0) {
		w->walk = 0;
		w->names = w->generated = 0;
		return;
	}
	if (!w->names)
		w->since_ns = w->ns;
	w->walk = fmin(walk, DGA_WALK_MOST);
	w->names += nx;
	w->generated += nx && name_looks_generated(label, len);
}

static bool is_vowel(char c)
{
	return strchr("aeiouy", c) && c;
}

/* Short labels are abbreviations: nobody can tell. A run of five consonants, vowels in fewer than a fifth of the
 * letters, or digits on both sides of letters more than once. */
bool name_looks_generated(const char *label, size_t len)
{
	unsigned int letters = 0, vowels = 0, run = 0, longest = 0, changes = 0;
	char before = 0;

	if (len < 8 || (len > 4 && !memcmp(label, "xn--", 4)))
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = label[i];
		bool digit = c >= '0' && c <= '9', letter = c >= 'a' && c <= 'z';

		if (letter) {
			letters++;
			vowels += is_vowel(c);
			run = is_vowel(c) ? 0 : run + 1;
			longest = run > longest ? run : longest;
		} else {
			run = 0;
		}
		changes += before && ((digit && before == 'a') || (letter && before == '0'));
		before = digit ? '0' : letter ? 'a' : 0;
	}
	return longest >= 5 || (letters >= 6 && vowels * 5 < letters) || changes >= 3;
}

/* One label of at most 3 digits; moves *at behind its dot. */
static bool take_octet(const char **at, const char *end)
{
	unsigned int n = 0, digits = 0;

	while (*at < end && **at >= '0' && **at <= '9' && digits < 4) {
		n = n * 10 + (**at - '0');
		digits++;
		(*at)++;
	}
	if (!digits || n > 255 || (*at < end && **at != '.'))
		return false;
	*at += *at < end;
	return true;
}

static bool is_nibbles(const char *sub, size_t len)
{
	if (len < 63)
		return false;
	for (size_t i = 0; i < 63; i++)
		if (i % 2 ? sub[i] != '.' : !strchr("0123456789abcdef", sub[i]))
			return false;
	return true;
}

bool name_is_reversed_address(const char *sub, size_t len)
{
	const char *at = sub, *end;

	if (!len)
		return false; /* sub may be NULL */
	end = sub + len;
	for (unsigned int i = 0; i < 4; i++)
		if (!take_octet(&at, end))
			return is_nibbles(sub, len);
	return true;
}
