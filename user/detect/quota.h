/* quota.h: nobody who is watched says alone what is ordinary: of the rows that a model learns from, those of one client are
 * at most a tenth, or three times an even share where the clients are few. */
#ifndef METSUKE_DETECT_QUOTA_H
#define METSUKE_DETECT_QUOTA_H

#include <stdbool.h>
#include <stddef.h>

#define QUOTA_SHARE 0.1
#define QUOTA_EVEN 3

struct quota {
	const void **rows; /* whose each row is; after quota_settle() sorted */
	size_t n, room;
	size_t most; /* rows of one; quota_settle() */
};

/* A row of somebody, known by his address. -ENOMEM. */
int quota_count(struct quota *q, const void *whose);

/* All rows are counted: sets `most` to the largest number that, where each client has no more, is within the share of
 * what then stays. */
void quota_settle(struct quota *q);

/* Does this row of his stay? Of a client with r > most rows each stays with the chance most/r, drawn by what it is
 * about: the same each time. */
bool quota_takes(const struct quota *q, const void *whose, const char *what);

void quota_free(struct quota *q);

#endif
