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

static void look_up(const struct domains *d, struct text name, struct slot *s)
{
	char copy[NAME_MAX_TEXT];
	const char *registered, *dot;

	s->registered = 0;
	s->suffix = 0;
	if (name.len == 0 || name.len >= sizeof(copy) || is_address(name))
		return;
	memcpy(copy, name.at, name.len);
	copy[name.len] = '\0';
	registered = psl_registrable_domain(d->psl, copy);
	if (!registered) { /* the name is a public suffix */
		s->suffix = name.len;
		return;
	}
	s->registered = strlen(registered);
	dot = strchr(registered, '.'); /* one label more than its suffix */
	s->suffix = dot ? strlen(dot + 1) : 0;
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
	ret_parts->suffix = (struct text){ name.at + name.len - s->suffix, s->suffix };
	if (!s->registered)
		return;
	ret_parts->registered = (struct text){ name.at + name.len - s->registered, s->registered };
	if (name.len > s->registered + 1u)
		ret_parts->subdomain = (struct text){ name.at, name.len - s->registered - 1 };
}
