/* gather.c: a sensor's profiles, as they are in the end, into rows, and what each method says of them. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "detect/model.h"
#include "evaluate/trial.h"

/* Names that do not exist, of a client, before anything is said of what it makes up. */
#define LEAST_NAMES DGA_LEAST_NAMES

struct gathering {
	struct evaluation *e;
	struct profiles *profiles;
	const struct model *m;
	const struct verdict_options *o;
	const struct sensor *sensor;
	const char *client; /* the copy of the one that is looked at */
	bool clean;
	const struct pair_profile **pairs; /* of each row, from first_row on; NULL: of a client */
	size_t room_pairs, first_row;
	bool failed;
};

static double joint_score(const struct profile_state *s)
{
	return s->told_ns ? 1 + s->told_score : s->score;
}

static void add_row(struct gathering *g, struct row r, const struct pair_profile *pair)
{
	struct evaluation *e = g->e;
	struct row *rows = evaluation_more(e->rows, &e->room_rows, e->n_rows, sizeof(r));
	const struct pair_profile **pairs =
		evaluation_more(g->pairs, &g->room_pairs, e->n_rows - g->first_row, sizeof(void *));

	if (rows)
		e->rows = rows;
	if (pairs)
		g->pairs = pairs;
	r.domain = texts_keep(&e->texts, r.domain, strlen(r.domain));
	if (!rows || !pairs || !r.domain) {
		g->failed = true;
		return;
	}
	r.sensor = (uint32_t)e->n_sensors - 1;
	r.client = g->client;
	r.clean = g->clean;
	r.bad = r.label && r.label->role == LABEL_BAD;
	r.aside = r.label && r.label->role == LABEL_ASIDE;
	pairs[e->n_rows - g->first_row] = pair;
	e->rows[e->n_rows++] = r;
}

/* Of several rhythms the one that the sensor judges: look-ups where no requests are to be seen. */
static bool add_pair(void *ctx, const struct pair_profile *pair)
{
	struct gathering *g = ctx;
	bool requests = pair->http.messages > 0;
	const struct rhythm *rhythm = requests ? &pair->http : &pair->dns;
	struct row r = {
		.kind = requests ? ROW_REQUESTS : ROW_LOOKUPS,
		.domain = pair->domain->key,
		.label = outcome_label(g->e, g->sensor, g->client, pair->domain->key),
		.due = rhythm->checkins >= g->o->min_checkins,
		.judgement = pair->state.judgement,
		.excuse = pair->state.excuse,
		.first_ns = rhythm->first_ns,
		.last_ns = rhythm->last_ns,
		.checkins = rhythm->checkins,
		.said = { .accused = pair->state.told_ns ? 1U << METHOD_JOINT : 0 },
	};

	if (r.due)
		g->e->pairs[r.kind]++;
	else
		g->e->few++;
	r.said.score[METHOD_JOINT] = joint_score(&pair->state);
	if (r.due || (r.label && r.label->role != LABEL_BENIGN) || pair->state.told_ns)
		add_row(g, r, pair);
	return !g->failed;
}

static bool add_client(void *ctx, struct client_profile *client)
{
	struct gathering *g = ctx;
	struct evaluation *e = g->e;
	double names = distinct_count(&client->nx_domains), nowhere = distinct_count(&client->nowhere);
	bool told = client->dga.told_ns || client->nowhere_told_ns;
	struct verdict v;
	struct row r = {
		.kind = ROW_CLIENT,
		.domain = "",
		.due = names >= LEAST_NAMES || nowhere >= NOWHERE_LEAST_NAMES,
		.judgement = told ? JUDGED_SUSPICIOUS : JUDGED_UNKNOWN,
		.first_ns = client->first_ns,
		.last_ns = client->last_ns,
		.checkins = (uint64_t)(names > nowhere ? names : nowhere),
		.said = { .accused = told ? 1U << METHOD_JOINT : 0 },
	};

	g->client = texts_keep(&e->texts, client->key, strlen(client->key));
	if (!g->client)
		return !(g->failed = true);
	r.label = outcome_label(e, g->sensor, g->client, "");
	g->clean = outcome_clean(e, g->sensor, g->client);
	verdict_judge_client(g->o, g->m, g->profiles, client, &v);
	for (enum method i = 0; i < N_METHODS; i++)
		r.said.score[i] = NAN;
	r.said.score[METHOD_JOINT] = told ? 1 + v.score : v.score;
	e->pairs[ROW_CLIENT]++;
	add_row(g, r, NULL);
	if (!g->failed)
		profiles_each_pair_of(client, add_pair, g);
	return !g->failed;
}

/* The methods see the rows of one kind that have enough check-ins, in the order of their clients and domains. */
static int score_kind(struct gathering *g, enum row_kind kind)
{
	struct row *rows = g->e->rows + g->first_row;
	size_t n_rows = g->e->n_rows - g->first_row, n = 0;
	const struct pair_profile **pairs = calloc(n_rows ? n_rows : 1, sizeof(void *));
	struct method_scores *scores = calloc(n_rows ? n_rows : 1, sizeof(*scores));
	size_t *of = calloc(n_rows ? n_rows : 1, sizeof(*of));
	int err = pairs && scores && of ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < n_rows; i++) {
		if (rows[i].kind != kind || !rows[i].due)
			continue;
		pairs[n] = g->pairs[i];
		scores[n] = rows[i].said;
		of[n++] = i;
	}
	if (!err)
		err = methods_score(g->m, g->profiles, kind, pairs, n, scores);
	for (size_t i = 0; !err && i < n; i++)
		rows[of[i]].said = scores[i];
	free(pairs);
	free(scores);
	free(of);
	return err;
}

struct sorted {
	struct row row;
	const struct pair_profile *pair;
};

static int by_place(const void *a, const void *b)
{
	const struct row *x = &((const struct sorted *)a)->row, *y = &((const struct sorted *)b)->row;
	int c = (int)x->kind - (int)y->kind;

	if (!c)
		c = strcmp(x->client, y->client);
	return c ? c : strcmp(x->domain, y->domain);
}

/* The profiles come in the order of their last use. */
static int sort(struct gathering *g)
{
	size_t n = g->e->n_rows - g->first_row;
	struct row *rows = g->e->rows + g->first_row;
	struct sorted *all = calloc(n ? n : 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		all[i] = (struct sorted){ rows[i], g->pairs[i] };
	if (n)
		qsort(all, n, sizeof(*all), by_place);
	for (size_t i = 0; i < n; i++) {
		rows[i] = all[i].row;
		g->pairs[i] = all[i].pair;
	}
	free(all);
	return 0;
}

int gather_rows(struct evaluation *e, struct profiles *p, const struct model *m, const struct verdict_options *o)
{
	struct gathering g = { .e = e, .profiles = p, .m = m, .o = o };
	int err;

	g.sensor = &e->sensors[e->n_sensors - 1];
	g.first_row = e->n_rows;
	profiles_each_client(p, add_client, &g);
	err = g.failed ? -ENOMEM : sort(&g);
	if (!err)
		err = score_kind(&g, ROW_REQUESTS);
	if (!err)
		err = score_kind(&g, ROW_LOOKUPS);
	free(g.pairs);
	return err;
}
