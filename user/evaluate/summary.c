/* summary.c: see summary.h. */
#include "evaluate/summary.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/trial.h"

const double map_periods[MAP_PERIODS + 1] = { 0, 30, 100, 300, 1000, 3600.5, 10000, INFINITY };
const double map_jitters[MAP_JITTERS + 1] = { 0, 0.1, 0.2, 0.3, 0.5, 0.7, INFINITY };

static bool is_compared(const struct row *r, enum row_kind kind)
{
	return r->kind == kind && (r->due || (kind == ROW_CLIENT && !r->bad)) && !r->aside;
}

int summary_scores(const struct evaluation *e, const struct group *g,
		   bool (*take)(const struct evaluation *e, const struct group *g, const struct row *r),
		   enum row_kind kind, enum method which, struct stats_row **ret_rows, size_t *ret_n)
{
	struct stats_row *rows = calloc(e->n_rows ? e->n_rows : 1, sizeof(*rows));
	size_t n = 0;

	if (!rows)
		return -ENOMEM;
	for (size_t i = 0; i < e->n_rows; i++) {
		const struct row *r = &e->rows[i];

		if (is_compared(r, kind) && take(e, g, r))
			rows[n++] = (struct stats_row){ r->said.score[which], r->bad };
	}
	stats_sort(rows, n);
	*ret_rows = rows;
	*ret_n = n;
	return 0;
}

static void count(struct stats_counts *c, bool bad, bool accused)
{
	if (bad)
		*(accused ? &c->hits : &c->misses) += 1;
	else
		*(accused ? &c->alarms : &c->passes) += 1;
}

/* A threshold from some rows, tried on others. What the joint rule goes by is fixed. */
static int tune(const struct evaluation *e, const struct group *g, enum row_kind kind, enum method which,
		struct line *l)
{
	struct stats_row *rows;
	size_t n;
	int err;

	l->threshold = NAN;
	if (!g)
		return 0;
	if (which != METHOD_JOINT) {
		err = summary_scores(e, g, group_trains, kind, which, &rows, &n);
		if (err)
			return err;
		l->threshold = stats_best_threshold(rows, n);
		free(rows);
		if (isnan(l->threshold))
			return 0;
	}
	for (size_t i = 0; i < e->n_rows; i++) {
		const struct row *r = &e->rows[i];

		if (is_compared(r, kind) && group_tries(e, g, r))
			count(&l->tuned, r->bad,
			      which == METHOD_JOINT ? r->said.accused & 1U << METHOD_JOINT
						    : r->said.score[which] >= l->threshold);
	}
	return 0;
}

static int measure(const struct evaluation *e, const struct group *g, enum row_kind kind, enum method which,
		   struct line *l)
{
	struct stats_row *rows;
	size_t n;
	int err = summary_scores(e, g, group_has_row, kind, which, &rows, &n);

	if (err)
		return err;
	l->roc_area = stats_roc_area(rows, n);
	l->average_precision = stats_average_precision(rows, n);
	free(rows);
	for (size_t i = 0; i < e->n_rows; i++) {
		const struct row *r = &e->rows[i];
		bool accused = r->said.accused >> which & 1;

		if (!is_compared(r, kind) || !group_has_row(e, g, r))
			continue;
		count(&l->counts, r->bad, accused);
		l->unscored += isnan(r->said.score[which]);
		l->accused_clean += accused && r->clean && !r->bad;
	}
	return tune(e, g, kind, which, l);
}

static size_t band(const double *edges, size_t n, double x)
{
	size_t i = 0;

	while (i + 1 < n && x >= edges[i + 1])
		i++;
	return i;
}

static void count_share(struct share *s, bool found)
{
	s->n++;
	s->found += found;
}

static void add_target(struct summary *s, const struct target *t)
{
	bool found = t->found != NONE;

	count_share(!t->seen ? &s->unseen : t->due ? &s->due : &s->few, found);
	s->by_anomaly += found;
	s->by_list += t->listed;
	s->by_both += found && t->listed;
}

bool summary_same_bot(const struct target *a, const struct target *b)
{
	return a->sensor == b->sensor && !strcmp(a->label->client, b->label->client) &&
	       !strcmp(a->label->family, b->label->family);
}

bool summary_bot_found(const struct evaluation *e, const struct target *t)
{
	for (size_t i = 0; i < e->n_targets; i++)
		if (e->targets[i].found != NONE && summary_same_bot(&e->targets[i], t))
			return true;
	return false;
}

/* Counts the bot of e->targets[at] where that is the first of its servers in the group. */
static void count_bot(const struct evaluation *e, const struct group *g, size_t at, struct summary *s)
{
	const struct label *l = e->targets[at].label;
	bool found = summary_bot_found(e, &e->targets[at]), due = false;

	for (size_t i = 0; i < at; i++)
		if (summary_same_bot(&e->targets[i], &e->targets[at]) && group_has_target(g, &e->targets[i]))
			return;
	for (size_t i = at; i < e->n_targets && !due; i++)
		due = e->targets[i].due && summary_same_bot(&e->targets[i], &e->targets[at]);
	count_share(&s->bots, found);
	if (!due)
		return;
	count_share(&s->bots_due, found);
	if (!isnan(l->period_s) && !isnan(l->jitter))
		count_share(&s->map[band(map_periods, MAP_PERIODS, l->period_s)][band(map_jitters, MAP_JITTERS, l->jitter)],
			    found);
}

static int measure_delays(const struct evaluation *e, const struct group *g, struct summary *s)
{
	double *x = calloc(e->n_targets ? e->n_targets : 1, sizeof(*x));
	struct delay *const of[] = { &s->checkins, &s->minutes };

	if (!x)
		return -ENOMEM;
	for (size_t k = 0; k < 2; k++) {
		size_t n = 0;

		for (size_t i = 0; i < e->n_targets; i++) {
			const struct target *t = &e->targets[i];

			if (t->found == NONE || !group_has_target(g, t))
				continue;
			const struct finding *f = &e->findings[t->found];
			uint64_t since = t->first_ns && t->first_ns < f->since_ns ? t->first_ns : f->since_ns;

			x[n++] = k ? (double)(f->time_ns - since) / 60e9 : (double)f->checkins;
		}
		*of[k] = (struct delay){ n, stats_quantile(x, n, 0.5), stats_quantile(x, n, DELAY_SHARE) };
	}
	free(x);
	return 0;
}

static int add_cause(struct summary *s, size_t *room, const struct finding *f)
{
	struct cause *more;

	for (size_t i = 0; i < s->n_causes; i++) {
		struct cause *c = &s->causes[i];

		if (!strcmp(c->kind, f->kind) && !strcmp(c->rule, f->rule)) {
			c->n++;
			c->clean += f->clean;
			return 0;
		}
	}
	more = evaluation_more(s->causes, room, s->n_causes, sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->causes = more;
	s->causes[s->n_causes++] = (struct cause){ f->kind, f->rule, 1, f->clean };
	return 0;
}

static int by_number(const void *a, const void *b)
{
	const struct cause *x = a, *y = b;
	int c = (x->n < y->n) - (x->n > y->n);

	if (!c)
		c = strcmp(x->kind, y->kind);
	return c ? c : strcmp(x->rule, y->rule);
}

static int count_findings(const struct evaluation *e, const struct group *g, struct summary *s)
{
	size_t room = 0;
	int err = 0;

	for (size_t i = 0; !err && i < e->n_findings; i++) {
		const struct finding *f = &e->findings[i];

		if (!group_has_finding(e, g, f))
			continue;
		s->anomalies += !f->listed;
		if (f->again || f->role == LABEL_BAD || (f->listed && f->role == LABEL_ASIDE)) {
			s->again += f->again && !f->listed;
			continue;
		}
		if (f->listed) {
			s->list_alarms++;
			s->list_clean_alarms += f->clean;
		} else if (f->role == LABEL_ASIDE) {
			s->aside++;
		} else {
			s->alarms++;
			s->clean_alarms += f->clean;
			err = add_cause(s, &room, f);
		}
	}
	if (s->n_causes)
		qsort(s->causes, s->n_causes, sizeof(*s->causes), by_number);
	return err;
}

int summary_make(const struct evaluation *e, const struct group *g, struct summary *s)
{
	int err;

	*s = (struct summary){ .group = g, .host_days = group_host_days(e, g) };
	for (size_t i = 0; i < e->n_targets; i++) {
		if (group_has_target(g, &e->targets[i])) {
			add_target(s, &e->targets[i]);
			count_bot(e, g, i, s);
		}
	}
	for (size_t i = 0; i < e->n_rows; i++)
		for (enum row_kind kind = 0; kind < N_ROW_KINDS; kind++)
			s->rows[kind] += is_compared(&e->rows[i], kind) && group_has_row(e, g, &e->rows[i]);
	err = measure_delays(e, g, s);
	if (!err)
		err = count_findings(e, g, s);
	for (enum row_kind kind = 0; !err && kind < N_ROW_KINDS; kind++)
		for (enum method i = 0; !err && i < N_METHODS; i++)
			if (methods[i].kinds >> kind & 1)
				err = measure(e, g, kind, i, &s->lines[kind][i]);
	if (err)
		summary_free(s);
	return err;
}

void summary_free(struct summary *s)
{
	free(s->causes);
	s->causes = NULL;
	s->n_causes = 0;
}
