/* fit.c: see fit.h. */
#include "detect/fit.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/influence.h"
#include "detect/quota.h"

struct column {
	double *at;
	size_t n, room;
};

struct fitting {
	struct profiles *profiles;
	const struct fit_options *options;
	struct fit_report *report;
	struct column columns[N_CRITERIA];
	struct column rows;   /* stage 1: row after row */
	struct quota quota;   /* of the stage's rows */
	const void **owners;  /* whose each row of stage 1 is */
	size_t room_owners;
	struct pair_profile **software;
	size_t n_software, room_software;
	struct model *m;
	bool failed;
};

static void append(struct fitting *f, struct column *c, double x)
{
	if (c->n == c->room) {
		size_t room = c->room ? 2 * c->room : 256;
		double *more = reallocarray(c->at, room, sizeof(*more));

		if (!more) {
			f->failed = true;
			return;
		}
		c->at = more;
		c->room = room;
	}
	c->at[c->n++] = x;
}

static void append_owner(struct fitting *f, const void *owner)
{
	size_t n = f->report->browsers;

	if (n == f->room_owners) {
		size_t room = n ? 2 * n : 256;
		const void **more = reallocarray(f->owners, room, sizeof(void *));

		if (!more) {
			f->failed = true;
			return;
		}
		f->owners = more;
		f->room_owners = room;
	}
	f->owners[n] = owner;
}

static bool is_browser(const struct fitting *f, const struct pair_profile *pair)
{
	return pair->browser_like >= f->options->browser_share * pair->http.messages;
}

/* Enough of it, and nothing said against it. */
static bool takes_part(struct fitting *f, const struct pair_profile *pair, bool counted)
{
	struct fit_report unused = { 0 }, *r = counted ? f->report : &unused;

	if (!pair->http.messages)
		return false;
	r->pairs++;
	if (pair->state.judgement == JUDGED_SUSPICIOUS || pair->state.judgement == JUDGED_LISTED) {
		r->odd++;
		return false;
	}
	if (f->options->allowed && f->options->allowed(f->options->ctx, pair)) {
		r->allowed++;
		return false;
	}
	if (pair->http.checkins < f->options->min_checkins) {
		r->few++;
		return false;
	}
	return true;
}

/* Returns false for one that is no row of stage 1. */
static bool browser_values(struct fitting *f, const struct pair_profile *pair, bool counted,
			   double ret_values[N_HTTP_CRITERIA])
{
	uint64_t samples;

	if (!takes_part(f, pair, counted))
		return false;
	if (!is_browser(f, pair)) {
		f->report->software += counted;
		return false;
	}
	for (enum criterion i = 0; i < N_HTTP_CRITERIA; i++) {
		ret_values[i] = criterion_value(i, f->profiles, pair, &samples);
		if (!isfinite(ret_values[i]))
			return false;
	}
	return true;
}

static bool count_browser(void *ctx, struct pair_profile *pair)
{
	struct fitting *f = ctx;
	double values[N_HTTP_CRITERIA];

	if (browser_values(f, pair, true, values) && quota_count(&f->quota, pair->client))
		f->failed = true;
	return !f->failed;
}

static bool add_browser(void *ctx, struct pair_profile *pair)
{
	struct fitting *f = ctx;
	double values[N_HTTP_CRITERIA];

	if (!browser_values(f, pair, false, values))
		return true;
	if (!quota_takes(&f->quota, pair->client, pair->domain->key)) {
		f->report->beyond++;
		return true;
	}
	for (enum criterion i = 0; i < N_HTTP_CRITERIA; i++) {
		append(f, &f->columns[i], values[i]);
		append(f, &f->rows, values[i]);
	}
	append_owner(f, pair->client);
	f->report->browsers++;
	return !f->failed;
}

/* Software by what it says of itself, or by what the limits of its timing say. */
static bool is_software(const struct fitting *f, const struct pair_profile *pair)
{
	uint64_t samples;

	if (!is_browser(f, pair))
		return true;
	for (enum criterion i = CRITERION_GAP_CV; i <= CRITERION_GAP_SPREAD; i++)
		if (odv_judge(&f->m->odv[i], criterion_value(i, f->profiles, pair, &samples)).flagged)
			return true;
	return false;
}

static bool find_software(void *ctx, struct pair_profile *pair)
{
	struct fitting *f = ctx;

	if (!takes_part(f, pair, false) || !is_software(f, pair))
		return true;
	if (f->n_software == f->room_software) {
		size_t room = f->room_software ? 2 * f->room_software : 256;
		struct pair_profile **more = reallocarray(f->software, room, sizeof(void *));

		if (!more) {
			f->failed = true;
			return false;
		}
		f->software = more;
		f->room_software = room;
	}
	f->software[f->n_software++] = pair;
	return true;
}

static int by_domain(const void *a, const void *b)
{
	return strcmp((*(struct pair_profile *const *)a)->domain->key,
		      (*(struct pair_profile *const *)b)->domain->key);
}

/* Whose row a domain of stage 2 is: the client's that alone asks for it, or else its own. */
static const void *owner(const struct pair_profile *pair)
{
	return distinct_count(&pair->domain->clients) > 1 ? (const void *)pair->domain : pair->client;
}

/* Each domain once, whoever asked for it. */
static void add_domains(struct fitting *f)
{
	size_t n = 0;
	uint64_t samples;

	qsort(f->software, f->n_software, sizeof(void *), by_domain);
	for (size_t i = 0; i < f->n_software; i++)
		if (!n || f->software[n - 1]->domain != f->software[i]->domain)
			f->software[n++] = f->software[i];
	quota_free(&f->quota);
	for (size_t i = 0; i < n; i++)
		if (quota_count(&f->quota, owner(f->software[i])))
			f->failed = true;
	quota_settle(&f->quota);
	for (size_t k = 0; k < n; k++) {
		const struct pair_profile *pair = f->software[k];

		if (!quota_takes(&f->quota, owner(pair), pair->domain->key)) {
			f->report->beyond++;
			continue;
		}
		for (enum criterion i = N_HTTP_CRITERIA; i < N_CRITERIA; i++)
			append(f, &f->columns[i], criterion_value(i, f->profiles, pair, &samples));
		f->report->domains++;
	}
}

static bool say(char *error, size_t size, const char *what, int err)
{
	snprintf(error, size, "%s: %s", what, strerror(-err));
	return false;
}

/* Takes one's rows out of stage 1. */
static void drop_owner(struct fitting *f, const void *owner)
{
	const size_t d = N_HTTP_CRITERIA;
	size_t n = 0;

	for (size_t i = 0; i < f->report->browsers; i++) {
		if (f->owners[i] == owner)
			continue;
		for (enum criterion c = 0; c < N_HTTP_CRITERIA; c++)
			f->columns[c].at[n] = f->columns[c].at[i];
		memmove(f->rows.at + n * d, f->rows.at + i * d, d * sizeof(double));
		f->owners[n++] = f->owners[i];
	}
	for (enum criterion c = 0; c < N_HTTP_CRITERIA; c++)
		f->columns[c].n = n;
	f->report->browsers = n;
}

/* Who alone makes less of timing odd has no say, one after the other. */
static bool drop_influence(struct fitting *f, char *error, size_t size)
{
	enum criterion i = CRITERION_GAP_CV;

	while (i <= CRITERION_GAP_SPREAD) {
		const void *owner;
		int err = influence_find(&criteria[i].odv, f->columns[i].at, f->owners, f->report->browsers, &owner);

		if (err)
			return say(error, size, criteria[i].name, err);
		if (owner) {
			drop_owner(f, owner);
			f->report->swayed++;
			i = CRITERION_GAP_CV;
		} else {
			i++;
		}
	}
	return true;
}

/* Limits of the columns of one stage. */
static bool fit_limits(struct fitting *f, enum criterion from, enum criterion to, char *error, size_t size)
{
	for (enum criterion i = from; i < to; i++) {
		struct odv *odv = &f->m->odv[i];
		int err = odv_fit(odv, &criteria[i].odv, f->columns[i].at, f->columns[i].n, NULL);

		if (err)
			return say(error, size, criteria[i].name, err);
		if (odv->pass[0].n < odv->least_n) {
			snprintf(error, size, "%s: %.0f rows are too few for limits: %.0f are needed",
				 criteria[i].name, odv->pass[0].n, odv->least_n);
			return false;
		}
	}
	return true;
}

static bool fit_svm(struct fitting *f, double *rows, size_t n, char *error, size_t size)
{
	const struct ocsvm_options options = { .nu = f->options->nu,
					       .gamma = f->options->gamma > 0 ? f->options->gamma
									      : 1.0 / N_HTTP_CRITERIA,
					       .seed = f->options->seed };
	int err = ocsvm_train(&f->m->svm, rows, n, N_HTTP_CRITERIA, &options);

	return !err || say(error, size, "one-class SVM", err);
}

static bool fit_lof(struct fitting *f, double *rows, size_t n, char *error, size_t size)
{
	const struct lof_options options = { f->options->k_min, f->options->k_max, true };
	size_t most = f->options->reference_rows, picked = n < most ? n : most;
	uint32_t *which = calloc(picked, sizeof(*which));
	int err = -ENOMEM;

	if (which) {
		picked = ocsvm_sample(n, most, f->options->seed, which);
		for (size_t i = 0; i < picked; i++)
			memmove(rows + i * N_HTTP_CRITERIA, rows + which[i] * N_HTTP_CRITERIA,
				N_HTTP_CRITERIA * sizeof(*rows));
		err = lof_new(&f->m->lof, rows, picked, N_HTTP_CRITERIA, &options);
	}
	free(which);
	f->m->lof_limit = f->options->lof_limit;
	return !err || say(error, size, "LOF", err);
}

/* Software that calls itself a browser would be at home among them: what the limits of timing hold to be odd goes.
 * Returns how many rows stay. */
static size_t drop_odd(struct fitting *f)
{
	const size_t d = N_HTTP_CRITERIA;
	size_t n = 0;

	for (size_t i = 0; i < f->report->browsers; i++) {
		const double *row = f->rows.at + i * d;

		if (odv_judge(&f->m->odv[CRITERION_GAP_CV], row[CRITERION_GAP_CV]).flagged ||
		    odv_judge(&f->m->odv[CRITERION_GAP_SPREAD], row[CRITERION_GAP_SPREAD]).flagged)
			continue;
		memmove(f->rows.at + n++ * d, row, d * sizeof(*row));
	}
	f->report->disguised = f->report->browsers - n;
	return n;
}

/* The joint vector: scaled, then both second opinions. The rows are in use up to here only. */
static bool fit_joint(struct fitting *f, char *error, size_t size)
{
	struct scaling *s = &f->m->scaling;
	size_t n = drop_odd(f);
	int err;

	if (n <= f->options->k_max) {
		snprintf(error, size, "%zu browsers that are not too regular are too few: LOF needs more than %u", n,
			 f->options->k_max);
		return false;
	}
	s->d = N_HTTP_CRITERIA;
	for (size_t i = 0; i < s->d; i++)
		s->columns[i] =
			(struct scaling_column){ .transform = SCALING_LN, .offset = criteria[i].odv.offset };
	err = scaling_fit(s, f->rows.at, n, criteria[0].odv.sd_floor, NULL);
	for (size_t i = 0; !err && i < n; i++)
		err = scaling_apply(s, f->rows.at + i * s->d, f->rows.at + i * s->d, NULL);
	if (err)
		return say(error, size, "scaling", err);
	return fit_svm(f, f->rows.at, n, error, size) && fit_lof(f, f->rows.at, n, error, size);
}

static bool fit(struct fitting *f, char *error, size_t size)
{
	profiles_each_pair(f->profiles, count_browser, f);
	quota_settle(&f->quota);
	profiles_each_pair(f->profiles, add_browser, f);
	if (!f->failed && !(drop_influence(f, error, size) && fit_limits(f, 0, N_HTTP_CRITERIA, error, size) &&
			    fit_joint(f, error, size)))
		return false;
	if (!f->failed)
		profiles_each_pair(f->profiles, find_software, f);
	if (!f->failed)
		add_domains(f);
	if (f->failed)
		return say(error, size, "model", -ENOMEM);
	if (!fit_limits(f, N_HTTP_CRITERIA, N_CRITERIA, error, size))
		return false;
	f->m->http_rows = f->report->browsers - f->report->disguised;
	f->m->dns_rows = f->report->domains;
	f->m->note = strdup(f->options->note ? f->options->note : "");
	return f->m->note || say(error, size, "model", -ENOMEM);
}

struct model *model_fit(struct profiles *profiles, const struct fit_options *options, struct fit_report *report,
			char *error, size_t size)
{
	struct fitting f = {
		.profiles = profiles, .options = options, .report = report, .m = calloc(1, sizeof(*f.m))
	};
	struct model *m = NULL;

	memset(report, 0, sizeof(*report));
	if (!f.m)
		(void)say(error, size, "model", -ENOMEM);
	else if (fit(&f, error, size))
		m = f.m;
	if (!m)
		model_free(f.m);
	for (enum criterion i = 0; i < N_CRITERIA; i++)
		free(f.columns[i].at);
	free(f.rows.at);
	free(f.software);
	quota_free(&f.quota);
	free(f.owners);
	return m;
}
