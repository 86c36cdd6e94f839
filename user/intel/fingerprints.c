/* fingerprints.c: see fingerprints.h. */
#include "intel/fingerprints.h"

#include <string.h>

#include "support/hash.h"

#define FILTER_BITS 16	/* for an entry */
#define LOAD_PERCENT 75 /* of a bucket's places */

struct counts {
	size_t entries;
	size_t places; /* they take, with their marks: at most */
	uint32_t flags;
};

struct filling {
	const struct indicators *set;
	const struct fingerprint_head *head;
	struct fingerprint_line *lines;
	uint32_t overflow;
};

static bool is_address(const struct indicator_match *m)
{
	return !m->entry && m->bits == 128;
}

/* The labels of a name in text, \. and \DDD read as the bytes they stand for. */
static void labels_of(const char *name, size_t len, uint64_t key, struct name_labels *labels)
{
	uint8_t label[NAME_LABEL_MAX + 9] = { 0 };
	size_t n = 0;

	labels->n = 0;
	for (size_t i = 0; i <= len; i++) {
		if (i == len || name[i] == '.') {
			name_add_label(labels, name_label(label, 0, n, key));
			memset(label, 0, sizeof(label));
			n = 0;
			continue;
		}
		if (n == NAME_LABEL_MAX)
			continue;
		if (name[i] != '\\' || i + 1 == len) {
			label[n++] = name[i];
		} else if (i + 3 < len && name[i + 1] >= '0' && name[i + 1] <= '9') {
			label[n++] = (name[i + 1] - '0') * 100 + (name[i + 2] - '0') * 10 + name[i + 3] - '0';
			i += 3;
		} else {
			label[n++] = name[++i];
		}
	}
}

/* Fingerprints of a name and its parents, from the last label on. */
struct climb {
	const struct name_labels *labels;
	uint32_t n;	/* labels taken */
	uint64_t f;	/* of those */
	uint64_t two;	/* of the last two at most, which choose the filter's line */
};

static bool climb(struct climb *c)
{
	if (c->n == NAME_LABELS || c->n == c->labels->n)
		return false;
	c->f = name_mix(c->f + c->labels->hash[(c->labels->n - 1 - c->n) % NAME_LABELS]);
	if (c->n++ < 2)
		c->two = c->f;
	return true;
}

#define WHOLE (INDICATOR_SELF | INDICATOR_CHILDREN)

/* Of a name, what its entry wants dropped, or as an exception let pass. */
static unsigned int covered(const struct indicator_match *m)
{
	return m->list->only_told && !m->allow ? 0 : m->how & WHOLE;
}

static void count_entry(void *ctx, const struct indicator_match *m)
{
	struct counts *c = ctx;

	if (!m->entry && m->allow) {
		c->flags |= FINGERPRINT_ALLOW_NETWORK;
		return;
	}
	if (!m->entry && !is_address(m)) {
		c->flags |= FINGERPRINT_NETWORK;
		return;
	}
	c->places++;
	if (m->entry && (m->allow || covered(m) != WHOLE)) {
		c->places += 2;
		c->flags |= FINGERPRINT_MARKED;
	}
	c->entries += !m->allow;
	if (is_address(m))
		c->flags |= FINGERPRINT_ADDRESS;
	else if (!memchr(m->entry, '.', m->entry_len))
		c->flags |= FINGERPRINT_TOP;
}

void fingerprints_plan(const struct indicators *set, uint64_t generation, struct fingerprint_head *head)
{
	struct counts c = { 0 };

	indicators_walk(set, count_entry, &c);
	*head = (struct fingerprint_head){
		.key = hash_seed(),
		.n_filters = (uint32_t)(c.places * FILTER_BITS / (FINGERPRINT_LINE * 8)) + 1,
		.n_buckets = (uint32_t)(c.places * 100 / (FINGERPRINT_WORDS * LOAD_PERCENT)) + 2,
		.flags = c.flags,
		.n_entries = (uint32_t)c.entries,
		.generation = generation,
	};
}

size_t fingerprints_lines(const struct fingerprint_head *head)
{
	return 1 + (size_t)head->n_filters + head->n_buckets;
}

static void set_bits(struct fingerprint_line *line, uint64_t f)
{
	uint64_t bits[] = { FINGERPRINT_BITS(f) };

	for (int i = 0; i < 3; i++)
		line->word[bits[i] >> 6] |= 1ULL << (bits[i] & 63);
}

static unsigned int places_taken(const struct fingerprint_line *bucket)
{
	unsigned int n = 0;

	while (n < FINGERPRINT_WORDS && bucket->word[n])
		n++;
	return n;
}

/* One of a full bucket's fingerprints goes to its other bucket, if there is room. The free place, or NULL. */
static __u64 *move_one(struct filling *x, struct fingerprint_line *bucket)
{
	for (int i = 0; i < FINGERPRINT_WORDS; i++) {
		__u64 *place = &bucket->word[i];

		for (int which = 0; which < 2; which++) {
			struct fingerprint_line *other = &x->lines[fingerprint_bucket(x->head, *place, which)];
			unsigned int n = places_taken(other);

			if (n == FINGERPRINT_WORDS)
				continue;
			other->word[n] = *place;
			return place;
		}
	}
	return NULL;
}

/* Into the emptier of its two buckets. */
static void put(struct filling *x, uint64_t f, uint64_t two)
{
	struct fingerprint_line *first = &x->lines[fingerprint_bucket(x->head, f, 0)];
	struct fingerprint_line *second = &x->lines[fingerprint_bucket(x->head, f, 1)];
	unsigned int n_first = places_taken(first), n_second = places_taken(second);
	__u64 *place;

	set_bits(&x->lines[fingerprint_filter(two, x->head->n_filters)], f);
	if (fingerprint_among(first, f) || fingerprint_among(second, f))
		return; /* another list has it, too */
	if (n_first <= n_second && n_first < FINGERPRINT_WORDS)
		first->word[n_first] = f;
	else if (n_second < FINGERPRINT_WORDS)
		second->word[n_second] = f;
	else if ((place = move_one(x, first)) || (place = move_one(x, second)))
		*place = f;
	else
		x->overflow = FINGERPRINT_OVERFLOW;
}

static void add_covered(void *covers, const struct indicator_match *m)
{
	if (!m->allow)
		*(unsigned int *)covers |= covered(m);
}

/* An exception: where labels were left out, only that it is about names below those that are left. */
static void put_exception(struct filling *x, const struct indicator_match *m, const struct climb *c)
{
	unsigned int how = c->labels->n > NAME_LABELS ? INDICATOR_CHILDREN : covered(m);

	if (how & INDICATOR_SELF)
		put(x, c->f ^ FINGERPRINT_ALLOW_SELF, c->two);
	if (how & INDICATOR_CHILDREN)
		put(x, c->f ^ FINGERPRINT_ALLOW_CHILDREN, c->two);
}

/* A listed name, and what none of the lists that have it wants dropped. */
static void put_listed(struct filling *x, const struct indicator_match *m, const struct climb *c)
{
	unsigned int covers = covered(m);

	put(x, c->f, c->two);
	if (covers != WHOLE)
		indicators_each_same(x->set, m->entry, m->entry_len, add_covered, &covers);
	if (!(covers & INDICATOR_SELF))
		put(x, c->f ^ FINGERPRINT_KEEP_SELF, c->two);
	if (!(covers & INDICATOR_CHILDREN))
		put(x, c->f ^ FINGERPRINT_KEEP_CHILDREN, c->two);
}

static void put_entry(void *ctx, const struct indicator_match *m)
{
	struct filling *x = ctx;
	struct name_labels labels;
	uint64_t f;

	if (m->entry) {
		struct climb c = { .labels = &labels, .f = x->head->key };

		labels_of(m->entry, m->entry_len, x->head->key, &labels);
		while (climb(&c))
			;
		if (m->allow)
			put_exception(x, m, &c);
		else
			put_listed(x, m, &c);
	} else if (is_address(m) && !m->allow) {
		f = name_of_address(m->ip, x->head->key);
		put(x, f, f);
	}
}

void fingerprints_fill(const struct indicators *set, struct fingerprint_head *head, struct fingerprint_line *lines)
{
	struct filling x = { .set = set, .head = head, .lines = lines };

	indicators_walk(set, put_entry, &x);
	head->flags |= x.overflow;
	memcpy(&lines[0], head, sizeof(*head));
}

static bool have(const struct fingerprint_line *lines, uint64_t f, uint64_t two)
{
	struct fingerprint_head head;

	memcpy(&head, &lines[0], sizeof(head));
	if (!fingerprint_maybe(&lines[fingerprint_filter(two, head.n_filters)], f))
		return false;
	return head.flags & FINGERPRINT_OVERFLOW ||
	       fingerprint_among(&lines[fingerprint_bucket(&head, f, 0)], f) ||
	       fingerprint_among(&lines[fingerprint_bucket(&head, f, 1)], f);
}

bool fingerprints_have_name(const struct fingerprint_line *lines, const char *name, size_t len)
{
	struct fingerprint_head head;
	struct name_labels labels;
	struct climb c = { .labels = &labels };

	memcpy(&head, &lines[0], sizeof(head));
	labels_of(name, len, head.key, &labels);
	c.f = head.key;
	while (climb(&c))
		if ((c.n > 1 || head.flags & FINGERPRINT_TOP) && have(lines, c.f, c.two))
			return true;
	return false;
}

bool fingerprints_have_ip(const struct fingerprint_line *lines, const uint8_t ip[16])
{
	struct fingerprint_head head;
	uint64_t f;

	memcpy(&head, &lines[0], sizeof(head));
	f = name_of_address(ip, head.key);
	return have(lines, f, f);
}
