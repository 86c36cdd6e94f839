/* chebyshev.c: chebyshev-odv/1: limits, judgements by them, bounds of p, moments joined, the streaming form. */
#include <stdlib.h>
#include <string.h>

#include "detect/odv.h"
#include "vectors.h"

static bool choose(const json_t *o, const char *key, const char *const *names, int n, int *ret)
{
	const char *s = json_string_value(json_object_get(o, key));

	for (int i = 0; s && i < n; i++) {
		if (!strcmp(s, names[i])) {
			*ret = i;
			return true;
		}
	}
	vector_fail("%s: '%s' is not known", key, s ? s : "");
	return false;
}

static double number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static bool read_options(const json_t *c, struct odv_options *o)
{
	static const char *const bounds[] = { "general", "unimodal", "vp_mean" };
	static const char *const sides[] = { "two", "upper", "lower" };
	static const char *const transforms[] = { "none", "ln", "ln1p" };
	int bound, side, transform;

	if (!choose(c, "bound", bounds, 3, &bound) || !choose(c, "side", sides, 3, &side) ||
	    !choose(c, "transform", transforms, 3, &transform))
		return false;
	*o = (struct odv_options){
		.bound = bound,
		.side = side,
		.transform = transform,
		.p1 = number(c, "p1"),
		.p2 = number(c, "p2"),
		.sd_floor = number(c, "sd_floor"),
		.zero_variance_correction = json_is_true(json_object_get(c, "zero_variance_correction")),
	};
	return true;
}

/* expected may leave mode and B out. */
static void compare_pass(const json_t *expected, const struct odv_pass *p, const char *which)
{
	const struct {
		const char *key;
		double got;
	} rows[] = { { "n", p->n },	 { "mean", p->mean }, { "sd", p->sd },	     { "mode", p->mode },
		     { "B", p->spread }, { "k", p->k },	      { "odv_l", p->lower }, { "odv_u", p->upper } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const json_t *e = json_object_get(expected, rows[i].key);
		char what[64];

		snprintf(what, sizeof(what), "%s.%s", which, rows[i].key);
		if (e || (strcmp(rows[i].key, "mode") && strcmp(rows[i].key, "B")))
			vector_number(e, rows[i].got, what);
	}
}

static size_t outside(const struct odv *o, const double *x, size_t n, size_t *rows)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		if (odv_judge(o, x[i]).flagged)
			rows[found++] = i;
	return found;
}

static size_t removed(const struct odv *o, const double *x, size_t n, size_t *rows)
{
	size_t found = 0;

	for (size_t i = 0; i < n && !o->clamped; i++) {
		double value = odv_transform(&o->options, x[i]);

		if (value < o->pass[0].lower || value > o->pass[0].upper)
			rows[found++] = i;
	}
	return found;
}

static void fit_case(const json_t *c)
{
	const json_t *expect = json_object_get(c, "expect"), *test = json_object_get(c, "test");
	struct odv_options options;
	struct odv fitted;
	size_t n, n_test = 0, bad = 0, *rows;
	const double *x, *y = NULL;
	int err;

	vector_case("cases: %s", json_string_value(json_object_get(c, "name")));
	if (!read_options(c, &options))
		return;
	x = vector_doubles(json_object_get(c, "x"), &n);
	if (test)
		y = vector_doubles(test, &n_test);
	err = odv_fit(&fitted, &options, x, n, &bad);
	if (err) {
		vector_fail("no limits: %s, value %zu", strerror(-err), bad);
		return;
	}
	rows = calloc(n + n_test + 1, sizeof(*rows));
	if (!rows)
		abort();
	compare_pass(json_object_get(expect, "pass1"), &fitted.pass[0], "pass1");
	compare_pass(json_object_get(expect, "pass2"), &fitted.pass[1], "pass2");
	vector_bool(json_object_get(expect, "zero_variance_branch"), fitted.clamped, "zero_variance_branch");
	vector_indices(json_object_get(expect, "removed_pass1"), rows, removed(&fitted, x, n, rows),
		       "removed_pass1");
	vector_indices(json_object_get(expect, "flagged"), rows, outside(&fitted, x, n, rows), "flagged");
	if (y)
		vector_indices(json_object_get(c, "expect_test_flagged"), rows, outside(&fitted, y, n_test, rows),
			       "expect_test_flagged");
	free(rows);
}

static void bounds_case(const json_t *c)
{
	double z = number(c, "z"), n = number(c, "n");

	vector_case("p_bounds: z %g, n %g", z, n);
	vector_number(json_object_get(c, "p_general"), odv_p(ODV_GENERAL, ODV_TWO, z), "p_general");
	vector_number(json_object_get(c, "p_cantelli"), odv_p(ODV_GENERAL, ODV_UPPER, z), "p_cantelli");
	vector_number(json_object_get(c, "p_unimodal_k"), odv_p(ODV_UNIMODAL, ODV_TWO, z), "p_unimodal_k");
	vector_number(json_object_get(c, "p_saw_kaban"), odv_p_new(z, n), "p_saw_kaban");
}

static void compare_moments(const json_t *expected, const struct moments *m, const char *which)
{
	char what[64];

	snprintf(what, sizeof(what), "%s.n", which);
	vector_integer(json_object_get(expected, "n"), (int64_t)m->n, what);
	snprintf(what, sizeof(what), "%s.mean", which);
	vector_number(json_object_get(expected, "mean"), m->mean, what);
	snprintf(what, sizeof(what), "%s.M2", which);
	vector_number(json_object_get(expected, "M2"), m->m2, what);
	snprintf(what, sizeof(what), "%s.sd", which);
	if (json_object_get(expected, "sd"))
		vector_number(json_object_get(expected, "sd"), moments_sd(m), what);
}

static void merge_case(const json_t *c)
{
	struct moments sum = { 0 };
	const json_t *part;
	size_t i;

	vector_case("welford_merge");
	json_array_foreach(json_object_get(c, "parts"), i, part)
	{
		struct moments m = { 0 };
		char which[32];
		size_t n;
		const double *x = vector_doubles(part, &n);

		for (size_t k = 0; k < n; k++)
			moments_add(&m, x[k]);
		snprintf(which, sizeof(which), "per_part[%zu]", i);
		compare_moments(json_array_get(json_object_get(c, "per_part"), i), &m, which);
		moments_merge(&sum, &m);
	}
	compare_moments(json_object_get(c, "merged"), &sum, "merged");
}

static void stream_case(const json_t *c)
{
	const struct odv_options o = { .p1 = number(c, "p1"), .p2 = number(c, "p2") };
	size_t n, found = 0, *rows;
	struct odv_stream s;
	const double *x;

	vector_case("streaming");
	x = vector_doubles(json_object_get(c, "x"), &n);
	rows = calloc(n + 1, sizeof(*rows));
	if (!rows)
		abort();
	if (odv_stream_init(&s, &o, (uint64_t)number(c, "n0")))
		vector_fail("the options are refused");
	else
		for (size_t i = 0; i < n; i++)
			if (odv_stream_add(&s, x[i]) == ODV_STREAM_OUTSIDE)
				rows[found++] = i;
	vector_indices(json_object_get(c, "expect_flagged"), rows, found, "expect_flagged");
	compare_moments(json_object_get(c, "A"), &s.all, "A");
	compare_moments(json_object_get(c, "B"), &s.inliers, "B");
	free(rows);
}

void vectors_chebyshev(const json_t *file)
{
	const json_t *c;
	size_t i;

	json_array_foreach(json_object_get(file, "cases"), i, c) fit_case(c);
	json_array_foreach(json_object_get(file, "p_bounds"), i, c) bounds_case(c);
	if (json_object_get(file, "welford_merge"))
		merge_case(json_object_get(file, "welford_merge"));
	if (json_object_get(file, "streaming"))
		stream_case(json_object_get(file, "streaming"));
}
