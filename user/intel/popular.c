/* popular.c: see popular.h. An open-addressed table of words: 40 bits of a name's seeded hash above 24 bits of rank. The
 * hash's other bits choose the slot, so that two names are taken for one with a chance of about 1 in 2^40 a look-up,
 * and nobody outside can know which. */
#include "intel/popular.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "intel/lines.h"
#include "support/hash.h"
#include "support/log.h"

#define RANK_BITS 24
#define SAID 5		      /* refusals that are logged */
#define FILE_MOST (512L << 20) /* bytes */
#define FIELDS 32	      /* of a CSV line that are looked at */

struct popular {
	uint64_t *slot;
	size_t mask, n; /* slots - 1; taken */
	uint64_t seed;
};

struct reading {
	struct popular *p;
	const char *path;
	struct popular_report *report;
	size_t line;
	uint32_t next_rank; /* of a line without one */
	int domain_field, rank_field; /* from a header; -1: none */
	bool header;		      /* there was one */
	bool failed;		      /* out of memory */
};

static size_t slot_of(const struct popular *p, uint64_t hash)
{
	return hash & p->mask;
}

/* The slot of the name, or the free one where it belongs. */
static uint64_t *find(const struct popular *p, uint64_t hash)
{
	uint64_t tag = hash >> RANK_BITS;
	size_t i = slot_of(p, hash);

	while (p->slot[i] && p->slot[i] >> RANK_BITS != tag)
		i = (i + 1) & p->mask;
	return &p->slot[i];
}

/* Places are by the low bits of the hash, of which a slot keeps those above RANK_BITS: growing needs the whole. So the
 * table is made for as many lines as the file can have, before it is read. */
static bool make_room(struct popular *p, size_t entries)
{
	size_t slots = 64;

	while (slots < 2 * entries)
		slots *= 2;
	p->slot = calloc(slots, sizeof(*p->slot));
	p->mask = slots - 1;
	return p->slot;
}

static void refuse(struct reading *r, const char *value, size_t len, const char *why)
{
	if (r->report->refused++ < SAID)
		log_warning("%s:%zu: '%.*s': %s", r->path, r->line, (int)(len < 80 ? len : 80), value, why);
}

static void put(struct reading *r, const char *name, size_t len, uint32_t rank)
{
	uint64_t hash = hash_bytes(name, len, r->p->seed);
	uint64_t *slot = find(r->p, hash);

	if (*slot) {
		r->report->doubles++;
		if ((*slot & POPULAR_RANK_MOST) > rank)
			*slot = hash >> RANK_BITS << RANK_BITS | rank;
		return;
	}
	if (r->p->n == POPULAR_MOST) {
		refuse(r, name, len, "more entries than there is room for");
		return;
	}
	*slot = hash >> RANK_BITS << RANK_BITS | rank;
	r->p->n++;
	r->report->entries++;
}

struct field {
	const char *at;
	size_t len;
};

static struct field trim(struct field f)
{
	while (f.len && strchr(" \t\r\"", f.at[0]))
		f.at++, f.len--;
	while (f.len && strchr(" \t\r\"", f.at[f.len - 1]))
		f.len--;
	return f;
}

/* None of the lists has a comma within a field. */
static size_t split(const char *line, size_t len, struct field *fields)
{
	size_t n = 0;

	for (const char *end = line + len; n < FIELDS && line <= end; n++) {
		const char *comma = memchr(line, ',', end - line);

		comma = comma ? comma : end;
		fields[n] = trim((struct field){ line, comma - line });
		line = comma + 1;
	}
	return n;
}

static bool parse_rank(struct field f, uint32_t *ret)
{
	uint64_t n = 0;

	for (size_t i = 0; i < f.len; i++) {
		if (f.at[i] < '0' || f.at[i] > '9' || n > POPULAR_RANK_MOST)
			return false;
		n = 10 * n + f.at[i] - '0';
	}
	*ret = n;
	return f.len && n && n <= POPULAR_RANK_MOST;
}

static bool is_word(struct field f, const char *word)
{
	return f.len == strlen(word) && !strncasecmp(f.at, word, f.len);
}

static bool ends_in(struct field f, const char *word)
{
	size_t len = strlen(word);

	return f.len >= len && !strncasecmp(f.at + f.len - len, word, len);
}

/* The first line of a CSV file that names its columns. */
static bool take_header(struct reading *r, const struct field *fields, size_t n)
{
	int domain = -1, rank = -1;

	for (int i = 0; i < (int)n; i++) {
		if (domain < 0 && (is_word(fields[i], "domain") || is_word(fields[i], "host") || is_word(fields[i], "name")))
			domain = i;
		else if (rank < 0 && ends_in(fields[i], "rank"))
			rank = i;
	}
	if (domain < 0)
		return false;
	r->domain_field = domain;
	r->rank_field = rank;
	r->header = true;
	return true;
}

/* A name is asked for in lower case and A-labels; most lines have it so. */
static const char *take_name(struct reading *r, struct field f, uint32_t rank)
{
	struct list_entry e;

	if (!list_parse(f.at, f.len, &e))
		return "no domain name";
	if (!e.len)
		return "an address, where a domain name was expected";
	if (!memchr(e.name, '.', e.len))
		return "a top-level domain";
	put(r, e.name, e.len, rank);
	return NULL;
}

static void take_line(struct reading *r, const char *line, size_t len)
{
	struct field fields[FIELDS], whole = trim((struct field){ line, len }), name, rank;
	size_t n;
	uint32_t given;
	const char *why;

	if (!whole.len || whole.at[0] == '#')
		return;
	n = split(line, len, fields);
	if (!r->header && !r->next_rank && !r->report->entries && !r->report->refused && take_header(r, fields, n))
		return;
	if (!r->header) { /* the domain behind its rank, or alone */
		r->domain_field = n > 1;
		r->rank_field = n > 1 ? 0 : -1;
	}
	if (r->domain_field >= (int)n || r->rank_field >= (int)n) {
		refuse(r, whole.at, whole.len, "fewer fields than the first line has");
		return;
	}
	name = fields[r->domain_field];
	given = ++r->next_rank;
	if (r->rank_field >= 0) {
		rank = fields[r->rank_field];
		if (!parse_rank(rank, &given)) {
			refuse(r, rank.at, rank.len, "no rank (1 to 16777215)");
			return;
		}
	} else if (given > POPULAR_RANK_MOST) {
		refuse(r, name.at, name.len, "behind the worst rank that is kept");
		return;
	}
	why = take_name(r, name, given);
	if (why)
		refuse(r, name.at, name.len, why);
}

/* Bounds the table before the names are known: a line has four bytes at least. */
static size_t count_lines(FILE *file)
{
	char chunk[65536];
	size_t lines = 1, n;

	while ((n = fread(chunk, 1, sizeof(chunk), file)))
		for (const char *at = chunk; (at = memchr(at, '\n', chunk + n - at)); at++)
			lines++;
	rewind(file);
	return lines < POPULAR_MOST ? lines : POPULAR_MOST;
}

static const char *check_file(FILE *file)
{
	struct stat st;

	if (fstat(fileno(file), &st))
		return strerror(errno);
	if (!S_ISREG(st.st_mode))
		return "not a regular file";
	return st.st_size > FILE_MOST ? "larger than 512 MiB" : NULL;
}

static const char *read_file(struct reading *r, FILE *file, const atomic_bool *stop)
{
	const char *why = check_file(file);
	size_t cap = 0;
	char *line = NULL;
	ssize_t n;

	if (why)
		return why;
	if (!make_room(r->p, count_lines(file)))
		return "out of memory";
	while (!why && (n = getline(&line, &cap, file)) > 0) {
		r->line++;
		n -= line[n - 1] == '\n';
		if (memchr(line, '\0', n))
			why = "not a text file";
		else
			take_line(r, line, n);
		if (stop && atomic_load_explicit(stop, memory_order_relaxed))
			why = "given up";
	}
	if (!why && ferror(file))
		why = strerror(errno);
	free(line);
	return why;
}

struct popular *popular_load(const char *path, const atomic_bool *stop, struct popular_report *ret_report, char *error,
			     size_t size)
{
	struct popular *p = calloc(1, sizeof(*p));
	struct reading r = { .p = p, .path = path, .report = ret_report };
	FILE *file = fopen(path, "re");
	const char *why = NULL;

	*ret_report = (struct popular_report){ 0 };
	if (!file)
		why = strerror(errno);
	else if (!p)
		why = "out of memory";
	if (!why) {
		p->seed = hash_seed();
		why = read_file(&r, file, stop);
	}
	if (!why && !p->n)
		why = "no domain in it";
	if (file)
		(void)fclose(file); /* read only */
	if (ret_report->refused > SAID)
		log_warning("%s: %zu lines refused, the first %d of them above", path, ret_report->refused, SAID);
	if (!why)
		return p;
	snprintf(error, size, "%s: %s", path, why);
	popular_free(p);
	return NULL;
}

void popular_free(struct popular *p)
{
	if (!p)
		return;
	free(p->slot);
	free(p);
}

uint32_t popular_rank(const struct popular *p, const char *name, size_t len)
{
	return p ? *find(p, hash_bytes(name, len, p->seed)) & POPULAR_RANK_MOST : 0;
}

size_t popular_bytes(const struct popular *p)
{
	return sizeof(*p) + (p->mask + 1) * sizeof(*p->slot);
}
