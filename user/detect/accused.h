/* accused.h: which hosts and processes stand accused, and on what grounds: a listed name or address, or a rhythm at
 * a domain. Each ground ends on its own, when its time is up or its verdict is withdrawn; what is told of a host or
 * process (the pinned map `flagged`) is the strongest one that is left; it blocks where any of them does. */
#ifndef METSUKE_DETECT_ACCUSED_H
#define METSUKE_DETECT_ACCUSED_H

#include <stddef.h>
#include <stdint.h>

#include "pinned.h"

struct accused;

/* f: what is to be told of key from now on; NULL: nothing is left. Called only when that changes. */
typedef void accused_told(void *ctx, const struct flagged_key *key, const struct flagged *f);

/* NULL: out of memory. */
struct accused *accused_new(accused_told *tell, void *ctx);
void accused_free(struct accused *a);

/* A name for a ground, the same for the same parts. kind: where it comes from; text of either part may be empty. */
uint64_t accused_ground(unsigned int kind, const char *who, size_t who_len, const char *what, size_t what_len);

/* A ground that is there already is renewed and keeps its first time. Of more than FLAGGED_MAX, the one that was
 * renewed longest ago goes. */
void accused_add(struct accused *a, const struct flagged_key *key, uint64_t ground, const struct flagged *f);

/* The ground holds no more, for nobody. */
void accused_withdraw(struct accused *a, uint64_t ground);

/* Or not for this one. */
void accused_withdraw_from(struct accused *a, const struct flagged_key *key, uint64_t ground);

/* Everything that is to be told, once more. */
void accused_tell_again(const struct accused *a, accused_told *tell, void *ctx);

/* What has expired before now (since 1970). */
void accused_expire(struct accused *a, uint64_t now_ns);

#endif
