/* explain_near.c: the neighbours of a case: those that are most like it in the features that the verdict is about,
 * among what the store holds. Distances are those that SVM and LOF measure: by the model's scaling where the event
 * has all its columns, else by one that is fitted to the store. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/explain.h"
#include "cmd/keep.h"
#include "detect/model.h"
#include "pipeline.h"
#include "profile/features.h"
#include "support/log.h"

#define COLUMNS 8

struct column {
	const char *name;     /* in the event */
	bool criterion;	      /* one of the model's, or a plain feature */
	enum criterion which;
	enum feature_id feature;
	double own; /* of the alert */
};

enum group { GROUP_CLIENT, GROUP_NETWORK, GROUP_FLAGGED, N_GROUPS };

static const char *const group_names[N_GROUPS] = { "same_client", "others", "flagged" };

struct near {
	enum group group;
	double distance;
	const void *of; /* pair or client profile */
	double values[COLUMNS];
};

struct looking {
	struct profiles *profiles;
	const struct config *config;
	struct model *model; /* NULL: the store's own scaling */
	const char *client, *domain;
	bool clients; /* the alert is about a client: clients are compared */
	struct column column[COLUMNS];
	size_t n_columns;
	struct near *near;
	size_t n, room;
	bool failed;
	const struct pair_profile *self;
};

static double pair_value(const struct looking *l, const struct column *c, const struct pair_profile *pair)
{
	uint64_t n;

	return c->criterion ? criterion_value(c->which, l->profiles, pair, &n)
			    : feature_of_pair(c->feature, pair, l->profiles).value;
}

/* Without one of the values there is no distance. */
static bool add(struct looking *l, enum group group, const void *of, const double *values)
{
	struct near *more;

	for (size_t i = 0; i < l->n_columns; i++)
		if (!isfinite(values[i]))
			return true;
	if (l->n == l->room) {
		more = realloc(l->near, (2 * l->room + 64) * sizeof(*more));
		l->failed |= !more;
		if (!more)
			return false;
		l->near = more;
		l->room = 2 * l->room + 64;
	}
	l->near[l->n] = (struct near){ .group = group, .of = of };
	memcpy(l->near[l->n++].values, values, l->n_columns * sizeof(*values));
	return true;
}

static bool on_pair(void *ctx, struct pair_profile *pair)
{
	struct looking *l = ctx;
	bool own = !strcmp(pair->client->key, l->client);
	bool flagged = pair->state.judgement == JUDGED_SUSPICIOUS || pair->state.judgement == JUDGED_LISTED;
	double values[COLUMNS];

	if (own && !strcmp(pair->domain->key, l->domain)) {
		l->self = pair;
		return true;
	}
	if (pair->state.judgement == JUDGED_UNKNOWN)
		return true;
	for (size_t i = 0; i < l->n_columns; i++)
		values[i] = pair_value(l, &l->column[i], pair);
	return add(l, flagged ? GROUP_FLAGGED : own ? GROUP_CLIENT : GROUP_NETWORK, pair, values);
}

static bool on_client(void *ctx, struct client_profile *client)
{
	struct looking *l = ctx;
	double values[COLUMNS];

	if (!strcmp(client->key, l->client))
		return true;
	for (size_t i = 0; i < l->n_columns; i++)
		values[i] = feature_of_client(l->column[i].feature, client, l->profiles).value;
	return add(l, client->flagged ? GROUP_FLAGGED : GROUP_NETWORK, client, values);
}

/* The columns: those features of the event that can be computed from a profile. */
static bool choose_columns(struct looking *l, const json_t *event)
{
	const json_t *said = explain_at(event, "metsuke.anomaly.features");
	size_t stage_1 = 0;
	json_t *feature;
	const char *name;

	json_object_foreach((json_t *)said, name, feature)
	{
		struct column c = { .name = name, .own = explain_number(feature, "value") };

		while (c.which < N_CRITERIA && strcmp(criteria[c.which].name, name) != 0)
			c.which++;
		c.criterion = !l->clients && c.which < N_CRITERIA;
		c.feature = feature_find(name);
		if (!isfinite(c.own) || l->n_columns == COLUMNS ||
		    (!c.criterion && (c.feature == N_FEATURES || (features[c.feature].of == OF_CLIENT) != l->clients)))
			continue;
		stage_1 += c.criterion && c.which < N_HTTP_CRITERIA;
		l->column[l->n_columns++] = c;
	}
	/* The model's own distance is over the columns of stage 1 alone. */
	if (stage_1 < N_HTTP_CRITERIA)
		return false;
	for (size_t i = 0, n = 0; i < l->n_columns; i++)
		if (l->column[i].criterion && l->column[i].which < N_HTTP_CRITERIA)
			l->column[n++] = l->column[i];
	l->n_columns = N_HTTP_CRITERIA;
	return true;
}

/* As the model has it, column for column; or fitted over all there is and the alert itself. */
static bool get_scaling(const struct looking *l, struct scaling *s)
{
	double *rows;
	int err;

	*s = (struct scaling){ .d = l->n_columns };
	for (size_t i = 0; i < s->d; i++)
		s->columns[i] = l->model ? l->model->scaling.columns[l->column[i].which]
					 : (struct scaling_column){ .transform = SCALING_LN1P };
	if (l->model)
		return true;
	rows = calloc(l->n + 1, l->n_columns * sizeof(*rows));
	if (!rows)
		return false;
	for (size_t i = 0; i <= l->n; i++)
		for (size_t k = 0; k < l->n_columns; k++)
			rows[i * l->n_columns + k] = i < l->n ? l->near[i].values[k] : l->column[k].own;
	err = scaling_fit(s, rows, l->n + 1, 1e-3, NULL);
	free(rows);
	return !err;
}

static int by_distance(const void *a, const void *b)
{
	const struct near *x = a, *y = b;

	return x->distance < y->distance ? -1 : x->distance > y->distance;
}

static bool measure(struct looking *l)
{
	double own[COLUMNS], values[COLUMNS];
	struct scaling s;
	size_t n = 0;

	for (size_t i = 0; i < l->n_columns; i++)
		own[i] = l->column[i].own;
	if (!l->n)
		return true; /* nobody has such values at all */
	if (!get_scaling(l, &s) || scaling_apply(&s, own, own, NULL))
		return false;
	for (size_t i = 0; i < l->n; i++) {
		double sum = 0;

		if (scaling_apply(&s, l->near[i].values, values, NULL))
			continue;
		for (size_t k = 0; k < l->n_columns; k++)
			sum += (values[k] - own[k]) * (values[k] - own[k]);
		l->near[n] = l->near[i];
		l->near[n++].distance = sqrt(sum);
	}
	l->n = n;
	if (n)
		qsort(l->near, n, sizeof(*l->near), by_distance);
	return true;
}

static json_t *row_of(const struct looking *l, const struct near *near)
{
	json_t *row = json_object(), *values = json_object();

	if (l->clients) {
		const struct client_profile *c = near->of;

		json_object_set_new(row, "client", json_string(c->key));
		json_object_set_new(row, "flagged", json_integer((json_int_t)c->flagged));
	} else {
		const struct pair_profile *pair = near->of;

		json_object_set_new(row, "client", json_string(pair->client->key));
		json_object_set_new(row, "domain", json_string(pair->domain->key));
		json_object_set_new(row, "judgement", json_string(judgement_name(pair->state.judgement)));
	}
	json_object_set_new(row, "distance", json_real(near->distance));
	for (size_t i = 0; i < l->n_columns; i++)
		json_object_set_new(values, l->column[i].name, json_real(near->values[i]));
	json_object_set_new(row, "values", values);
	return row;
}

static json_t *groups(const struct looking *l, size_t most)
{
	json_t *to = json_object();

	for (enum group g = 0; g < N_GROUPS; g++) {
		json_t *rows = json_array();
		size_t of = 0;

		for (size_t i = 0; i < l->n; i++) {
			if (l->near[i].group != g)
				continue;
			if (of++ < most)
				json_array_append_new(rows, row_of(l, &l->near[i]));
		}
		json_object_set_new(to, group_names[g],
				    json_pack("{s:I, s:o}", "of", (json_int_t)of, "nearest", rows));
	}
	return to;
}

/* What has become of it since the alert. */
static void put_now(json_t *of, const struct looking *l)
{
	const struct pair_profile *pair = l->self;
	const struct rhythm *r = pair && !pair->http.messages ? &pair->dns : &pair->http;

	if (pair)
		json_object_set_new(of, "now",
				    json_pack("{s:s, s:f, s:I}", "judgement", judgement_name(pair->state.judgement),
					      "score", pair->state.score, "checkins", (json_int_t)r->checkins));
}

static void compare(json_t *of, const json_t *event, struct looking *l, size_t most)
{
	const char *by = explain_text(event, "rule.version");
	json_t *own = json_object(), *all;

	if (l->clients)
		profiles_each_client(l->profiles, on_client, l);
	else
		profiles_each_pair(l->profiles, on_pair, l);
	put_now(of, l);
	if (l->failed || !l->n_columns || !measure(l)) {
		json_decref(own);
		return;
	}
	all = groups(l, most);
	for (size_t i = 0; i < l->n_columns; i++)
		json_object_set_new(own, l->column[i].name, json_real(l->column[i].own));
	json_object_set_new(all, "own", own);
	json_object_set_new(all, "scaling", json_string(l->model ? l->model->id : "store"));
	if (l->model && strcmp(l->model->id, by) != 0)
		json_object_set_new(all, "judged_by", json_string(by));
	json_object_set_new(of, "neighbours", all);
}

int explain_neighbours(json_t *of, const json_t *event, const struct config *c, size_t most)
{
	const char *entity = explain_text(event, "metsuke.anomaly.entity.type");
	struct looking l = { .config = c,
			     .client = explain_text(event, "metsuke.anomaly.client.value"),
			     .domain = explain_text(event, "metsuke.anomaly.entity.value"),
			     .clients = *entity && strcmp(entity, "registered_domain") != 0 };
	char error[512];
	bool by_model;

	if (!*entity)
		return 0; /* a list's: it is compared with nothing */
	by_model = choose_columns(&l, event);
	if (by_model) {
		l.model = model_load(c->model, error, sizeof(error));
		if (!l.model) {
			log_error("detect.model: %s", error);
			return EXIT_FAILED;
		}
	}
	l.profiles = keep_read(c);
	if (l.profiles)
		compare(of, event, &l, most);
	profiles_free(l.profiles);
	model_free(l.model);
	free(l.near);
	return l.profiles ? 0 : EXIT_FAILED;
}
