/* split.c: see split.h. */
#include "evaluate/split.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "evaluate/trial.h"
#include "support/hash.h"

const char *const split_names[N_SPLITS] = { "none", "family", "host", "time", "capture" };

static bool is_same(const struct group *a, const struct group *b)
{
	switch (a->by) {
	case SPLIT_FAMILY:
		return !strcmp(a->family, b->family);
	case SPLIT_HOST:
		return a->client && b->client ? a->sensor == b->sensor && !strcmp(a->client, b->client)
					      : a->client == b->client;
	case SPLIT_TIME:
		return a->day == b->day;
	default:
		return a->sensor == b->sensor;
	}
}

static void name_group(const struct evaluation *e, struct group *g)
{
	time_t seconds = (time_t)(g->day * 86400);
	struct tm tm;

	switch (g->by) {
	case SPLIT_FAMILY:
		snprintf(g->title, sizeof(g->title), "%s", g->family);
		break;
	case SPLIT_HOST:
		if (!g->client)
			snprintf(g->title, sizeof(g->title), "all other hosts");
		else if (e->n_sensors == 1)
			snprintf(g->title, sizeof(g->title), "%s", g->client);
		else
			snprintf(g->title, sizeof(g->title), "%s in %s", g->client, e->sensors[g->sensor].name);
		break;
	case SPLIT_TIME:
		gmtime_r(&seconds, &tm);
		strftime(g->title, sizeof(g->title), "%Y-%m-%d", &tm);
		break;
	default:
		snprintf(g->title, sizeof(g->title), "%s", e->sensors[g->sensor].name);
	}
}

struct groups {
	struct group *at;
	size_t n, room;
};

static int add(const struct evaluation *e, struct groups *to, struct group g)
{
	struct group *more;

	for (size_t i = 0; i < to->n; i++)
		if (is_same(&to->at[i], &g))
			return 0;
	more = evaluation_more(to->at, &to->room, to->n, sizeof(*more));
	if (!more)
		return -ENOMEM;
	to->at = more;
	name_group(e, &g);
	to->at[to->n++] = g;
	return 0;
}

static int by_title(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->by == SPLIT_CAPTURE)
		return (x->sensor > y->sensor) - (x->sensor < y->sensor);
	if (x->by == SPLIT_HOST && !x->client != !y->client)
		return !x->client - !y->client;
	return strcmp(x->title, y->title);
}

int split_groups(const struct evaluation *e, enum split by, struct group **ret_groups, size_t *ret_n)
{
	struct groups groups = { 0 };
	int err = 0;

	for (size_t i = 0; !err && (by == SPLIT_FAMILY || by == SPLIT_HOST) && i < e->n_targets; i++)
		err = add(e, &groups, (struct group){ .by = by, .family = e->targets[i].label->family,
						      .client = e->targets[i].label->client,
						      .sensor = e->targets[i].sensor });
	if (!err && by == SPLIT_HOST)
		err = add(e, &groups, (struct group){ .by = by, .family = "" });
	for (size_t i = 0; !err && by == SPLIT_CAPTURE && i < e->n_sensors; i++)
		err = add(e, &groups, (struct group){ .by = by, .family = "", .sensor = (uint32_t)i });
	for (size_t i = 0; !err && by == SPLIT_TIME && i < e->n_sensors; i++)
		for (size_t k = 0; !err && k < e->sensors[i].n_covered; k++)
			err = add(e, &groups, (struct group){ .by = by, .family = "", .day = e->sensors[i].covered[k].day });
	if (err) {
		free(groups.at);
		return err;
	}
	if (groups.n)
		qsort(groups.at, groups.n, sizeof(*groups.at), by_title);
	*ret_groups = groups.at;
	*ret_n = groups.n;
	return 0;
}

/* Does the client have something malicious, by the labels? */
static bool is_bad_client(const struct evaluation *e, uint32_t sensor, const char *client)
{
	for (size_t i = 0; i < e->n_targets; i++)
		if (e->targets[i].sensor == sensor && !strcmp(e->targets[i].label->client, client))
			return true;
	return false;
}

static bool is_of_host(const struct evaluation *e, const struct group *g, uint32_t sensor, const char *client)
{
	if (g->client)
		return sensor == g->sensor && !strcmp(client, g->client);
	return !is_bad_client(e, sensor, client);
}

bool group_has_row(const struct evaluation *e, const struct group *g, const struct row *r)
{
	if (!g)
		return true;
	switch (g->by) {
	case SPLIT_FAMILY:
		return !r->bad || !strcmp(r->label->family, g->family);
	case SPLIT_HOST:
		return is_of_host(e, g, r->sensor, r->client);
	case SPLIT_TIME:
		return r->first_ns / DAY_NS == g->day;
	default:
		return r->sensor == g->sensor;
	}
}

bool group_has_finding(const struct evaluation *e, const struct group *g, const struct finding *f)
{
	if (!g || g->by == SPLIT_FAMILY)
		return true;
	if (g->by == SPLIT_HOST)
		return is_of_host(e, g, f->sensor, f->client);
	return g->by == SPLIT_TIME ? f->time_ns / DAY_NS == g->day : f->sensor == g->sensor;
}

bool group_has_target(const struct group *g, const struct target *t)
{
	if (!g)
		return true;
	switch (g->by) {
	case SPLIT_FAMILY:
		return !strcmp(t->label->family, g->family);
	case SPLIT_HOST:
		return g->client && t->sensor == g->sensor && !strcmp(t->label->client, g->client);
	case SPLIT_TIME:
		return t->first_ns / DAY_NS == g->day;
	default:
		return t->sensor == g->sensor;
	}
}

static uint64_t covered_on(const struct sensor *s, uint64_t day)
{
	for (size_t i = 0; i < s->n_covered; i++)
		if (s->covered[i].day == day)
			return s->covered[i].ns;
	return 0;
}

double group_host_days(const struct evaluation *e, const struct group *g)
{
	double days = 0;

	if (g && g->by == SPLIT_HOST && g->client)
		return 0; /* it is not clean */
	for (size_t i = 0; i < e->n_sensors; i++) {
		const struct sensor *s = &e->sensors[i];

		if (g && g->by == SPLIT_TIME)
			days += (double)covered_on(s, g->day) / (double)DAY_NS * (double)s->clean;
		else if (!g || g->by != SPLIT_CAPTURE || g->sensor == i)
			days += sensor_host_days(s);
	}
	return days;
}

/* A coin for each client, always the same. */
static bool is_in_half(const struct row *r)
{
	return hash_bytes(r->client, strlen(r->client), r->sensor) & 1;
}

bool group_trains(const struct evaluation *e, const struct group *g, const struct row *r)
{
	if (g->by == SPLIT_FAMILY)
		return r->bad ? strcmp(r->label->family, g->family) != 0 : is_in_half(r);
	if (g->by == SPLIT_TIME)
		return r->first_ns / DAY_NS < g->day;
	return !group_has_row(e, g, r);
}

bool group_tries(const struct evaluation *e, const struct group *g, const struct row *r)
{
	return group_has_row(e, g, r) && (g->by != SPLIT_FAMILY || r->bad || !is_in_half(r));
}
