/* influence.c: see influence.h. */
#include "detect/influence.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/compare.h"

/* More is farther out. */
static double limit(const struct odv *odv)
{
	return odv->options.side == ODV_UPPER ? odv->pass[1].upper : -odv->pass[1].lower;
}

/* How far one owner's rows move the limit outwards. room: for n values. */
static int move_by(const struct odv_options *o, const double *x, const void *const *owners, size_t n,
		   const void *owner, double all, double *room, double *ret_moved)
{
	struct odv without;
	size_t left = 0;
	int err;

	for (size_t i = 0; i < n; i++)
		if (owners[i] != owner)
			room[left++] = x[i];
	err = odv_fit(&without, o, room, left, NULL);
	if (!err)
		*ret_moved = without.pass[0].n < without.least_n ? 0 : all - limit(&without);
	return err;
}

int influence_find(const struct odv_options *o, const double *x, const void *const *owners, size_t n,
		   const void **ret_owner)
{
	const void **sorted = calloc(n ? n : 1, sizeof(void *));
	double *room = calloc(n ? n : 1, sizeof(*room)), moved = 0, most = INFLUENCE_MOST;
	size_t different = 0, rows;
	struct odv all;
	int err = sorted && room ? odv_fit(&all, o, x, n, NULL) : -ENOMEM;

	*ret_owner = NULL;
	if (!err && n) {
		memcpy(sorted, owners, n * sizeof(void *));
		qsort(sorted, n, sizeof(void *), compare_pointers);
		for (size_t i = 0; i < n; i++)
			different += !i || sorted[i] != sorted[i - 1];
	}
	for (size_t i = 0; !err && different >= INFLUENCE_CLIENTS && i < n; i += rows) {
		for (rows = 1; i + rows < n && sorted[i + rows] == sorted[i];)
			rows++;
		if ((double)rows < INFLUENCE_SHARE * (double)n)
			continue;
		err = move_by(o, x, owners, n, sorted[i], limit(&all), room, &moved);
		if (!err && moved > most) {
			most = moved;
			*ret_owner = sorted[i];
		}
	}
	free(sorted);
	free(room);
	return err;
}
