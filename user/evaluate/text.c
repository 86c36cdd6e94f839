/* text.c: the tables of an evaluation, within 100 columns. */
#include <math.h>
#include <string.h>

#include "evaluate/report.h"

const char *const row_kind_titles[N_ROW_KINDS] = { "clients at domains, by their requests",
						   "clients at domains, by their look-ups", "clients as a whole" };
const char *const row_kind_ids[N_ROW_KINDS] = { "requests", "lookups", "clients" };

struct sensor_sum evaluation_sensor(const struct evaluation *e, uint32_t sensor)
{
	struct sensor_sum s = { 0 };

	for (size_t i = 0; i < e->n_targets; i++) {
		const struct target *t = &e->targets[i];
		struct share *of = t->due ? &s.due : &s.few;

		if (t->sensor != sensor)
			continue;
		of->n++;
		of->found += t->found != NONE;
		s.listed += t->listed;
	}
	for (size_t i = 0; i < e->n_findings; i++) {
		const struct finding *f = &e->findings[i];

		s.alarms += f->sensor == sensor && !f->listed && !f->again && f->role == LABEL_BENIGN;
	}
	return s;
}

static void put_real(FILE *to, int width, double x)
{
	if (isfinite(x))
		fprintf(to, " %*.3f", width, x);
	else
		fprintf(to, " %*s", width, "-");
}

static void put_share(FILE *to, const char *what, struct share s)
{
	struct interval i = stats_share(s.found, s.n);

	fprintf(to, "  %-44s %5zu of %5zu", what, s.found, s.n);
	if (s.n)
		fprintf(to, "  %.3f to %.3f\n", i.low, i.high);
	else
		fputs("  -\n", to);
}

static void put_rate(FILE *to, const struct summary *s)
{
	struct interval i = stats_rate(s->clean_alarms, s->host_days);

	if (s->host_days > 0)
		fprintf(to, "  %.4g clean host-days: %.4f false alarms a host-day, 95 %% %.4f to %.4f\n", s->host_days,
			(double)s->clean_alarms / s->host_days, i.low, i.high);
	else
		fputs("  no clean host: false alarms per host-day not known\n", to);
}

static void put_joint(const struct evaluation_report *r, const struct summary *s, FILE *to)
{
	char what[64];

	snprintf(what, sizeof(what), "with at least %u check-ins", r->min_checkins);
	put_share(to, what, s->due);
	put_share(to, "with fewer", s->few);
	snprintf(what, sizeof(what), "bots, %u check-ins at one domain or more", r->min_checkins);
	put_share(to, what, s->bots_due);
	put_share(to, "bots (hosts x families), all", s->bots);
	if (s->unseen.n)
		fprintf(to, "  labelled, and never seen in the captures: %zu\n", s->unseen.n);
	if (s->checkins.n)
		fprintf(to, "  delay to the first alert, median and 90 %%: %.0f and %.0f check-ins, %.1f and %.1f minutes\n",
			s->checkins.median, s->checkins.most, s->minutes.median, s->minutes.most);
	else
		fputs("  delay to the first alert: -\n", to);
	if (s->group && s->group->by == SPLIT_FAMILY) /* false alarms are nobody's family */
		return;
	fprintf(to, "  false alarms, each client, domain and day once: %zu, of which %zu about clean hosts\n", s->alarms,
		s->clean_alarms);
	put_rate(to, s);
	for (size_t i = 0; i < s->n_causes; i++)
		fprintf(to, "    %-40.40s %-20s %5zu, %zu of clean hosts\n", s->causes[i].kind, s->causes[i].rule,
			s->causes[i].n, s->causes[i].clean);
}

static void put_line(const struct summary *s, enum row_kind kind, enum method which, FILE *to)
{
	const struct line *l = &s->lines[kind][which];
	size_t n = l->counts.hits + l->counts.misses;
	struct interval i = stats_share(l->counts.hits, n);
	char found[32];

	snprintf(found, sizeof(found), "%zu/%zu", l->counts.hits, n);
	fprintf(to, "  %-26s %9s", methods[which].name, found);
	put_real(to, 5, stats_tpr(&l->counts));
	if (n)
		fprintf(to, " %.3f-%.3f", i.low, i.high);
	else
		fprintf(to, " %11s", "-");
	put_real(to, 6, stats_fpr(&l->counts));
	put_real(to, 5, stats_precision(&l->counts));
	put_real(to, 5, stats_f1(&l->counts));
	put_real(to, 5, l->roc_area);
	put_real(to, 5, l->average_precision);
	put_real(to, 8, s->host_days > 0 ? (double)l->accused_clean / s->host_days : NAN);
	fputc('\n', to);
}

/* Thresholds chosen on other rows. */
static void put_tuned(const struct summary *s, enum row_kind kind, enum method which, FILE *to)
{
	const struct line *l = &s->lines[kind][which];
	size_t n = l->tuned.hits + l->tuned.misses;

	fprintf(to, "    %-26s threshold ", methods[which].name);
	if (which == METHOD_JOINT)
		fprintf(to, "%10s", "fixed");
	else if (isfinite(l->threshold))
		fprintf(to, "%10.4g", l->threshold);
	else
		fprintf(to, "%10s", "-");
	fprintf(to, "  found %4zu/%-4zu TPR", l->tuned.hits, n);
	put_real(to, 5, stats_tpr(&l->tuned));
	fputs("  FPR", to);
	put_real(to, 5, stats_fpr(&l->tuned));
	fputc('\n', to);
}

static bool has_bad_rows(const struct summary *s, enum row_kind kind)
{
	const struct stats_counts *c = &s->lines[kind][METHOD_JOINT].counts;

	return c->hits + c->misses;
}

static void put_methods(const struct summary *s, FILE *to)
{
	for (enum row_kind kind = 0; kind < N_ROW_KINDS; kind++) {
		if (!s->rows[kind] || (s->group && s->group->by == SPLIT_FAMILY && !has_bad_rows(s, kind)))
			continue;
		fprintf(to, "%s: %zu rows\n", row_kind_titles[kind], s->rows[kind]);
		fprintf(to, "  %-26s %9s %5s %11s %6s %5s %5s %5s %5s %8s\n", "method", "found", "TPR", "95 %", "FPR",
			"prec", "F1", "AUC", "AP", "a day");
		for (enum method i = 0; i < N_METHODS; i++)
			if (methods[i].kinds >> kind & 1)
				put_line(s, kind, i, to);
		if (!s->group)
			continue;
		fputs("  thresholds chosen on the other groups' rows, by F1:\n", to);
		for (enum method i = 0; i < N_METHODS; i++)
			if (methods[i].kinds >> kind & 1)
				put_tuned(s, kind, i, to);
	}
}

static void put_captures(const struct evaluation_report *r, FILE *to)
{
	fprintf(to, "%-40s %6s %6s %9s %11s %11s %6s%s\n", "capture", "hosts", "clean", "host-days", "found", "few",
		"false", r->e->lists ? " listed" : "");
	for (size_t i = 0; i < r->e->n_sensors; i++) {
		const struct sensor *s = &r->e->sensors[i];
		struct sensor_sum sum = evaluation_sensor(r->e, (uint32_t)i);

		fprintf(to, "%-40.40s %6zu %6zu %9.3f %5zu/%-5zu %5zu/%-5zu %6zu", s->name, s->clients, s->clean,
			sensor_host_days(s), sum.due.found, sum.due.n, sum.few.found, sum.few.n, sum.alarms);
		if (r->e->lists)
			fprintf(to, " %6zu", sum.listed);
		fputc('\n', to);
	}
}

static void put_lists(const struct summary *s, FILE *to)
{
	size_t n = s->due.n + s->few.n + s->unseen.n;

	fprintf(to, "Lists and anomalies apart, of %zu malicious\n", n);
	put_share(to, "by a list", (struct share){ s->by_list, n });
	put_share(to, "by an anomaly", (struct share){ s->by_anomaly, n });
	put_share(to, "by both", (struct share){ s->by_both, n });
	put_share(to, "by a list alone", (struct share){ s->by_list - s->by_both, n });
	put_share(to, "by an anomaly alone", (struct share){ s->by_anomaly - s->by_both, n });
	fprintf(to, "  false alarms of lists: %zu, of which %zu about clean hosts\n", s->list_alarms,
		s->list_clean_alarms);
}

static void put_map(const struct summary *s, FILE *to)
{
	size_t n = 0;

	for (size_t i = 0; i < MAP_PERIODS; i++)
		for (size_t k = 0; k < MAP_JITTERS; k++)
			n += s->map[i][k].n;
	if (!n)
		return;
	fputs("Bots found by period (rows, seconds) and jitter (columns, up to)\n         ", to);
	for (size_t k = 0; k < MAP_JITTERS; k++)
		fprintf(to, " %9.0f %%", 100 * fmin(map_jitters[k + 1], 1));
	fputc('\n', to);
	for (size_t i = 0; i < MAP_PERIODS; i++) {
		fprintf(to, "%5.0f on ", map_periods[i]);
		for (size_t k = 0; k < MAP_JITTERS; k++) {
			char cell[32] = ".";

			if (s->map[i][k].n)
				snprintf(cell, sizeof(cell), "%zu of %zu", s->map[i][k].found, s->map[i][k].n);
			fprintf(to, " %11s", cell);
		}
		fputc('\n', to);
	}
}

/* A bot that was not found, by the first of its servers with enough check-ins. */
static void put_missed_bot(const struct evaluation *e, size_t at, FILE *to)
{
	const struct target *t = &e->targets[at];
	size_t others = 0;

	for (size_t i = 0; i < e->n_targets; i++) {
		if (!e->targets[i].due || i == at || !summary_same_bot(&e->targets[i], t))
			continue;
		if (i < at)
			return;
		others++;
	}
	fprintf(to, "MISSED %s %s %s: %s, %llu check-ins, %s%s", e->sensors[t->sensor].name, t->label->client,
		*t->label->domain ? t->label->domain : "(as a whole)", t->label->kind, (unsigned long long)t->checkins,
		judgement_name(t->judgement), t->excuse ? ", excused" : "");
	if (others)
		fprintf(to, "; and %zu more servers", others);
	fputc('\n', to);
}

static void put_missed(const struct evaluation_report *r, FILE *to)
{
	size_t elsewhere = 0;

	for (size_t i = 0; i < r->e->n_targets; i++) {
		const struct target *t = &r->e->targets[i];

		if (t->found != NONE || !t->due)
			continue;
		if (summary_bot_found(r->e, t))
			elsewhere++;
		else
			put_missed_bot(r->e, i, to);
	}
	if (elsewhere)
		fprintf(to, "%zu more were not told by themselves: another server of the same bot was\n", elsewhere);
}

void evaluation_text(const struct evaluation_report *r, FILE *to)
{
	const struct labels *l = r->e->labels;

	fprintf(to, "%s: %zu labels; %zu say again what another says, %zu overlap and were joined\n", l->path, l->n_read,
		l->doubles, l->overlaps);
	put_captures(r, to);
	fputs("Malicious, and found by the joint rule, lists off; 95 % intervals (Clopper-Pearson, Garwood)\n", to);
	put_joint(r, r->all, to);
	put_missed(r, to);
	put_map(r->all, to);
	put_methods(r->all, to);
	if (r->e->lists)
		put_lists(r->all, to);
	for (size_t i = 0; i < r->n_groups; i++) {
		fprintf(to, "\n== %s %s\n", split_names[r->split], r->groups[i].group->title);
		put_joint(r, &r->groups[i], to);
		put_methods(&r->groups[i], to);
	}
}
