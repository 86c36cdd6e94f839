/* json.c: an evaluation as one JSON object. What is not known is null: NaN and infinity have no place in JSON. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/report.h"
#include "support/utf8.h"

static json_t *real(double x)
{
	return isfinite(x) ? json_real(x) : json_null();
}

static json_t *count(size_t n)
{
	return json_integer((json_int_t)n);
}

/* Of a file's name or a label, whatever bytes they have. */
static json_t *text(const char *s)
{
	char *clean = utf8_clean(s, strlen(s));
	json_t *to = json_string(clean ? clean : "");

	free(clean);
	return to;
}

static json_t *interval(struct interval i)
{
	return json_pack("[o,o]", real(i.low), real(i.high));
}

static json_t *share(struct share s)
{
	return json_pack("{so,so,so,so}", "found", count(s.found), "of", count(s.n), "share",
			 real(s.n ? (double)s.found / (double)s.n : NAN), "interval",
			 s.n ? interval(stats_share(s.found, s.n)) : json_null());
}

static json_t *counts(const struct stats_counts *c)
{
	return json_pack("{so,so,so,so,so,so,so,so}", "hits", count(c->hits), "misses", count(c->misses), "false_alarms",
			 count(c->alarms), "passes", count(c->passes), "tpr", real(stats_tpr(c)), "fpr",
			 real(stats_fpr(c)), "precision", real(stats_precision(c)), "f1", real(stats_f1(c)));
}

static json_t *line(const struct summary *s, enum row_kind kind, enum method which)
{
	const struct line *l = &s->lines[kind][which];
	size_t n = l->counts.hits + l->counts.misses;
	json_t *to = counts(&l->counts);

	json_object_set_new(to, "method", json_string(methods[which].id));
	json_object_set_new(to, "alarm", json_string(methods[which].alarm));
	json_object_set_new(to, "tpr_interval", n ? interval(stats_share(l->counts.hits, n)) : json_null());
	json_object_set_new(to, "without_score", count(l->unscored));
	json_object_set_new(to, "roc_auc", real(l->roc_area));
	json_object_set_new(to, "average_precision", real(l->average_precision));
	json_object_set_new(to, "false_alarms_per_host_day",
			    real(s->host_days > 0 ? (double)l->accused_clean / s->host_days : NAN));
	if (s->group) {
		json_t *tuned = counts(&l->tuned);

		json_object_set_new(tuned, "threshold", real(l->threshold));
		json_object_set_new(to, "held_out", tuned);
	}
	return to;
}

static json_t *lines(const struct summary *s)
{
	json_t *to = json_object();

	for (enum row_kind kind = 0; kind < N_ROW_KINDS; kind++) {
		json_t *all = json_array();

		for (enum method i = 0; i < N_METHODS; i++)
			if (methods[i].kinds >> kind & 1)
				json_array_append_new(all, line(s, kind, i));
		json_object_set_new(to, row_kind_ids[kind],
				    json_pack("{so,so}", "rows", count(s->rows[kind]), "methods", all));
	}
	return to;
}

static json_t *delay(struct delay d)
{
	return json_pack("{so,so,so}", "n", count(d.n), "median", real(d.median), "p90", real(d.most));
}

static json_t *causes(const struct summary *s)
{
	json_t *to = json_array();

	for (size_t i = 0; i < s->n_causes; i++)
		json_array_append_new(to, json_pack("{so,ss,so,so}", "kind", text(s->causes[i].kind), "rule", s->causes[i].rule,
						    "n", count(s->causes[i].n), "clean", count(s->causes[i].clean)));
	return to;
}

static json_t *map(const struct summary *s)
{
	json_t *to = json_array();

	for (size_t i = 0; i < MAP_PERIODS; i++)
		for (size_t k = 0; k < MAP_JITTERS; k++)
			if (s->map[i][k].n)
				json_array_append_new(to, json_pack("{so,so,so,so,so}", "period_s",
								    real(map_periods[i]), "period_below_s",
								    real(map_periods[i + 1]), "jitter",
								    real(map_jitters[k]), "jitter_below",
								    real(map_jitters[k + 1]), "found",
								    share(s->map[i][k])));
	return to;
}

static json_t *summary(const struct summary *s)
{
	struct interval rate = stats_rate(s->clean_alarms, s->host_days);
	bool known = s->host_days > 0;
	json_t *to = json_pack("{so,so,so,so,so,so,so}", "enough_checkins", share(s->due), "fewer_checkins",
			       share(s->few), "never_seen", count(s->unseen.n), "bots", share(s->bots),
			       "bots_enough_checkins", share(s->bots_due), "delay_checkins",
			       delay(s->checkins), "delay_minutes", delay(s->minutes));

	json_object_set_new(to, "false_alarms",
			    json_pack("{so,so,so,so,so}", "all", count(s->alarms), "clean", count(s->clean_alarms),
				      "clean_host_days", real(s->host_days), "per_clean_host_day",
				      real(known ? (double)s->clean_alarms / s->host_days : NAN), "interval",
				      known ? interval(rate) : json_null()));
	json_object_set_new(to, "causes", causes(s));
	json_object_set_new(to, "aside", count(s->aside));
	json_object_set_new(to, "lists", json_pack("{so,so,so,so}", "by_list", count(s->by_list), "by_anomaly",
						   count(s->by_anomaly), "by_both", count(s->by_both), "false_alarms",
						   count(s->list_alarms)));
	json_object_set_new(to, "methods", lines(s));
	return to;
}

static json_t *captures(const struct evaluation *e)
{
	json_t *to = json_array();

	for (size_t i = 0; i < e->n_sensors; i++) {
		const struct sensor *s = &e->sensors[i];
		struct sensor_sum sum = evaluation_sensor(e, (uint32_t)i);

		json_array_append_new(to, json_pack("{so,so,so,so,so,so,so,so}", "capture",
						    text(s->name), "hosts", count(s->clients),
						    "clean", count(s->clean), "clean_host_days",
						    real(sensor_host_days(s)), "enough_checkins", share(sum.due),
						    "fewer_checkins", share(sum.few), "listed", count(sum.listed),
						    "false_alarms", count(sum.alarms)));
	}
	return to;
}

static json_t *targets(const struct evaluation *e)
{
	json_t *to = json_array();

	for (size_t i = 0; i < e->n_targets; i++) {
		const struct target *t = &e->targets[i];
		const struct finding *f = t->found == NONE ? NULL : &e->findings[t->found];

		json_array_append_new(
			to, json_pack("{so,ss,so,so,so,so,sb,ss,sb,sb,so}", "capture",
				      text(e->sensors[t->sensor].name), "client", t->label->client,
				      "domain", text(t->label->domain), "kind", text(t->label->kind),
				      "family", text(t->label->family), "checkins",
				      count(t->checkins), "enough_checkins", t->due, "judgement",
				      judgement_name(t->judgement), "found", f != NULL, "listed", t->listed, "rule",
				      f ? json_string(f->rule) : json_null()));
	}
	return to;
}

int evaluation_json(const struct evaluation_report *r, FILE *to)
{
	const struct labels *l = r->e->labels;
	json_t *root = json_object(), *groups = json_array();
	int err;

	json_object_set_new(root, "labels", json_pack("{so,so,so}", "rows", count(l->n_read), "doubles",
						      count(l->doubles), "overlaps", count(l->overlaps)));
	json_object_set_new(root, "captures", captures(r->e));
	json_object_set_new(root, "all", summary(r->all));
	json_object_set_new(root, "map", map(r->all));
	json_object_set_new(root, "malicious", targets(r->e));
	for (size_t i = 0; i < r->n_groups; i++) {
		json_t *g = summary(&r->groups[i]);

		json_object_set_new(g, "group", text(r->groups[i].group->title));
		json_array_append_new(groups, g);
	}
	json_object_set_new(root, "split", json_string(split_names[r->split]));
	json_object_set_new(root, "groups", groups);
	err = json_dumpf(root, to, JSON_INDENT(1) | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(12)) ? -EIO : 0;
	json_decref(root);
	return err || fputc('\n', to) == EOF ? -EIO : 0;
}
