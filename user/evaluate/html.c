/* html.c: an evaluation as one page that needs nothing else: no script, no font, no picture from elsewhere. Every text
 * from labels and file names is escaped. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "evaluate/report.h"

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
	"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>metsuke evaluate</title>\n<style>\n"
	":root{color-scheme:light dark;--back:#fcfcfb;--text:#1d1d1f;--faint:#63636b;--line:#d9d9de;--good:24,122,84;"
	"--c0:#1257b0;--c1:#b3261e;--c2:#a15c00;--c3:#187a54;--c4:#7b3fa0;--c5:#00758f;--c6:#b0307f;--c7:#6b6b73}\n"
	"@media (prefers-color-scheme:dark){:root{--back:#17181b;--text:#ececef;--faint:#a2a2ac;--line:#3a3b41;"
	"--good:70,180,130;--c0:#6aa9ff;--c1:#ff8178;--c2:#f0a54a;--c3:#56c796;--c4:#c790ee;--c5:#4fc3dc;--c6:#f58cc7;"
	"--c7:#a9a9b3}}\n"
	"*{box-sizing:border-box}body{margin:0 auto;max-width:1180px;padding:16px;background:var(--back);color:var(--text);"
	"font:15px/1.45 system-ui,sans-serif}h1{font-size:24px;margin:8px 0}h2{font-size:18px;margin:32px 0 8px}"
	"p,figcaption{color:var(--faint);margin:4px 0}.cards{display:grid;gap:12px;"
	"grid-template-columns:repeat(auto-fit,minmax(200px,1fr))}.card{border:1px solid var(--line);border-radius:8px;padding:12px}"
	".card b{display:block;font-size:24px}.card span{color:var(--faint);font-size:13px}.wide{overflow-x:auto}"
	"table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14px}th,td{padding:4px 10px;"
	"border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}th:first-child,td:first-child{text-align:left}"
	"th{color:var(--faint);font-weight:600}tr.own td{font-weight:700}.plots{display:grid;gap:24px;"
	"grid-template-columns:repeat(auto-fit,minmax(min(100%,420px),1fr))}figure{margin:0}svg{width:100%;max-width:480px;height:auto}"
	"svg text{fill:var(--faint);font-size:12px}.axis{stroke:var(--line);fill:none}.curve{fill:none;stroke-width:1.6}"
	".curve.own{stroke-width:3.2}.legend{list-style:none;padding:0;margin:8px 0;font-size:13px;columns:2 180px}"
	".legend i{display:inline-block;width:14px;height:4px;margin-right:6px;vertical-align:middle}"
	".map td+td{text-align:center}.bar{display:grid;grid-template-columns:minmax(120px,260px) 1fr 48px;gap:8px;align-items:center;"
	"font-size:14px;margin:3px 0;overflow-wrap:anywhere}.bar i{display:block;height:14px;background:var(--c1);border-radius:2px;"
	"min-width:2px}.bar em{font-style:normal;text-align:right}\n</style>\n</head>\n<body>\n";

static void put_text(FILE *to, const char *s)
{
	for (; *s; s++) {
		if (*s == '<')
			fputs("&lt;", to);
		else if (*s == '>')
			fputs("&gt;", to);
		else if (*s == '&')
			fputs("&amp;", to);
		else if (*s == '"')
			fputs("&quot;", to);
		else if ((unsigned char)*s < ' ' || (unsigned char)*s > '~') /* may be no UTF-8, or not allowed in a page */
			fputc('?', to);
		else
			fputc(*s, to);
	}
}

static void put_real(FILE *to, double x)
{
	if (isfinite(x))
		fprintf(to, "<td>%.3f</td>", x);
	else
		fputs("<td>-</td>", to);
}

static void put_card(FILE *to, const char *title, struct share s)
{
	struct interval i = stats_share(s.found, s.n);

	fprintf(to, "<div class=\"card\">%s<b>%zu of %zu</b>", title, s.found, s.n);
	if (s.n)
		fprintf(to, "<span>95 %%: %.3f to %.3f</span>", i.low, i.high);
	fputs("</div>\n", to);
}

static void put_cards(const struct evaluation_report *r, FILE *to)
{
	const struct summary *s = r->all;
	struct interval rate = stats_rate(s->clean_alarms, s->host_days);
	char title[64];

	fputs("<div class=\"cards\">\n", to);
	snprintf(title, sizeof(title), "Bots found, %u check-ins at one domain", r->min_checkins);
	put_card(to, title, s->bots_due);
	put_card(to, "Bots found (hosts x families), all", s->bots);
	snprintf(title, sizeof(title), "Servers found, %u check-ins or more", r->min_checkins);
	put_card(to, title, s->due);
	put_card(to, "Servers found, fewer check-ins", s->few);
	fputs("<div class=\"card\">False alarms a clean host-day", to);
	if (s->host_days > 0)
		fprintf(to, "<b>%.4f</b><span>%zu in %.4g days; 95 %%: %.4f to %.4f</span>",
			(double)s->clean_alarms / s->host_days, s->clean_alarms, s->host_days, rate.low, rate.high);
	else
		fputs("<b>-</b><span>no clean host: not known</span>", to);
	fputs("</div>\n<div class=\"card\">Delay to the first alert, median", to);
	if (s->checkins.n)
		fprintf(to, "<b>%.0f check-ins</b><span>90 %% within %.0f; %.0f minutes, 90 %% within %.0f</span>",
			s->checkins.median, s->checkins.most, s->minutes.median, s->minutes.most);
	else
		fputs("<b>-</b>", to);
	fputs("</div>\n</div>\n", to);
}

#define SIDE 400.0
#define MARGIN 40.0

/* Tied rows are one step, aslant: any order of them is as good. */
static void put_curve(const struct stats_row *rows, size_t n, unsigned int color, bool own, FILE *to)
{
	double bad = 0, good = 0, x = 0, y = 0;

	for (size_t i = 0; i < n; i++)
		*(rows[i].bad ? &bad : &good) += 1;
	fprintf(to, "<polyline class=\"curve%s\" stroke=\"var(--c%u)\" points=\"%.1f,%.1f", own ? " own" : "", color, MARGIN,
		SIDE);
	for (size_t i = 0; i < n; i++) {
		*(rows[i].bad ? &y : &x) += 1;
		if (i + 1 < n && (rows[i].score == rows[i + 1].score ||
				  (isnan(rows[i].score) && isnan(rows[i + 1].score))))
			continue;
		fprintf(to, " %.1f,%.1f", MARGIN + x / good * SIDE, SIDE - y / bad * SIDE);
	}
	fputs("\"/>\n", to);
}

static int put_roc(const struct evaluation_report *r, enum row_kind kind, FILE *to)
{
	unsigned int color = 0;
	int err = 0;

	if (isnan(r->all->lines[kind][METHOD_JOINT].roc_area))
		return 0;
	fprintf(to, "<figure><svg viewBox=\"0 -8 %.0f %.0f\" role=\"img\" aria-label=\"ROC curves\">\n", SIDE + MARGIN + 12,
		SIDE + MARGIN + 8);
	fprintf(to, "<rect class=\"axis\" x=\"%.0f\" y=\"0\" width=\"%.0f\" height=\"%.0f\"/>"
		    "<line class=\"axis\" stroke-dasharray=\"4 4\" x1=\"%.0f\" y1=\"%.0f\" x2=\"%.0f\" y2=\"0\"/>\n",
		MARGIN, SIDE, SIDE, MARGIN, SIDE, SIDE + MARGIN);
	for (int i = 0; i <= 4; i++)
		fprintf(to, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\">%.2f</text>"
			    "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"end\">%.2f</text>\n",
			MARGIN + SIDE * i / 4, SIDE + 16, i / 4.0, MARGIN - 6, SIDE - SIDE * i / 4 + 4, i / 4.0);
	fprintf(to, "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"middle\">false alarms, share of the rows that are not malicious</text>\n",
		MARGIN + SIDE / 2, SIDE + 34);
	for (int i = N_METHODS - 1; !err && i >= 0; i--) {
		struct stats_row *rows;
		size_t n;

		if (!methods[i].drawn || !(methods[i].kinds >> kind & 1))
			continue;
		color = 0;
		for (int k = 0; k < i; k++)
			color += methods[k].drawn;
		err = summary_scores(r->e, NULL, group_has_row, kind, i, &rows, &n);
		if (err)
			break;
		put_curve(rows, n, color, i == METHOD_JOINT, to);
		free(rows);
	}
	fputs("</svg>\n<ul class=\"legend\">\n", to);
	color = 0;
	for (enum method i = 0; i < N_METHODS; i++) {
		if (methods[i].drawn && methods[i].kinds >> kind & 1)
			fprintf(to, "<li><i style=\"background:var(--c%u)\"></i>%s, AUC %.3f</li>\n", color, methods[i].name,
				r->all->lines[kind][i].roc_area);
		color += methods[i].drawn;
	}
	fprintf(to, "</ul>\n<figcaption>%s; upwards the share of the malicious rows that is found</figcaption></figure>\n", row_kind_titles[kind]);
	return err;
}

static int put_rocs(const struct evaluation_report *r, FILE *to)
{
	int err = 0;
	bool any = false;

	fputs("<h2>ROC curves</h2>\n<div class=\"plots\">\n", to);
	for (enum row_kind kind = 0; !err && kind < N_ROW_KINDS; kind++) {
		any |= !isnan(r->all->lines[kind][METHOD_JOINT].roc_area);
		err = put_roc(r, kind, to);
	}
	fputs("</div>\n", to);
	if (!any)
		fputs("<p>No rows of both kinds, malicious and not.</p>\n", to);
	return err;
}

static void put_map(const struct summary *s, FILE *to)
{
	fputs("<h2>Bots found, by period and jitter</h2>\n<div class=\"wide\"><table class=\"map\">\n<tr><th>period</th>", to);
	for (size_t k = 0; k < MAP_JITTERS; k++)
		fprintf(to, "<th>%.0f to %.0f %%</th>", 100 * map_jitters[k], 100 * fmin(map_jitters[k + 1], 1));
	fputs("</tr>\n", to);
	for (size_t i = 0; i < MAP_PERIODS; i++) {
		if (isfinite(map_periods[i + 1]))
			fprintf(to, "<tr><td>%.0f to %.0f s</td>", map_periods[i], floor(map_periods[i + 1]));
		else
			fprintf(to, "<tr><td>from %.0f s on</td>", map_periods[i]);
		for (size_t k = 0; k < MAP_JITTERS; k++) {
			struct share c = s->map[i][k];

			if (c.n)
				fprintf(to, "<td style=\"background:rgba(var(--good),%.2f)\">%zu of %zu</td>",
					0.65 * (double)c.found / (double)c.n, c.found, c.n);
			else
				fputs("<td></td>", to);
		}
		fputs("</tr>\n", to);
	}
	fputs("</table></div>\n", to);
}

static void put_causes(const struct summary *s, FILE *to)
{
	fprintf(to, "<h2>False alarms by cause</h2>\n<p>Each client, domain and day once: %zu, of which %zu about clean hosts.</p>\n",
		s->alarms, s->clean_alarms);
	for (size_t i = 0; i < s->n_causes; i++) {
		fputs("<div class=\"bar\"><span>", to);
		put_text(to, s->causes[i].kind);
		fprintf(to, ", %s</span><i style=\"width:%.1f%%\"></i><em>%zu</em></div>\n", s->causes[i].rule,
			100 * (double)s->causes[i].n / (double)s->causes[0].n, s->causes[i].n);
	}
}

static void put_methods(const struct summary *s, enum row_kind kind, FILE *to)
{
	if (!s->rows[kind])
		return;
	fprintf(to, "<h2>Methods: %s (%zu rows)</h2>\n<div class=\"wide\"><table>\n<tr><th>method</th><th>found</th><th>TPR</th>"
		    "<th>95 %%</th><th>FPR</th><th>precision</th><th>F1</th><th>AUC</th><th>AP</th><th>a host-day</th></tr>\n",
		row_kind_titles[kind], s->rows[kind]);
	for (enum method i = 0; i < N_METHODS; i++) {
		const struct line *l = &s->lines[kind][i];
		size_t n = l->counts.hits + l->counts.misses;
		struct interval ci = stats_share(l->counts.hits, n);

		if (!(methods[i].kinds >> kind & 1))
			continue;
		fprintf(to, "<tr%s><td>%s</td><td>%zu of %zu</td>", i == METHOD_JOINT ? " class=\"own\"" : "", methods[i].name,
			l->counts.hits, n);
		put_real(to, stats_tpr(&l->counts));
		if (n)
			fprintf(to, "<td>%.3f to %.3f</td>", ci.low, ci.high);
		else
			fputs("<td>-</td>", to);
		put_real(to, stats_fpr(&l->counts));
		put_real(to, stats_precision(&l->counts));
		put_real(to, stats_f1(&l->counts));
		put_real(to, l->roc_area);
		put_real(to, l->average_precision);
		put_real(to, s->host_days > 0 ? (double)l->accused_clean / s->host_days : NAN);
		fputs("</tr>\n", to);
	}
	fputs("</table></div>\n", to);
}

static void put_captures(const struct evaluation *e, FILE *to)
{
	fputs("<h2>Captures</h2>\n<div class=\"wide\"><table>\n<tr><th>capture</th><th>hosts</th><th>clean</th><th>clean host-days</th>"
	      "<th>found</th><th>with fewer check-ins</th><th>false alarms</th></tr>\n", to);
	for (size_t i = 0; i < e->n_sensors; i++) {
		const struct sensor *s = &e->sensors[i];
		struct sensor_sum sum = evaluation_sensor(e, (uint32_t)i);

		fputs("<tr><td>", to);
		put_text(to, s->name);
		fprintf(to, "</td><td>%zu</td><td>%zu</td><td>%.3f</td><td>%zu of %zu</td><td>%zu of %zu</td><td>%zu</td></tr>\n",
			s->clients, s->clean, sensor_host_days(s), sum.due.found, sum.due.n, sum.few.found, sum.few.n,
			sum.alarms);
	}
	fputs("</table></div>\n", to);
}

int evaluation_html(const struct evaluation_report *r, FILE *to)
{
	int err;

	fputs(head, to);
	fputs("<h1>metsuke evaluate</h1>\n<p>", to);
	put_text(to, r->e->labels->path);
	fprintf(to, ": %zu labels, %zu captures; lists off.</p>\n", r->e->labels->n_read, r->e->n_sensors);
	put_cards(r, to);
	err = put_rocs(r, to);
	put_map(r->all, to);
	put_causes(r->all, to);
	for (enum row_kind kind = 0; kind < N_ROW_KINDS; kind++)
		put_methods(r->all, kind, to);
	put_captures(r->e, to);
	fputs("</body>\n</html>\n", to);
	return err ? err : ferror(to) ? -EIO : 0;
}
