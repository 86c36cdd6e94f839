/* lof.c: vectors of format lof: k-distance, neighbours, lrd and LOF of every point, of queries in novelty mode,
 * and the largest over a range of k. */
#include <stdlib.h>
#include <string.h>

#include "detect/lof.h"
#include "label.h"
#include "vectors.h"

static const json_t *points_of(const json_t *file, const char *name)
{
	size_t i;
	const json_t *c;

	json_array_foreach(json_object_get(file, "cases"), i, c)
	{
		if (!strcmp(text_of(c, "name"), name))
			return json_object_get(c, "points");
	}
	return NULL;
}

static struct lof *lof_of_points(const json_t *points, struct lof_options options)
{
	struct lof *l = NULL;
	size_t n, d;
	const double *rows = vector_rows(points, &n, &d);
	int err = lof_new(&l, rows, n, d, &options);

	if (err)
		vector_fail("lof_new() failed: %s", strerror(-err));
	return l;
}

static void compare_neighbours(const json_t *expected, const uint32_t *got, size_t n, size_t point)
{
	size_t list[n + 1];
	char what[64];

	for (size_t i = 0; i < n; i++)
		list[i] = got[i];
	snprintf(what, sizeof(what), "neighbours of %zu", point);
	vector_indices(expected, list, n, what);
}

static void check_case(const json_t *c)
{
	unsigned int k;
	struct lof *l;
	uint32_t *neighbours;

	vector_case("%s", text_of(c, "name"));
	k = number_of(c, "k");
	l = lof_of_points(json_object_get(c, "points"),
			  (struct lof_options){ k, k, json_is_true(json_object_get(c, "k_distinct_distance")) });
	if (!l)
		return;
	neighbours = calloc(lof_rows(l), sizeof(*neighbours));
	for (size_t i = 0; i < lof_rows(l); i++) {
		struct lof_detail detail;

		if (lof_explain(l, i, k, &detail, neighbours)) {
			vector_fail("lof_explain() failed");
			continue;
		}
		vector_number(json_array_get(json_object_get(c, "k_distance"), i), detail.k_distance,
			      label("k-distance of %zu", i));
		vector_number(json_array_get(json_object_get(c, "lrd"), i), detail.lrd, label("lrd of %zu", i));
		vector_number(json_array_get(json_object_get(c, "lof"), i), lof_of(l, i, NULL),
			      label("LOF of %zu", i));
		vector_number(json_array_get(json_object_get(c, "lof"), i), detail.lof,
			      label("explained LOF of %zu", i));
		compare_neighbours(json_array_get(json_object_get(c, "neighbours"), i), neighbours,
				   detail.n_neighbours, i);
	}
	free(neighbours);
	lof_free(l);
}

static void check_novelty(const json_t *file, const json_t *novelty)
{
	const char *reference = text_of(novelty, "reference");
	unsigned int k;
	const json_t *q;
	struct lof *l;
	uint32_t *neighbours;
	size_t i, n;

	vector_case("novelty over %s", reference);
	k = number_of(novelty, "k");
	l = lof_of_points(
		points_of(file, reference),
		(struct lof_options){ k, k, json_is_true(json_object_get(novelty, "k_distinct_distance")) });
	if (!l)
		return;
	neighbours = calloc(lof_rows(l), sizeof(*neighbours));
	json_array_foreach(json_object_get(novelty, "queries"), i, q)
	{
		const double *query = vector_doubles(json_object_get(q, "query"), &n);
		struct lof_detail detail;
		double lof;

		if (n != lof_columns(l) || lof_score(l, query, &lof) ||
		    lof_explain_query(l, query, k, &detail, neighbours)) {
			vector_fail("query %zu was refused", i);
			continue;
		}
		vector_number(json_object_get(q, "k_distance"), detail.k_distance,
			      label("k-distance of query %zu", i));
		vector_number(json_object_get(q, "lrd"), detail.lrd, label("lrd of query %zu", i));
		vector_number(json_object_get(q, "lof"), lof, label("LOF of query %zu", i));
		compare_neighbours(json_object_get(q, "neighbours"), neighbours, detail.n_neighbours, i);
	}
	free(neighbours);
	lof_free(l);
}

static void check_max_over_k(const json_t *file, const json_t *range)
{
	const char *reference = text_of(range, "reference");
	struct lof *l;

	vector_case("largest over k of %s", reference);
	l = lof_of_points(points_of(file, reference),
			  (struct lof_options){ number_of(range, "k_lb"), number_of(range, "k_ub"), false });
	for (size_t i = 0; l && i < lof_rows(l); i++)
		vector_number(json_array_get(json_object_get(range, "max_lof"), i), lof_of(l, i, NULL),
			      label("LOF of %zu", i));
	lof_free(l);
}

void vectors_lof(const json_t *file)
{
	size_t i;
	const json_t *c;

	json_array_foreach(json_object_get(file, "cases"), i, c) check_case(c);
	if (json_object_get(file, "novelty"))
		check_novelty(file, json_object_get(file, "novelty"));
	if (json_object_get(file, "max_over_k"))
		check_max_over_k(file, json_object_get(file, "max_over_k"));
}
