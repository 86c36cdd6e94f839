/* methods.c: see methods.h. */
#include "evaluate/methods.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/beacon.h"
#include "detect/model.h"

#define REQUESTS (1U << ROW_REQUESTS)
#define LOOKUPS (1U << ROW_LOOKUPS)
#define CLIENTS (1U << ROW_CLIENT)

#define BEACON_LIMIT 0.8      /* METHODS 4.2 */
#define PERSISTENCE_LIMIT 0.6 /* Giroire et al. 2009 */
#define NU 0.05
#define GAMMA (1.0 / N_HTTP_CRITERIA)
#define SD_FLOOR 0.05
#define LOF_K_MIN 10
#define LOF_K_UP_TO 20
#define LOF_LIMIT 1.5
#define SCORE_MOST 1e300 /* in place of infinity: a place where training rows lie upon each other */

const struct method_kind methods[N_METHODS] = {
	[METHOD_JOINT] = { "joint rule", "joint", REQUESTS | LOOKUPS | CLIENTS, "an alert was told", true },
	[METHOD_RAW_GENERAL] = { "as written, general", "raw-general", REQUESTS | LOOKUPS, "outside ODV2", true },
	[METHOD_RAW_UNIMODAL] = { "as written, unimodal", "raw-unimodal", REQUESTS | LOOKUPS, "outside ODV2", false },
	[METHOD_RAW_VP] = { "as written, VP", "raw-vp", REQUESTS | LOOKUPS, "outside ODV2", false },
	[METHOD_RAW_STAGES] = { "as written, both stages", "raw-stages", REQUESTS | LOOKUPS, "outside ODV2 twice", false },
	[METHOD_LN_GENERAL] = { "ODV ln timing, general", "ln-general", REQUESTS | LOOKUPS, "below ODV2", false },
	[METHOD_LN_UNIMODAL] = { "ODV ln timing, unimodal", "ln-unimodal", REQUESTS | LOOKUPS, "below ODV2", true },
	[METHOD_LN_VP] = { "ODV ln timing, VP", "ln-vp", REQUESTS | LOOKUPS, "below ODV2", false },
	[METHOD_MODEL_ODV] = { "ODV of the model", "model-odv", REQUESTS | LOOKUPS, "below ODV2", true },
	[METHOD_SVM] = { "one-class SVM", "svm", REQUESTS, "-f(x)/rho above 0", false },
	[METHOD_SVM_MODEL] = { "one-class SVM of the model", "model-svm", REQUESTS, "-f(x)/rho above 0", true },
	[METHOD_LOF] = { "LOF", "lof", REQUESTS, "above 1.5", false },
	[METHOD_LOF_MODEL] = { "LOF of the model", "model-lof", REQUESTS, "above its limit", true },
	[METHOD_BEACON] = { "beacon score (RITA's ts)", "beacon", REQUESTS | LOOKUPS, "0.8 or more", true },
	[METHOD_PERSISTENCE] = { "persistence", "persistence", REQUESTS | LOOKUPS, "0.6 or more", true },
	[METHOD_UNION] = { "any of the model's three", "union", REQUESTS, "any of them", false },
};

/* The rows of one kind, and what the methods share. */
struct scoring {
	const struct model *m;
	const struct profiles *profiles;
	enum row_kind kind;
	const struct pair_profile *const *pairs;
	size_t n;
	struct method_scores *scores;
	double *column;
};

static void accuse(struct method_scores *s, enum method which)
{
	s->accused |= 1U << which;
}

static double feature(const struct scoring *c, enum feature_id id, size_t row, uint64_t least)
{
	struct measure m = feature_of_pair(id, c->pairs[row], c->profiles);

	return m.n >= least ? m.value : NAN;
}

/* Limits of one column over the rows, which also judge them: a row is as odd as its oddest column. */
static int score_column(const struct scoring *c, enum method which, const struct odv_options *o, enum feature_id id)
{
	struct odv odv;
	int err;

	for (size_t i = 0; i < c->n; i++)
		c->column[i] = feature(c, id, i, 0);
	err = odv_fit(&odv, o, c->column, c->n, NULL);
	if (err)
		return err == -ENOMEM ? err : 0; /* no limits: it cannot tell */
	for (size_t i = 0; i < c->n; i++) {
		struct odv_verdict v = odv_judge(&odv, c->column[i]);
		double *score = &c->scores[i].score[which];

		if (v.unknown)
			continue;
		*score = isnan(*score) ? v.score : fmax(*score, v.score);
		if (v.flagged)
			accuse(&c->scores[i], which);
	}
	return 0;
}

static const struct odv_options as_written = {
	.side = ODV_TWO, .transform = ODV_NONE, .p1 = 0.1, .p2 = 0.01, .zero_variance_correction = true,
};

static const enum feature_id raw_requests[] = { FEATURE_URLS, FEATURE_GAP_MEAN, FEATURE_GAP_SD, FEATURE_URL_LENGTH_SD };
static const enum feature_id raw_lookups[] = { FEATURE_DNS_GAP_MEAN, FEATURE_DNS_GAP_SD };
static const enum feature_id raw_domains[] = { FEATURE_ADDRESSES_MEAN, FEATURE_TTL_MEAN, FEATURE_NETWORKS };
static const enum feature_id timing[][2] = { [ROW_REQUESTS] = { FEATURE_GAP_CV, FEATURE_GAP_SPREAD },
					     [ROW_LOOKUPS] = { FEATURE_DNS_GAP_CV, FEATURE_DNS_GAP_SPREAD } };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static int score_bounds(const struct scoring *c)
{
	const enum feature_id *raw = c->kind == ROW_REQUESTS ? raw_requests : raw_lookups;
	size_t n = c->kind == ROW_REQUESTS ? COUNT(raw_requests) : COUNT(raw_lookups);
	int err = 0;

	for (enum odv_bound bound = ODV_GENERAL; bound < N_ODV_BOUNDS; bound++) {
		struct odv_options o = as_written;

		o.bound = bound;
		for (size_t i = 0; !err && i < n; i++)
			err = score_column(c, METHOD_RAW_GENERAL + bound, &o, raw[i]);
		for (size_t i = 0; !err && i < 2; i++) {
			o = criteria[CRITERION_GAP_CV + i].odv;
			o.bound = bound;
			err = score_column(c, METHOD_LN_GENERAL + bound, &o, timing[c->kind][i]);
		}
	}
	return err;
}

static int by_domain(const void *a, const void *b)
{
	const struct pair_profile *x = *(const struct pair_profile *const *)a, *y = *(const struct pair_profile *const *)b;

	return strcmp(x->domain->key, y->domain->key);
}

/* Stage 2 as written: a row for each domain of those that stage 1 finds odd. */
static int score_stages(const struct scoring *c)
{
	const struct pair_profile **domains = calloc(c->n ? c->n : 1, sizeof(void *));
	struct method_scores *scores = calloc(c->n ? c->n : 1, sizeof(*scores));
	struct scoring second = { c->m, c->profiles, c->kind, domains, 0, scores, c->column };
	int err = domains && scores ? 0 : -ENOMEM;
	size_t n = 0;

	for (size_t i = 0; !err && i < c->n; i++) {
		c->scores[i].score[METHOD_RAW_STAGES] = 0;
		if (c->kind == ROW_LOOKUPS || c->scores[i].accused & 1U << METHOD_RAW_GENERAL)
			domains[n++] = c->pairs[i];
	}
	if (n)
		qsort(domains, n, sizeof(void *), by_domain);
	for (size_t i = 0; !err && i < n; i++)
		if (!second.n || domains[second.n - 1]->domain != domains[i]->domain)
			domains[second.n++] = domains[i];
	for (size_t i = 0; i < second.n; i++)
		scores[i].score[METHOD_RAW_STAGES] = NAN;
	for (size_t i = 0; !err && i < COUNT(raw_domains); i++)
		err = score_column(&second, METHOD_RAW_STAGES, &as_written, raw_domains[i]);
	for (size_t i = 0; !err && second.n && i < c->n; i++) {
		const struct pair_profile **found = bsearch(&c->pairs[i], domains, second.n, sizeof(void *), by_domain);
		const struct method_scores *of = found ? &scores[found - domains] : NULL;

		if (!of || (c->kind == ROW_REQUESTS && !(c->scores[i].accused & 1U << METHOD_RAW_GENERAL)))
			continue;
		c->scores[i].score[METHOD_RAW_STAGES] = of->score[METHOD_RAW_STAGES];
		c->scores[i].accused |= of->accused;
	}
	free(domains);
	free(scores);
	return err;
}

static void score_by_model(const struct scoring *c, size_t row)
{
	struct method_scores *s = &c->scores[row];

	for (size_t i = 0; i < 2; i++) {
		struct odv_verdict v = odv_judge(&c->m->odv[CRITERION_GAP_CV + i],
						 feature(c, timing[c->kind][i], row, LEAST_GAPS));
		double *score = &s->score[METHOD_MODEL_ODV];

		if (v.unknown)
			continue;
		*score = isnan(*score) ? v.score : fmax(*score, v.score);
		if (v.flagged)
			accuse(s, METHOD_MODEL_ODV);
	}
}

static void score_by_svm(struct method_scores *s, enum method which, const struct ocsvm *svm, const double *row)
{
	s->score[which] = -ocsvm_decision(svm, row) / svm->rho;
	if (!isfinite(s->score[which]))
		s->score[which] = NAN;
	else if (s->score[which] > 0)
		accuse(s, which);
}

static void score_by_lof(struct method_scores *s, enum method which, double lof, double limit)
{
	s->score[which] = fmin(lof, SCORE_MOST);
	if (lof > limit)
		accuse(s, which);
}

static void score_by_second_opinions(const struct scoring *c, size_t row, const double *values)
{
	struct method_scores *s = &c->scores[row];
	double scaled[N_HTTP_CRITERIA], lof;

	if (scaling_apply(&c->m->scaling, values, scaled, NULL))
		return;
	score_by_svm(s, METHOD_SVM_MODEL, c->m->svm, scaled);
	if (!lof_score(c->m->lof, scaled, &lof))
		score_by_lof(s, METHOD_LOF_MODEL, lof, c->m->lof_limit);
}

static void score_union(struct method_scores *s)
{
	int agree = 0;

	for (size_t i = 0; i < 3; i++) {
		static const enum method of[] = { METHOD_MODEL_ODV, METHOD_SVM_MODEL, METHOD_LOF_MODEL };

		agree += s->accused >> of[i] & 1;
	}
	s->score[METHOD_UNION] = agree;
	if (agree)
		accuse(s, METHOD_UNION);
}

/* Both learnt from the rows that they judge, nothing of which is known to be normal. */
static int score_learnt(const struct scoring *c, double *rows, const uint32_t *of, size_t n)
{
	const struct ocsvm_options svm_options = { .nu = NU, .gamma = GAMMA, .seed = 1 };
	const struct lof_options lof_options = { LOF_K_MIN, LOF_K_UP_TO, true };
	struct scaling scaling = { .d = N_HTTP_CRITERIA };
	struct ocsvm *svm = NULL;
	struct lof *lof = NULL;
	int err;

	for (size_t i = 0; i < N_HTTP_CRITERIA; i++)
		scaling.columns[i] = (struct scaling_column){ .transform = SCALING_LN, .offset = criteria[i].odv.offset };
	if (scaling_fit(&scaling, rows, n, SD_FLOOR, NULL))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (scaling_apply(&scaling, rows + i * scaling.d, rows + i * scaling.d, NULL))
			return 0;
	err = ocsvm_train(&svm, rows, n, scaling.d, &svm_options);
	for (size_t i = 0; !err && i < n; i++)
		score_by_svm(&c->scores[of[i]], METHOD_SVM, svm, rows + i * scaling.d);
	if (err != -ENOMEM)
		err = lof_new(&lof, rows, n, scaling.d, &lof_options);
	for (size_t i = 0; !err && i < n; i++)
		score_by_lof(&c->scores[of[i]], METHOD_LOF, lof_of(lof, i, NULL), LOF_LIMIT);
	ocsvm_free(svm);
	lof_free(lof);
	return err == -ENOMEM ? err : 0;
}

/* The rows that have all the columns of stage 1. */
static int score_joint_vector(const struct scoring *c)
{
	double *rows = calloc(c->n ? c->n : 1, N_HTTP_CRITERIA * sizeof(*rows));
	uint32_t *of = calloc(c->n ? c->n : 1, sizeof(*of));
	int err = rows && of ? 0 : -ENOMEM;
	size_t n = 0;

	for (size_t i = 0; !err && i < c->n; i++) {
		double *values = rows + n * N_HTTP_CRITERIA;
		bool whole = true;
		uint64_t samples;

		for (enum criterion k = 0; k < N_HTTP_CRITERIA; k++) {
			values[k] = criterion_value(k, c->profiles, c->pairs[i], &samples);
			whole &= isfinite(values[k]);
		}
		if (whole) {
			score_by_second_opinions(c, i, values);
			of[n++] = (uint32_t)i;
		}
		score_union(&c->scores[i]);
	}
	if (!err && n >= 2)
		err = score_learnt(c, rows, of, n);
	free(rows);
	free(of);
	return err;
}

int methods_score(const struct model *m, const struct profiles *profiles, enum row_kind kind,
		  const struct pair_profile *const *pairs, size_t n, struct method_scores *scores)
{
	struct scoring c = { m, profiles, kind, pairs, n, scores, calloc(n ? n : 1, sizeof(double)) };
	int err;

	if (!c.column)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		double joint = scores[i].score[METHOD_JOINT];

		for (enum method k = 0; k < N_METHODS; k++)
			scores[i].score[k] = NAN;
		scores[i].score[METHOD_JOINT] = joint;
		scores[i].accused &= 1U << METHOD_JOINT;
	}
	err = score_bounds(&c);
	if (!err)
		err = score_stages(&c);
	for (size_t i = 0; !err && i < n; i++) {
		struct method_scores *s = &scores[i];
		const struct pair_profile *pair = pairs[i];

		score_by_model(&c, i);
		s->score[METHOD_BEACON] = rhythm_timing_score(kind == ROW_REQUESTS ? &pair->http : &pair->dns);
		if (s->score[METHOD_BEACON] >= BEACON_LIMIT)
			accuse(s, METHOD_BEACON);
		s->score[METHOD_PERSISTENCE] = feature(&c, FEATURE_PERSISTENCE, i, 0);
		if (s->score[METHOD_PERSISTENCE] >= PERSISTENCE_LIMIT)
			accuse(s, METHOD_PERSISTENCE);
	}
	if (!err && kind == ROW_REQUESTS)
		err = score_joint_vector(&c);
	free(c.column);
	return err;
}
