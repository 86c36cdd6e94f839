/* domain.c: see domain.h. */
#include "observe/domain.h"

#include <errno.h>
#include <libpsl.h>
#include <stdlib.h>
#include <string.h>

#include "support/hash.h"

#define CACHE_SLOTS 16384 /* a newer name takes an older one's slot */
#define NAME_MAX_TEXT 1024

struct slot {
	uint64_t hash;
	uint16_t registered; /* bytes from the end of the name; 0: none */
	uint16_t suffix;
};

struct domains {
	const psl_ctx_t *psl;
	psl_ctx_t *own; /* what has to be freed of it */
	uint64_t seed;
	struct slot cache[CACHE_SLOTS];
	struct verdict {
		uint64_t hash; /* 0: free */
		bool is_suffix;
	} verdict[CACHE_SLOTS];
};

struct domains *domains_new(const char *file)
{
	struct domains *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->own = file ? psl_load_file(file) : psl_latest(NULL);
	d->psl = d->own ? d->own : file ? NULL : psl_builtin();
	if (!d->psl) {
		free(d);
		errno = file ? EINVAL : ENOENT;
		return NULL;
	}
	d->seed = hash_seed();
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

/* Is this, with all its labels, a public suffix? Most names share what follows their first label, and a
 * question to the library costs a few hundred nanoseconds. */
static bool is_public_suffix(struct domains *d, const char *name, size_t len)
{
	uint64_t hash = hash_bytes(name, len, d->seed) | 1;
	struct verdict *v = &d->verdict[hash / 2 % CACHE_SLOTS];

	if (v->hash != hash) {
		v->is_suffix = psl_is_public_suffix2(d->psl, name, PSL_TYPE_ANY);
		v->hash = hash;
	}
	return v->is_suffix;
}

/* The registrable domain has one label more than the longest public suffix the name ends in. */
static void look_up(struct domains *d, struct text name, struct slot *s)
{
	char copy[NAME_MAX_TEXT];
	const char *at = copy, *end = copy + name.len;

	s->registered = 0;
	s->suffix = 0;
	if (name.len == 0 || name.len >= sizeof(copy) || is_address(name))
		return;
	memcpy(copy, name.at, name.len);
	copy[name.len] = '\0';
	while (at && !is_public_suffix(d, at, end - at)) {
		s->registered = end - at;
		at = strchr(at, '.');
		at = at ? at + 1 : NULL;
	}
	s->suffix = at ? end - at : 0;
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
	if (!s->registered)
		return;
	ret_parts->registered = (struct text){ name.at + name.len - s->registered, s->registered, name.plain };
	if (name.len > s->registered + 1u)
		ret_parts->subdomain = (struct text){ name.at, name.len - s->registered - 1, name.plain };
}
