/* quota.c: see quota.h. */
#include "detect/quota.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/compare.h"
#include "support/hash.h"

int quota_count(struct quota *q, const void *whose)
{
	if (q->n == q->room) {
		size_t room = q->room ? 2 * q->room : 256;
		const void **more = reallocarray(q->rows, room, sizeof(void *));

		if (!more)
			return -ENOMEM;
		q->rows = more;
		q->room = room;
	}
	q->rows[q->n++] = whose;
	return 0;
}

/* Of sorted rows: how many follow that are the same one's. */
static size_t run(const struct quota *q, size_t at)
{
	size_t n = 1;

	while (at + n < q->n && q->rows[at + n] == q->rows[at])
		n++;
	return n;
}

void quota_settle(struct quota *q)
{
	size_t clients = 0, most;
	double share;

	if (q->n)
		qsort(q->rows, q->n, sizeof(void *), compare_pointers);
	for (size_t i = 0; i < q->n; i += run(q, i))
		clients++;
	share = clients ? fmax(QUOTA_SHARE, (double)QUOTA_EVEN / (double)clients) : 1;
	q->most = q->n;
	do { /* less of one is less in all: it falls until it fits */
		size_t stay = 0;

		most = q->most;
		for (size_t i = 0, n; i < q->n; i += n) {
			n = run(q, i);
			stay += n < most ? n : most;
		}
		if ((double)most > share * (double)stay)
			q->most = (size_t)(share * (double)stay);
	} while (q->most < most);
}

bool quota_takes(const struct quota *q, const void *whose, const char *what)
{
	size_t low = 0, high = q->n, n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if ((uintptr_t)q->rows[middle] < (uintptr_t)whose)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == q->n || q->rows[low] != whose)
		return true;
	n = run(q, low);
	return n <= q->most ||
	       (double)(hash_bytes(what, strlen(what), 0) >> 11) * 0x1p-53 < (double)q->most / (double)n;
}

void quota_free(struct quota *q)
{
	free(q->rows);
	*q = (struct quota){ 0 };
}
