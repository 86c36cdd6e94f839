/* pack.h: the bytes of profiles: numbers of seven bits a byte, least first; hashes and doubles as eight bytes,
 * little-endian. Reading trusts nothing. For the files of this folder. */
#ifndef METSUKE_PROFILE_PACK_H
#define METSUKE_PROFILE_PACK_H

#include "profile/table.h"

#define PACK_VERSION 2
enum pack_kind { PACK_CLIENT = 'c', PACK_DOMAIN = 'd', PACK_PAIR = 'p', PACK_TOTALS = 't' };

#define COUNT_MOST (1ULL << 53) /* exact as a double; and many can be joined */

/* What is left; after an error nothing, and err is negative. */
struct unpack {
	const uint8_t *at, *end;
	int err;
};

uint64_t unpack_number(struct unpack *u);
uint64_t unpack_u64(struct unpack *u);
double unpack_double(struct unpack *u);
uint8_t unpack_byte(struct unpack *u);
void unpack_fail(struct unpack *u, int err); /* 0: nothing */
const uint8_t *unpack_bytes(struct unpack *u, size_t n);

/* What a pack begins with. False: u has failed. */
bool unpack_head(struct unpack *u, enum pack_kind kind);

/* Everything up to the end, into what is empty; what was allocated is the caller's also where u has failed. */
void unpack_client(struct unpack *u, uint64_t *ret_used, struct client_profile *c);
void unpack_domain(struct unpack *u, uint64_t *ret_used, struct domain_profile *d);
void unpack_pair(struct unpack *u, uint64_t *ret_used, struct pair_profile *pair);

#endif
