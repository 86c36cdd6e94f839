/* indicators.c: entries lie one behind the other in chunks; an open-addressing table of their positions
 * finds them by the hash of their text. A name's hash is made from its end, so that one pass gives the hash
 * of every parent on the way: h(c0 c1 ... cn) = c0 + B h(c1 ... cn) mod 2^64, B odd and random. */
#include "intel/indicators.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "support/hash.h"

#define CHUNK_BITS 20
#define CHUNK (1u << CHUNK_BITS)
#define FIRST_SLOTS 1024
#define NETWORK_KEY 17 /* address and length */
#define MAX_LISTS 65535
#define MAX_FAMILIES 65535

struct entry {
	uint16_t list;
	uint16_t family; /* 1 + index; 0: none */
	uint8_t how;
	uint8_t len;
	char text[];
};

_Static_assert(sizeof(struct entry) == 6, "entries lie back to back");

struct indicators {
	uint64_t base;
	size_t n, n_slots;
	uint32_t *slots; /* 1 + position of an entry; 0: free */
	char **chunks;
	size_t n_chunks, used; /* used: bytes of the last chunk */
	struct indicator_list *lists;
	size_t n_lists;
	char **families;
	size_t n_families, n_family_slots;
	uint16_t *family_slots; /* 1 + index */
	uint32_t networks[129]; /* how many of each length: the lengths to ask for */
};

/* Zeros, straight from the kernel and back to it: a heap would keep the memory of a set that was replaced. */
static void *pages_new(size_t size)
{
	void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return pages == MAP_FAILED ? NULL : pages;
}

static void pages_free(void *pages, size_t size)
{
	if (pages)
		munmap(pages, size);
}

struct indicators *indicators_new(void)
{
	struct indicators *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->base = hash_seed() | 1;
	s->n_slots = FIRST_SLOTS;
	s->slots = pages_new(s->n_slots * sizeof(*s->slots));
	if (!s->slots) {
		free(s);
		return NULL;
	}
	return s;
}

void indicators_free(struct indicators *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n_chunks; i++)
		pages_free(s->chunks[i], CHUNK);
	for (size_t i = 0; i < s->n_families; i++)
		free(s->families[i]);
	free((void *)s->chunks);
	free((void *)s->families);
	free(s->family_slots);
	free(s->lists);
	pages_free(s->slots, s->n_slots * sizeof(*s->slots));
	free(s);
}

int indicators_add_list(struct indicators *s, const struct indicator_list *list)
{
	struct indicator_list *lists;

	if (s->n_lists == MAX_LISTS)
		return -E2BIG;
	lists = reallocarray(s->lists, s->n_lists + 1, sizeof(*lists));
	if (!lists)
		return -ENOMEM;
	s->lists = lists;
	lists[s->n_lists] = *list;
	return (int)s->n_lists++;
}

static struct entry *entry_at(const struct indicators *s, uint32_t position)
{
	return (struct entry *)(s->chunks[position >> CHUNK_BITS] + (position & (CHUNK - 1)));
}

/* The polynomial's low bits know only the text's low bits: mixed before use (finalizer of MurmurHash3). */
static size_t slot_of(uint64_t hash, size_t n_slots)
{
	hash ^= hash >> 33;
	hash *= 0xff51afd7ed558ccdULL;
	hash ^= hash >> 33;
	return (size_t)(((unsigned __int128)hash * n_slots) >> 64);
}

static uint64_t name_hash(const struct indicators *s, const char *name, size_t len)
{
	uint64_t h = 0;

	while (len)
		h = h * s->base + (uint8_t)name[--len];
	return h;
}

static uint64_t entry_hash(const struct indicators *s, const struct entry *e)
{
	if (e->how & INDICATOR_NETWORK)
		return hash_bytes(e->text, e->len, s->base);
	return name_hash(s, e->text, e->len);
}

static size_t next_slot(const struct indicators *s, size_t slot)
{
	return slot + 1 == s->n_slots ? 0 : slot + 1;
}

static void put_slot(struct indicators *s, uint64_t hash, uint32_t position)
{
	size_t slot = slot_of(hash, s->n_slots);

	while (s->slots[slot])
		slot = next_slot(s, slot);
	s->slots[slot] = position + 1;
}

/* Three quarters full is the most; half as many again are made then. */
static int make_slots(struct indicators *s)
{
	size_t n_old = s->n_slots;
	uint32_t *old = s->slots, *slots;

	if (s->n + 1 < s->n_slots / 4 * 3)
		return 0;
	slots = pages_new((n_old + n_old / 2) * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	s->slots = slots;
	s->n_slots = n_old + n_old / 2;
	for (size_t i = 0; i < n_old; i++)
		if (old[i])
			put_slot(s, entry_hash(s, entry_at(s, old[i] - 1)), old[i] - 1);
	pages_free(old, n_old * sizeof(*old));
	return 0;
}

static int make_room(struct indicators *s, size_t size)
{
	char **chunks;

	if (s->n_chunks && s->used + size <= CHUNK)
		return 0;
	if (s->n_chunks == (1u << (32 - CHUNK_BITS)) - 1)
		return -ENOMEM;
	chunks = reallocarray((void *)s->chunks, s->n_chunks + 1, sizeof(*chunks));
	if (!chunks)
		return -ENOMEM;
	s->chunks = chunks;
	chunks[s->n_chunks] = pages_new(CHUNK);
	if (!chunks[s->n_chunks])
		return -ENOMEM;
	s->n_chunks++;
	s->used = 0;
	return 0;
}

static void put_family(struct indicators *s, uint16_t family)
{
	const char *text = s->families[family - 1];
	size_t slot = hash_bytes(text, strlen(text), s->base) & (s->n_family_slots - 1);

	while (s->family_slots[slot])
		slot = (slot + 1) & (s->n_family_slots - 1);
	s->family_slots[slot] = family;
}

static int make_family_slots(struct indicators *s)
{
	size_t n = s->n_family_slots ? s->n_family_slots * 2 : 64;
	uint16_t *slots;

	if (s->n_families + 1 < s->n_family_slots / 2)
		return 0;
	slots = calloc(n, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(s->family_slots);
	s->family_slots = slots;
	s->n_family_slots = n;
	for (size_t i = 0; i < s->n_families; i++)
		put_family(s, i + 1);
	return 0;
}

/* Each family's text is kept once. 0: none, or more of them than there is room for. */
static uint16_t family_of(struct indicators *s, const char *text, size_t len)
{
	char **families;
	size_t slot;

	if (!len || s->n_families == MAX_FAMILIES || make_family_slots(s))
		return 0;
	slot = hash_bytes(text, len, s->base) & (s->n_family_slots - 1);
	for (; s->family_slots[slot]; slot = (slot + 1) & (s->n_family_slots - 1)) {
		const char *known = s->families[s->family_slots[slot] - 1];

		if (!strncmp(known, text, len) && !known[len])
			return s->family_slots[slot];
	}
	families = reallocarray((void *)s->families, s->n_families + 1, sizeof(*families));
	if (!families)
		return 0;
	s->families = families;
	families[s->n_families] = strndup(text, len);
	if (!families[s->n_families])
		return 0;
	s->n_families++;
	put_family(s, s->n_families);
	return s->n_families;
}

static bool entry_is(const struct entry *e, bool network, const char *text, size_t len)
{
	return !(e->how & INDICATOR_NETWORK) == !network && e->len == len && !memcmp(e->text, text, len);
}

/* Behind the text. */
static uint32_t first_seen(const struct entry *e)
{
	uint32_t seconds = 0;

	if (e->how & INDICATOR_DATED)
		memcpy(&seconds, e->text + e->len, sizeof(seconds));
	return seconds;
}

static void set_first_seen(struct entry *e, uint32_t seconds)
{
	if (e->how & INDICATOR_DATED)
		memcpy(e->text + e->len, &seconds, sizeof(seconds));
}

static size_t size_of(unsigned int how, size_t len)
{
	size_t size = sizeof(struct entry) + len + (how & INDICATOR_DATED ? sizeof(uint32_t) : 0);

	return size + (size & 1); /* uint16_t at even places */
}

/* The list has the entry already. Returns 1 where it says more now. */
static int add_again(struct entry *e, unsigned int how, const struct indicator_note *note)
{
	uint32_t seconds = first_seen(e);

	if (note->first_seen && (!seconds || note->first_seen < seconds))
		set_first_seen(e, note->first_seen);
	how &= ~INDICATOR_DATED; /* no room can be made now */
	if ((e->how | how) == e->how)
		return 0;
	e->how |= how; /* a name, and in another line what is below it */
	return 1;
}

static int add(struct indicators *s, int list, const char *text, size_t len, unsigned int how,
	       const struct indicator_note *note)
{
	static const struct indicator_note nothing;
	bool network = how & INDICATOR_NETWORK;
	size_t size;
	struct entry *e;
	uint64_t hash;
	uint32_t position;

	if (!note)
		note = &nothing;
	if (s->lists[list].allow)
		how |= INDICATOR_ALLOW;
	if (make_slots(s))
		return -ENOMEM;
	hash = network ? hash_bytes(text, len, s->base) : name_hash(s, text, len);
	for (size_t slot = slot_of(hash, s->n_slots); s->slots[slot]; slot = next_slot(s, slot)) {
		e = entry_at(s, s->slots[slot] - 1);
		if (e->list != list || !entry_is(e, network, text, len) || (e->how ^ how) & INDICATOR_ALLOW)
			continue;
		return add_again(e, how, note);
	}
	size = size_of(how, len);
	if (make_room(s, size))
		return -ENOMEM;
	position = (uint32_t)((s->n_chunks - 1) << CHUNK_BITS | s->used);
	s->used += size;
	e = entry_at(s, position);
	e->list = list;
	e->family = family_of(s, note->family, note->family_len);
	e->how = how;
	e->len = len;
	memcpy(e->text, text, len);
	set_first_seen(e, note->first_seen);
	if (s->used + sizeof(*e) <= CHUNK)
		entry_at(s, position + size)->len = 0; /* the walk's end, until the next entry */
	put_slot(s, hash, position);
	s->n++;
	return 1;
}

int indicators_add_name(struct indicators *s, int list, const char *name, size_t len, unsigned int how,
			const struct indicator_note *note)
{
	if (!len || len > NAME_MOST)
		return -EINVAL;
	return add(s, list, name, len, how & ~INDICATOR_NETWORK, note);
}

static void network_key(char key[NETWORK_KEY], const uint8_t ip[16], unsigned int bits)
{
	memcpy(key, ip, 16);
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int kept = bits > i * 8 ? bits - i * 8 : 0;

		if (kept < 8)
			key[i] = (char)(ip[i] & (0xff00 >> kept));
	}
	key[16] = (char)bits;
}

int indicators_add_network(struct indicators *s, int list, const uint8_t ip[16], unsigned int bits,
			   unsigned int how, const struct indicator_note *note)
{
	char key[NETWORK_KEY];
	int added;

	if (bits > 128)
		return -EINVAL;
	network_key(key, ip, bits);
	added = add(s, list, key, sizeof(key), how | INDICATOR_NETWORK, note);
	if (added == 1)
		s->networks[bits]++;
	return added;
}

static void fill(const struct indicators *s, uint32_t position, bool parent, struct indicator_match *m)
{
	const struct entry *e = entry_at(s, position);

	memset(m, 0, sizeof(*m));
	m->list = &s->lists[e->list];
	m->family = e->family ? s->families[e->family - 1] : NULL;
	m->first_seen = first_seen(e);
	m->parent = parent;
	m->allow = e->how & INDICATOR_ALLOW;
	m->how = e->how;
	m->id = position;
	if (e->how & INDICATOR_NETWORK) {
		memcpy(m->ip, e->text, 16);
		m->bits = (uint8_t)e->text[16];
	} else {
		m->entry = e->text;
		m->entry_len = e->len;
	}
}

/* Entries with just this text, of every list. needed: a bit of `how` that has to be set. */
static void each_equal(const struct indicators *s, uint64_t hash, const char *text, size_t len,
		       unsigned int needed, indicator_each each, void *ctx)
{
	for (size_t slot = slot_of(hash, s->n_slots); s->slots[slot]; slot = next_slot(s, slot)) {
		const struct entry *e = entry_at(s, s->slots[slot] - 1);
		struct indicator_match m;

		if (!(e->how & needed) || !entry_is(e, needed == INDICATOR_NETWORK, text, len))
			continue;
		fill(s, s->slots[slot] - 1, needed == INDICATOR_CHILDREN, &m);
		each(ctx, &m);
	}
}

/* A dot inside a label has a backslash before it (and a backslash has one, too). */
static bool ends_label(const char *name, size_t at)
{
	size_t run = 0;

	while (run < at && name[at - run - 1] == '\\')
		run++;
	return name[at] == '.' && run % 2 == 0;
}

void indicators_each_name(const struct indicators *s, const char *name, size_t len, indicator_each each, void *ctx)
{
	struct {
		uint64_t hash;
		size_t at;
	} suffix[128];
	size_t n = 0;
	uint64_t h = 0;

	if (len > NAME_MOST * 4) /* escaped: \DDD */
		return;
	for (size_t i = len; i > 0; i--) {
		if (name[i - 1] == '.' && n < 127 && ends_label(name, i - 1)) {
			suffix[n].hash = h;
			suffix[n++].at = i;
		}
		h = h * s->base + (uint8_t)name[i - 1];
	}
	if (len)
		each_equal(s, h, name, len, INDICATOR_SELF, each, ctx);
	while (n-- > 0)
		each_equal(s, suffix[n].hash, name + suffix[n].at, len - suffix[n].at, INDICATOR_CHILDREN, each,
			   ctx);
}

void indicators_each_ip(const struct indicators *s, const uint8_t ip[16], indicator_each each, void *ctx)
{
	for (int bits = 128; bits >= 0; bits--) {
		char key[NETWORK_KEY];

		if (!s->networks[bits])
			continue;
		network_key(key, ip, bits);
		each_equal(s, hash_bytes(key, sizeof(key), s->base), key, sizeof(key), INDICATOR_NETWORK, each,
			   ctx);
	}
}

void indicators_each_same(const struct indicators *s, const char *name, size_t len, indicator_each each, void *ctx)
{
	each_equal(s, name_hash(s, name, len), name, len, INDICATOR_SELF | INDICATOR_CHILDREN, each, ctx);
}

struct best {
	struct indicator_match match;
	bool found;
};

static void keep_best(void *ctx, const struct indicator_match *m)
{
	struct best *best = ctx;

	if (best->found && (best->match.allow || (!m->allow && m->list->severity <= best->match.list->severity)))
		return;
	best->match = *m;
	best->found = true;
}

bool indicators_match_name(const struct indicators *s, const char *name, size_t len, struct indicator_match *m)
{
	struct best best = { .found = false };

	indicators_each_name(s, name, len, keep_best, &best);
	if (best.found)
		*m = best.match;
	return best.found;
}

bool indicators_match_ip(const struct indicators *s, const uint8_t ip[16], struct indicator_match *m)
{
	struct best best = { .found = false };

	indicators_each_ip(s, ip, keep_best, &best);
	if (best.found)
		*m = best.match;
	return best.found;
}

void indicators_walk(const struct indicators *s, indicator_each each, void *ctx)
{
	for (size_t chunk = 0; chunk < s->n_chunks; chunk++) {
		size_t end = chunk + 1 == s->n_chunks ? s->used : CHUNK, at = 0;

		while (at + sizeof(struct entry) <= end) {
			uint32_t position = (uint32_t)(chunk << CHUNK_BITS | at);
			const struct entry *e = entry_at(s, position);
			struct indicator_match m;

			if (!e->len)
				break;
			fill(s, position, false, &m);
			each(ctx, &m);
			at += size_of(e->how, e->len);
		}
	}
}

size_t indicators_count(const struct indicators *s)
{
	return s->n;
}

size_t indicators_bytes(const struct indicators *s)
{
	return s->n_chunks * CHUNK + s->n_slots * sizeof(*s->slots);
}
