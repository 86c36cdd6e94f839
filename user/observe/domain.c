/* domain.c: see domain.h. */
#include "observe/domain.h"

#include <errno.h>
#include <libpsl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "support/hash.h"

#define CACHE_SLOTS 16384 /* a newer name takes an older one's slot */
#define NAME_MAX_TEXT 1024
#define FILTER_BITS (1 << 18) /* two for each of ten thousand rules */
#define WILDCARD 0x9e3779b97f4a7c15ULL /* tells "*.x" from "x" */

struct slot {
	uint64_t hash;
	uint16_t registered; /* bytes from the end of the name; 0: none */
	uint16_t suffix;
	bool listed;
};

struct domains {
	const psl_ctx_t *psl;
	psl_ctx_t *own; /* what has to be freed of it */
	uint64_t seed;
	bool filtered;
	uint64_t mentioned[FILTER_BITS / 64];
	struct slot cache[CACHE_SLOTS];
	struct verdict {
		uint64_t hash; /* 0: free */
		bool is_suffix, is_listed;
	} verdict[CACHE_SLOTS];
};

static void mention(struct domains *d, uint64_t hash)
{
	d->mentioned[hash % FILTER_BITS / 64] |= 1ULL << hash % 64;
	hash >>= 32;
	d->mentioned[hash % FILTER_BITS / 64] |= 1ULL << hash % 64;
}

static bool is_mentioned(const struct domains *d, uint64_t hash)
{
	uint64_t other = hash >> 32;

	return d->mentioned[hash % FILTER_BITS / 64] >> hash % 64 & 1 &&
	       d->mentioned[other % FILTER_BITS / 64] >> other % 64 & 1;
}

static uint64_t name_hash(const struct domains *d, const char *name, size_t len)
{
	return hash_bytes(name, len, d->seed) | 1;
}

static void mention_rule(struct domains *d, char *rule)
{
	size_t len = strcspn(rule, " \t\r\n");

	for (size_t i = 0; i < len; i++)
		rule[i] |= rule[i] >= 'A' && rule[i] <= 'Z' ? 0x20 : 0;
	if (*rule == '!')
		rule++, len--;
	if (len > 2 && rule[0] == '*' && rule[1] == '.') {
		rule += 2;
		len -= 2;
		mention(d, name_hash(d, rule, len) ^ WILDCARD);
	}
	mention(d, name_hash(d, rule, len));
}

/* Most names have nothing in the list but their last label, and to be told so by the library costs most of
 * a microsecond: where the list is text, what its rules mention is remembered, and the library is asked
 * about nothing else. It stays the judge. */
static void read_filter(struct domains *d, const char *path)
{
	struct stat st;
	FILE *file = stat(path, &st) || !S_ISREG(st.st_mode) ? NULL : fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return;
	d->filtered = true;
	while (d->filtered && getline(&line, &size, file) > 0) {
		char *rule = line + strspn(line, " \t");

		if (!strncmp(rule, ".DAFSA", 6))
			d->filtered = false; /* libpsl's other format */
		else if (strncmp(rule, "//", 2) != 0 && *rule != '\n')
			mention_rule(d, rule);
	}
	free(line);
	if (ferror(file))
		d->filtered = false;
	fclose(file);
}

/* The text of the system's list, which lies beside its compiled form; not where the library has a newer one
 * in it and uses that. */
static bool system_text(char path[PATH_MAX])
{
	const char *compiled = psl_dist_filename(), *dot = compiled ? strrchr(compiled, '.') : NULL;
	struct stat st;

	if (!dot || (size_t)snprintf(path, PATH_MAX, "%.*s.dat", (int)(dot - compiled), compiled) >= PATH_MAX)
		return false;
	return !stat(compiled, &st) && !stat(path, &st) && st.st_mtime >= psl_builtin_file_time();
}

struct domains *domains_new(const char *file)
{
	struct domains *d = calloc(1, sizeof(*d));
	char path[PATH_MAX];

	if (!d)
		return NULL;
	d->seed = hash_seed();
	d->own = file ? psl_load_file(file) : psl_latest(NULL);
	d->psl = d->own ? d->own : file ? NULL : psl_builtin();
	if (!d->psl) {
		free(d);
		errno = file ? EINVAL : ENOENT;
		return NULL;
	}
	if (file || system_text(path))
		read_filter(d, file ? file : path);
	return d;
}

void domains_free(struct domains *d)
{
	if (!d)
		return;
	psl_free(d->own);
	free(d);
}

static bool is_address(struct text name)
{
	if (name.at[0] == '[')
		return true;
	for (size_t i = 0; i < name.len; i++)
		if ((name.at[i] < '0' || name.at[i] > '9') && name.at[i] != '.')
			return false;
	return true;
}

/* In tests and examples these stand for top-level domains that there are (RFC 6761). */
static bool stands_for_any(const char *name)
{
	return !strcmp(name, "test") || !strcmp(name, "example");
}

/* Is this, with all its labels, a public suffix? Most names share what follows their first label. */
static const struct verdict *ask(struct domains *d, const char *name, uint64_t hash)
{
	struct verdict *v = &d->verdict[hash / 2 % CACHE_SLOTS];

	if (v->hash != hash) {
		v->is_suffix = psl_is_public_suffix2(d->psl, name, PSL_TYPE_ANY);
		v->is_listed =
			v->is_suffix && (psl_is_public_suffix2(d->psl, name, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) ||
					 stands_for_any(name));
		v->hash = hash;
	}
	return v;
}

/* The registrable domain has one label more than the longest public suffix the name ends in. */
static void look_up(struct domains *d, struct text name, struct slot *s)
{
	char copy[NAME_MAX_TEXT];
	const char *at = copy, *end = copy + name.len;
	bool filtered;
	uint64_t hash;

	s->registered = 0;
	s->suffix = 0;
	s->listed = false;
	if (name.len == 0 || name.len >= sizeof(copy) || is_address(name))
		return;
	memcpy(copy, name.at, name.len);
	copy[name.len] = '\0';
	filtered = d->filtered && !strstr(copy, "xn--"); /* the text may have them in Unicode */
	hash = name_hash(d, at, name.len);
	for (;;) {
		const char *dot = strchr(at, '.');
		uint64_t parent = dot ? name_hash(d, dot + 1, end - dot - 1) : 0;

		/* empty labels in front and behind: the library has its own mind */
		if (!filtered || !dot || dot == at || !dot[1] || is_mentioned(d, hash) ||
		    is_mentioned(d, parent ^ WILDCARD)) {
			const struct verdict *v = ask(d, at, hash);

			s->listed = v->is_listed;
			if (v->is_suffix)
				break;
		}
		s->registered = end - at;
		if (!dot)
			return;
		at = dot + 1;
		hash = parent;
	}
	s->suffix = end - at;
}

void domains_split(struct domains *d, struct text name, struct domain_parts *ret_parts)
{
	uint64_t hash = hash_bytes(name.at, name.len, d->seed);
	struct slot *s = &d->cache[hash % CACHE_SLOTS];

	if (s->hash != hash) {
		look_up(d, name, s);
		s->hash = hash;
	}
	*ret_parts = (struct domain_parts){ 0 };
	ret_parts->suffix = (struct text){ name.at + name.len - s->suffix, s->suffix, name.plain };
	ret_parts->listed = s->listed;
	if (!s->registered)
		return;
	ret_parts->registered = (struct text){ name.at + name.len - s->registered, s->registered, name.plain };
	if (name.len > s->registered + 1u)
		ret_parts->subdomain = (struct text){ name.at, name.len - s->registered - 1, name.plain };
}
