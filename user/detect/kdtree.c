/* kdtree.c: see kdtree.h. Nodes are split at the median of the widest side, hence their number and depth depend on
 * n alone. Points lie in the order of the leaves. */
#include "detect/kdtree.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LEAF 40 /* with 6 columns 10 to 40 make no difference, with 16 this halves the time */

struct node {
	uint32_t first, n; /* points below */
	uint32_t right;	   /* the left child follows its parent; 0: a leaf */
};

struct kdtree {
	size_t n, d;
	double *points;
	uint32_t *index; /* as the caller numbers them */
	struct node *nodes;
	double *boxes; /* of each node: d lower bounds, then d upper ones */
};

struct build {
	struct kdtree *t;
	const double *points;
	uint32_t n_nodes;
	uint32_t random;
};

static double value_of(const struct build *b, uint32_t at, size_t column)
{
	return b->points[b->t->index[at] * b->t->d + column];
}

static void swap(uint32_t *index, uint32_t a, uint32_t b)
{
	uint32_t kept = index[a];

	index[a] = index[b];
	index[b] = kept;
}

/* Moves what is smallest in the column to the front, so that index[middle] is what sorting would put there
 * (Hoare's selection). Equal values make their own part, or columns with few values would take n squared. */
static void select_middle(struct build *b, uint32_t first, uint32_t end, uint32_t middle, size_t column)
{
	uint32_t *index = b->t->index;

	while (end - first > 1) {
		uint32_t less = first, at = first, more = end;
		double pivot;

		b->random = b->random * 1664525 + 1013904223;
		pivot = value_of(b, first + (b->random >> 1) % (end - first), column);
		while (at < more) {
			double x = value_of(b, at, column);

			if (x < pivot)
				swap(index, less++, at++);
			else if (x > pivot)
				swap(index, at, --more);
			else
				at++;
		}
		if (middle < less)
			end = less;
		else if (middle >= more)
			first = more;
		else
			return;
	}
}

/* Returns the widest column. */
static size_t find_box(const struct build *b, uint32_t first, uint32_t n, double *low, double *high)
{
	size_t d = b->t->d, widest = 0;

	for (size_t c = 0; c < d; c++)
		low[c] = high[c] = value_of(b, first, c);
	for (uint32_t i = first + 1; i < first + n; i++) {
		for (size_t c = 0; c < d; c++) {
			double x = value_of(b, i, c);

			if (x < low[c])
				low[c] = x;
			if (x > high[c])
				high[c] = x;
		}
	}
	for (size_t c = 1; c < d; c++) {
		if (high[c] - low[c] > high[widest] - low[widest])
			widest = c;
	}
	return widest;
}

static uint32_t build_node(struct build *b, uint32_t first, uint32_t n)
{
	uint32_t me = b->n_nodes++;
	double *box = b->t->boxes + 2 * b->t->d * me;
	size_t widest = find_box(b, first, n, box, box + b->t->d);
	struct node *node = &b->t->nodes[me];

	*node = (struct node){ .first = first, .n = n };
	if (n <= LEAF)
		return me;
	select_middle(b, first, first + n, first + n / 2, widest);
	build_node(b, first, n / 2);
	node->right = build_node(b, first + n / 2, n - n / 2);
	return me;
}

void kdtree_free(struct kdtree *t)
{
	if (!t)
		return;
	free(t->points);
	free(t->index);
	free(t->nodes);
	free(t->boxes);
	free(t);
}

int kdtree_new(struct kdtree **ret_t, const double *points, size_t n, size_t d)
{
	struct build b = { .points = points, .random = 1 };
	struct kdtree *t;
	/* A leaf has at least half of LEAF points, and there is one node less inside than there are leaves. */
	size_t most_nodes = n / (LEAF / 2) * 2 + 1;

	if (!n || n > UINT32_MAX / 2 || !d || d > KDTREE_COLUMNS)
		return -EINVAL;
	t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->n = n;
	t->d = d;
	t->points = calloc(n, d * sizeof(*t->points));
	t->index = calloc(n, sizeof(*t->index));
	t->nodes = calloc(most_nodes, sizeof(*t->nodes));
	t->boxes = calloc(most_nodes, 2 * d * sizeof(*t->boxes));
	if (!t->points || !t->index || !t->nodes || !t->boxes) {
		kdtree_free(t);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		t->index[i] = i;
	b.t = t;
	build_node(&b, 0, n);
	for (size_t i = 0; i < n; i++)
		memcpy(t->points + i * d, points + t->index[i] * d, d * sizeof(*points));
	*ret_t = t;
	return 0;
}

struct search {
	const struct kdtree *t;
	const double *query;
	size_t k, n;
	struct kdtree_found *found; /* the k nearest in order, then those that tie with the last of them */
	double farthest;	    /* distance of that one; infinite before there are k */
	double limit;		    /* a squared distance above this is certainly farther than that */
};

static bool is_before(const struct kdtree_found *a, const struct kdtree_found *b)
{
	return a->distance < b->distance || (a->distance == b->distance && a->point < b->point);
}

static void set_farthest(struct search *s, double distance)
{
	s->farthest = distance;
	/* The root is rounded, and the square again; below DBL_MIN rounding is not relative any more. */
	s->limit = distance * distance * (1 + 8 * DBL_EPSILON) + DBL_MIN;
}

static void take(struct search *s, struct kdtree_found new)
{
	struct kdtree_found last = { .distance = INFINITY };
	size_t at;

	if (s->n >= s->k) {
		last = s->found[s->k - 1];
		if (new.distance > last.distance)
			return;
		if (!is_before(&new, &last)) {
			s->found[s->n++] = new;
			return;
		}
		at = s->k - 1;
	} else {
		at = s->n++;
	}
	while (at && is_before(&new, &s->found[at - 1])) {
		s->found[at] = s->found[at - 1];
		at--;
	}
	s->found[at] = new;
	if (s->n < s->k)
		return;
	if (s->farthest < INFINITY) {
		if (last.distance > s->found[s->k - 1].distance)
			s->n = s->k;
		else
			s->found[s->n++] = last;
	}
	set_farthest(s, s->found[s->k - 1].distance);
}

static void look_at_leaf(struct search *s, const struct node *node)
{
	size_t d = s->t->d;

	for (uint32_t i = node->first; i < node->first + node->n; i++) {
		const double *point = s->t->points + i * d;
		struct kdtree_found new = { .point = s->t->index[i] };
		double square = 0;

		for (size_t c = 0; c < d; c++) {
			double off = s->query[c] - point[c];

			square += off * off;
		}
		if (square > s->limit)
			continue;
		new.distance = sqrt(square);
		take(s, new);
	}
}

/* The least that the square of a distance to a point in the node can be. */
static double bound(const struct search *s, uint32_t node)
{
	size_t d = s->t->d;
	const double *low = s->t->boxes + 2 * d * node, *high = low + d;
	double square = 0;

	for (size_t c = 0; c < d; c++) {
		double below = low[c] - s->query[c], above = s->query[c] - high[c];
		double off = below > above ? below : above;

		off = off > 0 ? off : 0;
		square += off * off;
	}
	return square;
}

static void visit(struct search *s, uint32_t me)
{
	const struct node *node = &s->t->nodes[me];
	uint32_t near = me + 1, far = node->right;
	double to_near, to_far;

	if (!node->right) {
		look_at_leaf(s, node);
		return;
	}
	to_near = bound(s, near);
	to_far = bound(s, far);
	if (to_far < to_near) {
		double kept = to_near;

		near = node->right;
		far = me + 1;
		to_near = to_far;
		to_far = kept;
	}
	if (to_near <= s->limit)
		visit(s, near);
	if (to_far <= s->limit)
		visit(s, far);
}

static int by_point(const void *a, const void *b)
{
	uint32_t left = ((const struct kdtree_found *)a)->point, right = ((const struct kdtree_found *)b)->point;

	return (left > right) - (left < right);
}

size_t kdtree_nearest(const struct kdtree *t, const double *query, size_t k, struct kdtree_found *found)
{
	struct search s = { .t = t, .query = query, .k = k < t->n ? k : t->n, .found = found };
	size_t tied;

	if (!s.k)
		return 0;
	s.farthest = s.limit = INFINITY;
	visit(&s, 0);
	tied = s.k;
	while (tied && found[tied - 1].distance == s.farthest)
		tied--;
	qsort(found + tied, s.n - tied, sizeof(*found), by_point);
	return s.n;
}
