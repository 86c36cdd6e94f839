/* model.c: see model.h. */
#include "detect/model.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "support/buf.h"

#define FORMAT "metsuke-model"
#define VERSION 1
#define MODEL_BYTES (16UL << 20)
#define REFERENCE_ROWS 5000
#define K_MOST 100

#define LOGARITHM(limit_side, add)                                                                                \
	{                                                                                                         \
		.bound = ODV_UNIMODAL, .side = (limit_side), .transform = ODV_LN, .offset = (add), .p1 = 0.1,         \
		.p2 = 0.05, .sd_floor = 0.05                                                                      \
	}

const struct criterion_kind criteria[N_CRITERIA] = {
	[CRITERION_GAP_CV] = { "gap_cv", FEATURE_GAP_CV, STAGE_HTTP, LOGARITHM(ODV_LOWER, 0.02), 0.6 },
	[CRITERION_GAP_SPREAD] = { "gap_spread", FEATURE_GAP_SPREAD, STAGE_HTTP, LOGARITHM(ODV_LOWER, 0.02), 0.6 },
	[CRITERION_URLS] = { "urls", FEATURE_URLS, STAGE_HTTP, LOGARITHM(ODV_LOWER, 0), 0.2 },
	[CRITERION_URL_LENGTH_SD] = { "url_length_sd", FEATURE_URL_LENGTH_SD, STAGE_HTTP,
				      LOGARITHM(ODV_LOWER, 0.5), 0.2 },
	[CRITERION_FRESH] = { "fresh_addresses", FEATURE_FRESH_MEAN, STAGE_DNS, LOGARITHM(ODV_UPPER, 1), 0.2 },
	[CRITERION_NETWORKS] = { "networks", FEATURE_NETWORKS, STAGE_DNS, LOGARITHM(ODV_UPPER, 1), 0.2 },
	[CRITERION_TTL_MIN] = { "ttl_min", FEATURE_TTL_MIN, STAGE_DNS, LOGARITHM(ODV_LOWER, 1), 0.1 },
};

double criterion_value(enum criterion which, const struct profiles *profiles, const struct pair_profile *pair,
		       uint64_t *ret_n)
{
	struct measure m = feature_of_pair(criteria[which].feature, pair, profiles);

	*ret_n = m.n;
	return which <= CRITERION_GAP_SPREAD && m.n < LEAST_GAPS ? NAN : m.value;
}

struct reading {
	char *error;
	size_t size;
};

static bool __attribute__((format(printf, 2, 3))) fail(struct reading *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->error, r->size, format, args);
	va_end(args);
	return false;
}

static const char *type_name(const json_t *v)
{
	static const char *const type_names[] = { "an object", "an array", "text",  "a number",
						  "a number",  "true",	   "false", "null" };

	return v ? type_names[json_typeof(v)] : "missing";
}

/* A finite number; nothing: where null stands for no limit. */
static bool get_number(struct reading *r, const json_t *of, const char *where, const char *key, double nothing,
		       double *ret)
{
	const json_t *v = json_object_get(of, key);

	if (json_is_null(v) && isinf(nothing)) {
		*ret = nothing;
		return true;
	}
	if (!json_is_number(v))
		return fail(r, "%s.%s: expected a number, found %s", where, key, type_name(v));
	*ret = json_number_value(v);
	return true;
}

static bool get_count(struct reading *r, const json_t *of, const char *where, const char *key, size_t most,
		      size_t *ret)
{
	const json_t *v = json_object_get(of, key);

	if (!json_is_integer(v))
		return fail(r, "%s.%s: expected a whole number, found %s", where, key, type_name(v));
	if (json_integer_value(v) < 0 || (size_t)json_integer_value(v) > most)
		return fail(r, "%s.%s: %lld is not within 0 to %zu", where, key, (long long)json_integer_value(v),
			    most);
	*ret = json_integer_value(v);
	return true;
}

static bool get_choice(struct reading *r, const json_t *of, const char *where, const char *key,
		       const char *const *choices, unsigned int n, unsigned int *ret)
{
	const json_t *v = json_object_get(of, key);

	for (unsigned int i = 0; json_is_string(v) && i < n; i++) {
		if (!strcmp(json_string_value(v), choices[i])) {
			*ret = i;
			return true;
		}
	}
	return fail(r, "%s.%s: %.60s is none of the known ones", where, key,
		    json_is_string(v) ? json_string_value(v) : type_name(v));
}

/* n numbers, or `most` at most with *ret_n set, into a new array. */
static bool get_numbers(struct reading *r, const json_t *array, const char *where, double *to, size_t n)
{
	if (json_array_size(array) != n)
		return fail(r, "%s: expected %zu numbers, found %zu", where, n, json_array_size(array));
	for (size_t i = 0; i < n; i++) {
		const json_t *v = json_array_get(array, i);

		if (!json_is_number(v))
			return fail(r, "%s[%zu]: expected a number, found %s", where, i, type_name(v));
		to[i] = json_number_value(v);
	}
	return true;
}

/* Rows of d numbers each. */
static bool get_rows(struct reading *r, const json_t *array, const char *where, double *to, size_t n, size_t d)
{
	char at[64];

	for (size_t i = 0; i < n; i++) {
		snprintf(at, sizeof(at), "%s[%zu]", where, i);
		if (!get_numbers(r, json_array_get(array, i), at, to + i * d, d))
			return false;
	}
	return true;
}

static const char *const bound_names[] = { "general", "unimodal", "vp" };
static const char *const pass_names[] = { "pass1", "pass2" };

static bool get_pass(struct reading *r, const json_t *of, const char *where, struct odv_pass *p)
{
	return get_number(r, of, where, "n", 0, &p->n) && get_number(r, of, where, "mean", 0, &p->mean) &&
	       get_number(r, of, where, "sd", 0, &p->sd) && get_number(r, of, where, "mode", 0, &p->mode) &&
	       get_number(r, of, where, "B", 0, &p->spread) && get_number(r, of, where, "k", 0, &p->k) &&
	       get_number(r, of, where, "odv_l", -INFINITY, &p->lower) &&
	       get_number(r, of, where, "odv_u", INFINITY, &p->upper);
}

static bool get_odv(struct reading *r, const json_t *limits, enum criterion which, struct odv *odv)
{
	const json_t *of = json_object_get(limits, criteria[which].name);
	char where[64];
	unsigned int bound = 0;
	const char *why;

	snprintf(where, sizeof(where), "limits.%s", criteria[which].name);
	odv->options = criteria[which].odv;
	if (!get_choice(r, of, where, "bound", bound_names, N_ODV_BOUNDS, &bound) ||
	    !get_number(r, of, where, "p1", 0, &odv->options.p1) ||
	    !get_number(r, of, where, "p2", 0, &odv->options.p2) ||
	    !get_number(r, of, where, "sd_floor", 0, &odv->options.sd_floor) ||
	    !get_number(r, of, where, "least_n", 0, &odv->least_n))
		return false;
	odv->options.bound = bound;
	for (int i = 0; i < 2; i++) {
		snprintf(where, sizeof(where), "limits.%s.%s", criteria[which].name, pass_names[i]);
		if (!get_pass(r, json_object_get(of, pass_names[i]), where, &odv->pass[i]))
			return false;
	}
	why = odv_check(odv);
	return why ? fail(r, "limits.%s: %s", criteria[which].name, why) : true;
}

static bool get_scaling(struct reading *r, const json_t *columns, struct scaling *s)
{
	char where[64];

	s->d = N_HTTP_CRITERIA;
	for (size_t i = 0; i < s->d; i++) {
		const json_t *of = json_object_get(columns, criteria[i].name);

		snprintf(where, sizeof(where), "scaling.%s", criteria[i].name);
		s->columns[i].transform = SCALING_LN;
		s->columns[i].offset = criteria[i].odv.offset;
		if (!get_number(r, of, where, "mean", 0, &s->columns[i].mean) ||
		    !get_number(r, of, where, "sd", 0, &s->columns[i].sd))
			return false;
	}
	return scaling_check(s) ? fail(r, "scaling: a deviation has to be above 0, and all has to be finite")
				: true;
}

static bool get_svm(struct reading *r, const json_t *of, struct model *m)
{
	const json_t *vectors = json_object_get(of, "vectors");
	size_t n = json_array_size(vectors);
	const char *why;

	if (!n || n > OCSVM_ROWS)
		return fail(r, "ocsvm.vectors: %zu is not within 1 to %d", n, OCSVM_ROWS);
	m->svm = ocsvm_new(N_HTTP_CRITERIA, n);
	if (!m->svm)
		return fail(r, "out of memory");
	if (!get_number(r, of, "ocsvm", "nu", 0, &m->svm->nu) ||
	    !get_number(r, of, "ocsvm", "gamma", 0, &m->svm->gamma) ||
	    !get_number(r, of, "ocsvm", "rho", 0, &m->svm->rho) ||
	    !get_count(r, of, "ocsvm", "rows", SIZE_MAX / 2, &m->svm->n_trained) ||
	    !get_numbers(r, json_object_get(of, "alphas"), "ocsvm.alphas", m->svm->alphas, n) ||
	    !get_rows(r, vectors, "ocsvm.vectors", m->svm->vectors, n, N_HTTP_CRITERIA))
		return false;
	why = ocsvm_check(m->svm);
	return why ? fail(r, "ocsvm: %s", why) : true;
}

static bool get_lof(struct reading *r, const json_t *of, struct model *m)
{
	const json_t *array = json_object_get(of, "rows");
	size_t n = json_array_size(array), k_min = 0, k_max = 0;
	double *rows;
	int err;

	if (!n || n > REFERENCE_ROWS)
		return fail(r, "lof.rows: %zu is not within 1 to %d", n, REFERENCE_ROWS);
	if (!get_count(r, of, "lof", "k_min", K_MOST, &k_min) ||
	    !get_count(r, of, "lof", "k_max", K_MOST, &k_max) ||
	    !get_number(r, of, "lof", "limit", 0, &m->lof_limit))
		return false;
	if (!(m->lof_limit > 0))
		return fail(r, "lof.limit: %g is not above 0", m->lof_limit);
	rows = calloc(n, N_HTTP_CRITERIA * sizeof(*rows));
	if (!rows)
		return fail(r, "out of memory");
	err = get_rows(r, array, "lof.rows", rows, n, N_HTTP_CRITERIA) ? 0 : 1;
	if (!err) {
		err = lof_new(&m->lof, rows, n, N_HTTP_CRITERIA, &(struct lof_options){ k_min, k_max, true });
		if (err)
			fail(r, "lof: %zu rows, k %zu to %zu: %s", n, k_min, k_max, strerror(-err));
	}
	free(rows);
	return !err;
}

static bool get_head(struct reading *r, const json_t *of, struct model *m)
{
	const json_t *format = json_object_get(of, "format"), *note = json_object_get(of, "note");
	size_t version = 0;

	if (!json_is_string(format) || strcmp(json_string_value(format), FORMAT))
		return fail(r, "not a model: its format is not \"" FORMAT "\"");
	if (!get_count(r, of, "model", "version", 1000000, &version))
		return false;
	if (version != VERSION)
		return fail(r, "version %zu, and this program knows %d only%s", version, VERSION,
			    version > VERSION ? ": it was made by a newer one" : "");
	m->note = strdup(json_is_string(note) ? json_string_value(note) : "");
	return m->note ? get_count(r, of, "model", "http_rows", SIZE_MAX / 2, &m->http_rows) &&
				 get_count(r, of, "model", "dns_rows", SIZE_MAX / 2, &m->dns_rows)
		       : fail(r, "out of memory");
}

struct model *model_parse(const char *text, size_t len, char *error, size_t size)
{
	struct reading r = { error, size };
	json_error_t why;
	json_t *of = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	struct model *m = calloc(1, sizeof(*m));
	bool good = of && m;

	if (!of)
		fail(&r, "line %d: %s", why.line, why.text);
	else if (!m)
		fail(&r, "out of memory");
	good = good && get_head(&r, of, m);
	for (enum criterion i = 0; good && i < N_CRITERIA; i++)
		good = get_odv(&r, json_object_get(of, "limits"), i, &m->odv[i]);
	good = good && get_scaling(&r, json_object_get(of, "scaling"), &m->scaling) &&
	       get_svm(&r, json_object_get(of, "ocsvm"), m) && get_lof(&r, json_object_get(of, "lof"), m);
	if (good)
		snprintf(m->id, sizeof(m->id), "%016llx", (unsigned long long)XXH3_64bits(text, len));
	json_decref(of);
	if (good)
		return m;
	model_free(m);
	return NULL;
}

extern const char model_baseline[];
extern const uint64_t model_baseline_size;

static struct model *load_file(const char *path, char *error, size_t size)
{
	FILE *f = fopen(path, "re");
	char *text = f ? malloc(MODEL_BYTES + 1) : NULL;
	struct model *m = NULL;
	char why[256];
	size_t len;

	if (!f || !text) {
		snprintf(error, size, "%s: %s", path, strerror(errno));
	} else {
		len = fread(text, 1, MODEL_BYTES + 1, f);
		if (ferror(f))
			snprintf(why, sizeof(why), "%s", strerror(errno));
		else if (len > MODEL_BYTES)
			snprintf(why, sizeof(why), "larger than %lu bytes", MODEL_BYTES);
		else
			m = model_parse(text, len, why, sizeof(why));
		if (!m)
			snprintf(error, size, "%s: %s", path, why);
	}
	free(text);
	if (f)
		(void)fclose(f); /* read only */
	return m;
}

struct model *model_load(const char *path, char *error, size_t size)
{
	return *path ? load_file(path, error, size)
		     : model_parse(model_baseline, model_baseline_size, error, size);
}

void model_free(struct model *m)
{
	if (!m)
		return;
	ocsvm_free(m->svm);
	lof_free(m->lof);
	free(m->note);
	free(m);
}

static json_t *limit(double x)
{
	return isinf(x) ? json_null() : json_real(x);
}

static json_t *put_odv(const struct odv *odv)
{
	json_t *of = json_pack("{s:s, s:f, s:f, s:f, s:f}", "bound", bound_names[odv->options.bound], "p1",
			       odv->options.p1, "p2", odv->options.p2, "sd_floor", odv->options.sd_floor,
			       "least_n", odv->least_n);

	for (int i = 0; of && i < 2; i++) {
		const struct odv_pass *p = &odv->pass[i];

		json_object_set_new(of, pass_names[i],
				    json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:o}", "n", p->n, "mean",
					      p->mean, "sd", p->sd, "mode", p->mode, "B", p->spread, "k", p->k,
					      "odv_l", limit(p->lower), "odv_u", limit(p->upper)));
	}
	return of;
}

static json_t *put_rows(const double *(*row)(const struct model *m, size_t i), const struct model *m, size_t n)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *columns = json_array();

		for (size_t j = 0; j < N_HTTP_CRITERIA; j++)
			json_array_append_new(columns, json_real(row(m, i)[j]));
		json_array_append_new(rows, columns);
	}
	return rows;
}

static const double *vector_row(const struct model *m, size_t i)
{
	return m->svm->vectors + i * N_HTTP_CRITERIA;
}

static const double *reference_row(const struct model *m, size_t i)
{
	return lof_row(m->lof, i);
}

/* Whole values on one line each, so that two models can be compared by diff: members of the first two levels,
 * rows. */
static void put_value(struct buf *b, const json_t *v, int level)
{
	bool rows = json_is_array(v) && json_is_array(json_array_get(v, 0));
	const char *key;
	json_t *member;
	char *text;
	size_t i;

	if (json_is_object(v) && level < 2) {
		buf_char(b, '{');
		json_object_foreach((json_t *)v, key, member)
		{
			buf_printf(b, "%s\n%*s\"%s\": ", b->data[b->len - 1] == '{' ? "" : ",", level + 1, "",
				   key);
			put_value(b, member, level + 1);
		}
		buf_char(b, '}');
	} else if (rows) {
		buf_char(b, '[');
		json_array_foreach(v, i, member)
		{
			buf_str(b, i ? ",\n  " : "\n  ");
			put_value(b, member, 2);
		}
		buf_char(b, ']');
	} else {
		text = json_dumps(v, JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
		buf_str(b, text ? text : "");
		b->failed |= !text;
		free(text);
	}
}

char *model_text(const struct model *m)
{
	json_t *limits = json_object(), *scaling = json_object(), *alphas = json_array(), *of;
	const struct lof_options *lof = lof_options(m->lof);
	struct buf text = { 0 };

	for (enum criterion i = 0; i < N_CRITERIA; i++)
		json_object_set_new(limits, criteria[i].name, put_odv(&m->odv[i]));
	for (size_t i = 0; i < N_HTTP_CRITERIA; i++)
		json_object_set_new(scaling, criteria[i].name,
				    json_pack("{s:f, s:f}", "mean", m->scaling.columns[i].mean, "sd",
					      m->scaling.columns[i].sd));
	for (size_t i = 0; i < m->svm->n_sv; i++)
		json_array_append_new(alphas, json_real(m->svm->alphas[i]));
	of = json_pack(
		"{s:s, s:i, s:s, s:I, s:I, s:o, s:o, s:{s:f, s:f, s:f, s:I, s:o, s:o}, s:{s:I, s:I, s:f, s:o}}",
		"format", FORMAT, "version", VERSION, "note", m->note, "http_rows", (json_int_t)m->http_rows,
		"dns_rows", (json_int_t)m->dns_rows, "limits", limits, "scaling", scaling, "ocsvm", "nu",
		m->svm->nu, "gamma", m->svm->gamma, "rho", m->svm->rho, "rows", (json_int_t)m->svm->n_trained,
		"alphas", alphas, "vectors", put_rows(vector_row, m, m->svm->n_sv), "lof", "k_min",
		(json_int_t)lof->k_min, "k_max", (json_int_t)lof->k_max, "limit", m->lof_limit, "rows",
		put_rows(reference_row, m, lof_rows(m->lof)));
	if (of)
		put_value(&text, of, 0);
	buf_lit(&text, "\n");
	json_decref(of);
	buf_char(&text, '\0');
	if (of && !text.failed)
		return text.data;
	buf_free(&text);
	return NULL;
}
