/* lof.c: see lof.h. Rows in the same place share everything but their number, so all work is done once per place:
 * a place counts as many neighbours as there are rows in it. */
#include "detect/lof.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/kdtree.h"

_Static_assert(LOF_COLUMNS == KDTREE_COLUMNS, "every row that LOF takes fits into the tree");

#define NO_PLACE UINT32_MAX

struct lof {
	struct lof_options options;
	size_t n, d, n_places, n_ks;
	double *places;	     /* n_places x d */
	uint32_t *place_of;  /* by row */
	uint32_t *rows;	     /* by place, then ascending */
	uint32_t *first_row; /* of each place in rows, and one more */
	struct kdtree *tree;
	double *k_distance, *lrd; /* n_places x n_ks */
	double *lof;		  /* by place */
	uint16_t *lof_k;
	struct kdtree_found *found; /* scratch: n_places */
};

/* Lists of neighbours that are not searched again: those of the first places. */
struct kept {
	struct kdtree_found *found;
	size_t *start; /* n_places + 1 */
	size_t n, room, most, n_places;
};

/* Other places than the point's own, nearest first, and how many more rows are in its own. */
struct around {
	const struct kdtree_found *found;
	size_t n;
	uint32_t own; /* place, or NO_PLACE */
	size_t own_rows;
};

static size_t rows_in(const struct lof *l, uint32_t place)
{
	return l->first_row[place + 1] - l->first_row[place];
}

static double k_distance_of(const struct lof *l, uint32_t place, unsigned int k)
{
	return l->k_distance[place * l->n_ks + (k - l->options.k_min)];
}

static double lrd_of(const struct lof *l, uint32_t place, unsigned int k)
{
	return l->lrd[place * l->n_ks + (k - l->options.k_min)];
}

/* Searches around a point, which may lie in a place of the reference set. */
static struct around look_around(const struct lof *l, const double *point)
{
	size_t bytes = l->d * sizeof(*point);
	struct around a = { .own = NO_PLACE };

	/* One more than k, as one of them may be the point's own. */
	a.n = kdtree_nearest(l->tree, point, l->options.k_max + 1UL, l->found);
	a.found = l->found;
	for (size_t i = 0; i < a.n && l->found[i].distance == 0; i++) {
		uint32_t place = l->found[i].point;

		if (memcmp(l->places + place * l->d, point, bytes) != 0)
			continue; /* another place, so near that the square of the distance is 0 */
		memmove(l->found + i, l->found + i + 1, (a.n - i - 1) * sizeof(*l->found));
		a.n--;
		a.own = place;
		a.own_rows = rows_in(l, place);
		break;
	}
	return a;
}

/* The same for a place, whose list may have been kept. */
static struct around around_place(const struct lof *l, const struct kept *kept, uint32_t place)
{
	struct around a;

	if (place < kept->n_places) {
		a.found = kept->found ? kept->found + kept->start[place] : NULL; /* one place has no other */
		a.n = kept->start[place + 1] - kept->start[place];
		a.own = place;
		a.own_rows = rows_in(l, place);
	} else {
		a = look_around(l, l->places + place * l->d);
	}
	a.own_rows--; /* the row itself */
	return a;
}

/* The k-distance; the places within it are the first *ret_n. */
static double cut(const struct lof *l, const struct around *a, unsigned int k, size_t *ret_n)
{
	double k_distance = 0;
	size_t seen = l->options.distinct ? 0 : a->own_rows, n = 0;

	while (seen < k && n < a->n) {
		k_distance = a->found[n].distance;
		seen += l->options.distinct ? 1 : rows_in(l, a->found[n].point);
		n++;
	}
	while (n < a->n && a->found[n].distance <= k_distance)
		n++;
	*ret_n = n;
	return k_distance;
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

/* |N| / sum of reach; n: of cut(). */
static double density(const struct lof *l, const struct around *a, size_t n, unsigned int k)
{
	double sum = 0, count = a->own_rows;

	if (a->own_rows)
		sum = a->own_rows * k_distance_of(l, a->own, k);
	for (size_t i = 0; i < n; i++) {
		uint32_t place = a->found[i].point;
		double rows = rows_in(l, place);

		count += rows;
		sum += rows * larger(k_distance_of(l, place, k), a->found[i].distance);
	}
	return sum > 0 ? count / sum : INFINITY;
}

/* Infinite over infinite: both are crowded without limit, so neither stands out. */
static double ratio(double other, double own)
{
	return isinf(other) && isinf(own) ? 1 : other / own;
}

static double factor(const struct lof *l, const struct around *a, size_t n, unsigned int k, double lrd)
{
	double sum = 0, count = a->own_rows;

	if (a->own_rows)
		sum = a->own_rows * ratio(lrd_of(l, a->own, k), lrd);
	for (size_t i = 0; i < n; i++) {
		uint32_t place = a->found[i].point;
		double rows = rows_in(l, place);

		count += rows;
		sum += rows * ratio(lrd_of(l, place, k), lrd);
	}
	return count > 0 ? sum / count : 1;
}

/* Of a point whose own place, if any, is not counted in (own_rows: the others there). */
static struct lof_detail judge(const struct lof *l, const struct around *a, unsigned int k, size_t *ret_n)
{
	struct lof_detail detail;

	detail.k_distance = cut(l, a, k, ret_n);
	detail.lrd = density(l, a, *ret_n, k);
	detail.lof = factor(l, a, *ret_n, k, detail.lrd);
	detail.n_neighbours = a->own_rows;
	for (size_t i = 0; i < *ret_n; i++)
		detail.n_neighbours += rows_in(l, a->found[i].point);
	return detail;
}

static int compare_rows(const void *left, const void *right, void *ctx)
{
	const struct lof *l = ctx;
	uint32_t i = *(const uint32_t *)left, j = *(const uint32_t *)right;
	const double *a = l->places + i * l->d, *b = l->places + j * l->d;

	for (size_t c = 0; c < l->d; c++) {
		if (a[c] != b[c])
			return a[c] < b[c] ? -1 : 1;
	}
	return (i > j) - (i < j);
}

/* Leaves each place once in places, and its rows in rows. scratch: n x d. */
static void find_places(struct lof *l, double *scratch)
{
	size_t bytes = l->d * sizeof(*scratch);

	for (uint32_t i = 0; i < l->n; i++)
		l->rows[i] = i;
	qsort_r(l->rows, l->n, sizeof(*l->rows), compare_rows, l);
	for (size_t i = 0; i < l->n; i++) {
		const double *row = l->places + l->rows[i] * l->d;

		if (!i || memcmp(row, scratch + (l->n_places - 1) * l->d, bytes) != 0) {
			l->first_row[l->n_places] = i;
			memcpy(scratch + l->n_places * l->d, row, bytes);
			l->n_places++;
		}
		l->place_of[l->rows[i]] = l->n_places - 1;
	}
	l->first_row[l->n_places] = l->n;
	memcpy(l->places, scratch, l->n_places * bytes);
}

/* Keeps a list, unless there is no room for it or for one before it. */
static void keep(struct kept *kept, const struct around *a, uint32_t place)
{
	struct kdtree_found *more;

	if (place != kept->n_places || kept->n + a->n > kept->most)
		return;
	if (kept->n + a->n > kept->room) {
		size_t room = 2 * kept->room + a->n;

		room = room < kept->most ? room : kept->most;
		more = reallocarray(kept->found, room, sizeof(*more));
		if (!more)
			return;
		kept->found = more;
		kept->room = room;
	}
	if (a->n)
		memcpy(kept->found + kept->n, a->found, a->n * sizeof(*more));
	kept->n += a->n;
	kept->start[++kept->n_places] = kept->n;
}

static void compute(struct lof *l, struct kept *kept)
{
	size_t n;

	for (uint32_t place = 0; place < l->n_places; place++) {
		struct around a = around_place(l, kept, place);

		for (unsigned int k = l->options.k_min; k <= l->options.k_max; k++)
			l->k_distance[place * l->n_ks + (k - l->options.k_min)] = cut(l, &a, k, &n);
		keep(kept, &a, place);
	}
	for (uint32_t place = 0; place < l->n_places; place++) {
		struct around a = around_place(l, kept, place);

		for (unsigned int k = l->options.k_min; k <= l->options.k_max; k++) {
			cut(l, &a, k, &n);
			l->lrd[place * l->n_ks + (k - l->options.k_min)] = density(l, &a, n, k);
		}
	}
	for (uint32_t place = 0; place < l->n_places; place++) {
		struct around a = around_place(l, kept, place);

		for (unsigned int k = l->options.k_min; k <= l->options.k_max; k++) {
			double lof;

			cut(l, &a, k, &n);
			lof = factor(l, &a, n, k, lrd_of(l, place, k));
			if (k == l->options.k_min || lof > l->lof[place]) {
				l->lof[place] = lof;
				l->lof_k[place] = k;
			}
		}
	}
}

/* A copy in which equal values have equal bytes: there is one zero. */
static bool copy_row(double *to, const double *from, size_t d)
{
	for (size_t c = 0; c < d; c++) {
		if (!(fabs(from[c]) <= KDTREE_VALUE_MAX))
			return false;
		to[c] = from[c] + 0.0;
	}
	return true;
}

static int set_up(struct lof *l, const double *rows)
{
	size_t d = l->d;
	double *scratch = NULL;
	struct kept kept = { 0 };
	int err = -ENOMEM;

	l->places = calloc(l->n, d * sizeof(*l->places));
	l->place_of = calloc(l->n, sizeof(*l->place_of));
	l->rows = calloc(l->n, sizeof(*l->rows));
	l->first_row = calloc(l->n + 1, sizeof(*l->first_row));
	scratch = calloc(l->n, d * sizeof(*scratch));
	if (!l->places || !l->place_of || !l->rows || !l->first_row || !scratch)
		goto out;
	err = -EDOM;
	for (size_t i = 0; i < l->n; i++) {
		if (!copy_row(l->places + i * d, rows + i * d, d))
			goto out;
	}
	find_places(l, scratch);
	err = kdtree_new(&l->tree, l->places, l->n_places, d);
	if (err)
		goto out;
	err = -ENOMEM;
	l->k_distance = calloc(l->n_places, l->n_ks * sizeof(*l->k_distance));
	l->lrd = calloc(l->n_places, l->n_ks * sizeof(*l->lrd));
	l->lof = calloc(l->n_places, sizeof(*l->lof));
	l->lof_k = calloc(l->n_places, sizeof(*l->lof_k));
	l->found = calloc(l->n_places, sizeof(*l->found));
	kept.most = (l->options.list_bytes ? l->options.list_bytes : LOF_LIST_BYTES) / sizeof(*kept.found);
	kept.start = calloc(l->n_places + 1, sizeof(*kept.start));
	if (!l->k_distance || !l->lrd || !l->lof || !l->lof_k || !l->found || !kept.start)
		goto out;
	compute(l, &kept);
	err = 0;
out:
	free(kept.start);
	free(kept.found);
	free(scratch);
	return err;
}

int lof_new(struct lof **ret_l, const double *rows, size_t n, size_t d, const struct lof_options *o)
{
	struct lof *l;
	int err;

	if (!d || d > LOF_COLUMNS || !o->k_min || o->k_min > o->k_max || o->k_max > LOF_K_MAX)
		return -EINVAL;
	if (n <= o->k_max)
		return -ERANGE;
	if (n > LOF_CELLS / (o->k_max - o->k_min + 1))
		return -E2BIG;
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->options = *o;
	l->n_ks = o->k_max - o->k_min + 1;
	l->n = n;
	l->d = d;
	err = set_up(l, rows);
	if (err)
		lof_free(l);
	else
		*ret_l = l;
	return err;
}

void lof_free(struct lof *l)
{
	if (!l)
		return;
	kdtree_free(l->tree);
	free(l->places);
	free(l->place_of);
	free(l->rows);
	free(l->first_row);
	free(l->k_distance);
	free(l->lrd);
	free(l->lof);
	free(l->lof_k);
	free(l->found);
	free(l);
}

size_t lof_rows(const struct lof *l)
{
	return l->n;
}

size_t lof_columns(const struct lof *l)
{
	return l->d;
}

const struct lof_options *lof_options(const struct lof *l)
{
	return &l->options;
}

const double *lof_row(const struct lof *l, size_t row)
{
	return l->places + l->place_of[row] * l->d;
}

double lof_of(const struct lof *l, size_t row, unsigned int *ret_k)
{
	uint32_t place = l->place_of[row];

	if (ret_k)
		*ret_k = l->lof_k[place];
	return l->lof[place];
}

int lof_score(struct lof *l, const double *row, double *ret_lof)
{
	double copy[LOF_COLUMNS], most = 0;
	struct around a;
	size_t n;

	if (!copy_row(copy, row, l->d))
		return -EDOM;
	a = look_around(l, copy);
	for (unsigned int k = l->options.k_min; k <= l->options.k_max; k++)
		most = larger(most, judge(l, &a, k, &n).lof);
	*ret_lof = most;
	return 0;
}

struct neighbour {
	double distance;
	uint32_t row;
};

static int by_distance(const void *left, const void *right)
{
	const struct neighbour *a = left, *b = right;

	if (a->distance != b->distance)
		return a->distance < b->distance ? -1 : 1;
	return (a->row > b->row) - (a->row < b->row);
}

static struct neighbour *add_place(const struct lof *l, struct neighbour *to, uint32_t place, double distance,
				   uint32_t except)
{
	for (uint32_t i = l->first_row[place]; i < l->first_row[place + 1]; i++) {
		if (l->rows[i] != except)
			*to++ = (struct neighbour){ distance, l->rows[i] };
	}
	return to;
}

static int explain(const struct lof *l, const struct around *a, unsigned int k, uint32_t row,
		   struct lof_detail *ret_detail, uint32_t *neighbours)
{
	struct neighbour *all, *end;
	size_t n;

	*ret_detail = judge(l, a, k, &n);
	if (!ret_detail->n_neighbours)
		return 0;
	all = calloc(ret_detail->n_neighbours, sizeof(*all));
	if (!all)
		return -ENOMEM;
	end = all;
	if (a->own != NO_PLACE)
		end = add_place(l, end, a->own, 0, row);
	for (size_t i = 0; i < n; i++)
		end = add_place(l, end, a->found[i].point, a->found[i].distance, row);
	qsort(all, end - all, sizeof(*all), by_distance);
	for (size_t i = 0; i < ret_detail->n_neighbours; i++)
		neighbours[i] = all[i].row;
	free(all);
	return 0;
}

int lof_explain(struct lof *l, size_t row, unsigned int k, struct lof_detail *ret_detail, uint32_t *neighbours)
{
	struct around a;

	if (row >= l->n || k < l->options.k_min || k > l->options.k_max)
		return -EINVAL;
	a = look_around(l, lof_row(l, row));
	a.own_rows--;
	return explain(l, &a, k, row, ret_detail, neighbours);
}

int lof_explain_query(struct lof *l, const double *query, unsigned int k, struct lof_detail *ret_detail,
		      uint32_t *neighbours)
{
	double copy[LOF_COLUMNS];
	struct around a;

	if (k < l->options.k_min || k > l->options.k_max)
		return -EINVAL;
	if (!copy_row(copy, query, l->d))
		return -EDOM;
	a = look_around(l, copy);
	return explain(l, &a, k, UINT32_MAX, ret_detail, neighbours);
}
