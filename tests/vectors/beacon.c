/* beacon.c: vectors of format beacon-rita: every sub-score and what is behind it. A score that sits on a rounding
 * edge may differ by 0.001, as the format says; whether it does is computed here. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/beacon.h"
#include "label.h"
#include "vectors.h"

/* A score that was rounded from `exact`. */
static void check_rounded(const json_t *expected, double got, double exact, const char *what)
{
	double thousandths = exact * 1000 - 0.5;

	if (fabs(thousandths - floor(thousandths + 0.5)) < 1e-6)
		vector_within(expected, got, 0.001 + 1e-9, what);
	else
		vector_number(expected, got, what);
}

static void check_spread(const json_t *expected, const struct beacon_spread *got, const char *of)
{
	char what[64];

	vector_number(json_object_get(expected, "q1"), got->q1, label("%s: q1", of));
	vector_number(json_object_get(expected, "q2"), got->q2, label("%s: q2", of));
	vector_number(json_object_get(expected, "q3"), got->q3, label("%s: q3", of));
	vector_number(json_object_get(expected, "skew"), got->skew, label("%s: skew", of));
	vector_number(json_object_get(expected, "skew_score"), got->skew_score, label("%s: skew score", of));
	vector_number(json_object_get(expected, "median"), got->q2, label("%s: median", of));
	vector_number(json_object_get(expected, "mad"), got->mad, label("%s: mad", of));
	vector_number(json_object_get(expected, "mad_score"), got->mad_score, label("%s: mad score", of));
	snprintf(what, sizeof(what), "%s: score", of);
	check_rounded(json_object_get(expected, "score"), got->score, (got->skew_score + got->mad_score) / 2,
		      what);
}

static void check_hist(const json_t *expected, const struct beacon_hist *got)
{
	const json_t *levels = json_object_get(expected, "freq_count");
	size_t bins[BEACON_BINS];

	for (size_t i = 0; i < BEACON_BINS; i++)
		bins[i] = got->bins[i];
	vector_indices(json_object_get(expected, "bins"), bins, BEACON_BINS, "hist: bins");
	vector_number(json_object_get(expected, "total_bars"), got->bars, "hist: bars");
	vector_number(json_object_get(expected, "freq_bin_size"), got->level_size, "hist: size of a level");
	vector_number(json_object_get(expected, "longest_run"), got->longest_run, "hist: longest run");
	if (json_object_size(levels) != got->n_levels)
		vector_fail("hist: %u levels, not %zu", got->n_levels, json_object_size(levels));
	for (unsigned int i = 0; i < got->n_levels; i++) {
		char count[16];

		snprintf(count, sizeof(count), "%u", got->levels[i].count);
		if (!json_object_get(levels, count))
			vector_fail("hist: there is no level %s", count);
		vector_number(json_object_get(levels, count), got->levels[i].bins,
			      label("hist: bins of level %s", count));
	}
	vector_number(json_object_get(expected, "cv_score"), got->cv_score, "hist: cv score");
	vector_number(json_object_get(expected, "bimodal_score"), got->bimodal_score, "hist: bimodal score");
	vector_number(json_object_get(expected, "score"), got->score, "hist: score");
}

static void check_case(const json_t *c)
{
	const json_t *expected = json_object_get(c, "expect");
	size_t n, n_sizes, n_gaps = 0, *gaps;
	const double *at, *sizes;
	uint64_t *times;
	struct beacon b;
	int err;

	vector_case("%s", text_of(c, "name"));
	at = vector_doubles(json_object_get(c, "timestamps"), &n);
	sizes = vector_doubles(json_object_get(c, "bytes"), &n_sizes);
	times = calloc(n + 1, sizeof(*times));
	gaps = calloc(n + 1, sizeof(*gaps));
	for (size_t i = 0; i < n; i++) {
		times[i] = at[i];
		if (i && times[i] != times[i - 1])
			gaps[n_gaps++] = times[i] - times[i - 1];
	}
	err = beacon_score(times, n, sizes, n_sizes, number_of(c, "dataset_min"), number_of(c, "dataset_max"), &b);
	if (err) {
		vector_fail("beacon_score() failed: %s", strerror(-err));
	} else {
		vector_indices(json_object_get(expected, "intervals"), gaps, n_gaps, "intervals");
		check_spread(json_object_get(expected, "ts"), &b.ts, "ts");
		check_spread(json_object_get(expected, "ds"), &b.ds, "ds");
		check_hist(json_object_get(expected, "hist"), &b.hist);
		vector_number(json_object_get(json_object_get(expected, "dur"), "coverage"), b.dur.coverage,
			      "dur: coverage");
		vector_number(json_object_get(json_object_get(expected, "dur"), "consistency"), b.dur.consistency,
			      "dur: consistency");
		vector_number(json_object_get(json_object_get(expected, "dur"), "score"), b.dur.score,
			      "dur: score");
		check_rounded(json_object_get(expected, "beacon_score"), b.score,
			      (b.ts.score + b.ds.score + b.hist.score + b.dur.score) / 4, "total");
	}
	free(gaps);
	free(times);
}

void vectors_beacon(const json_t *file)
{
	const json_t *c;
	size_t i;

	json_array_foreach(json_object_get(file, "cases"), i, c) check_case(c);
}
