/* explain_print.c: the case as text. What is in it is untrusted: every text goes through cell_visible(). */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/explain.h"
#include "cmd/query_cell.h"
#include "support/buf.h"

#define GRID_COLUMNS 16

/* Cells as they are put, row after row; each column is as wide as its widest. */
struct grid {
	struct buf text; /* cells, each ended by a NUL */
	size_t columns, cells;
	unsigned int left; /* bit per column: to the left; else to the right */
	size_t width[GRID_COLUMNS];
};

static void grid_cell(struct grid *g, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void grid_cell(struct grid *g, const char *format, ...)
{
	size_t from = g->text.len, width;
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cell_visible(&g->text, text);
	buf_char(&g->text, '\0');
	if (g->text.failed)
		return;
	width = cell_width(g->text.data + from);
	if (width > g->width[g->cells % g->columns])
		g->width[g->cells % g->columns] = width;
	g->cells++;
}

/* A number, as far as it is known. */
static void grid_number(struct grid *g, double x)
{
	if (isfinite(x))
		grid_cell(g, "%.4g", x);
	else
		grid_cell(g, "-");
}

static void grid_print(struct grid *g)
{
	const char *at = g->text.data;
	struct buf line = { 0 };

	for (size_t i = 0; !g->text.failed && i < g->cells; i++, at += strlen(at) + 1) {
		size_t column = i % g->columns, pad = g->width[column] - cell_width(at);
		bool left = g->left >> column & 1;

		buf_printf(&line, "  %*s%s%*s", left ? 0 : (int)pad, "", at, left ? (int)pad : 0, "");
		if (column + 1 < g->columns)
			continue;
		while (line.len && line.data[line.len - 1] == ' ')
			line.len--;
		printf("%.*s\n", (int)line.len, line.len ? line.data : "");
		line.len = 0;
	}
	buf_free(&line);
	buf_free(&g->text);
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void say(const char *format, ...)
{
	struct buf clean = { 0 };
	char text[8192];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cell_visible(&clean, text);
	if (!clean.failed)
		printf("%.*s\n", (int)clean.len, clean.len ? clean.data : "");
	buf_free(&clean);
}

static void print_member(const json_t *of, const char *title, const char *path)
{
	const json_t *value = explain_at(of, path);

	if (json_is_string(value) && json_string_length(value))
		say("  %-12s %s", title, json_string_value(value));
	else if (json_is_number(value))
		say("  %-12s %.15g", title, json_number_value(value));
}

static void print_head(const json_t *of)
{
	say("%s  %s  %s, severity %.0f", explain_text(of, "id"), explain_text(of, "time"), explain_text(of, "kind"),
	    explain_number(of, "severity"));
	say("%s", explain_text(of, "says"));
	print_member(of, "program", "who.executable");
	print_member(of, "command line", "who.command_line");
	print_member(of, "started by", "who.parent");
	print_member(of, "container", "who.container");
	print_member(of, "MAC", "who.mac");
	print_member(of, "role", "who.client_role");
	say("  %-12s %s: %s", "rule", explain_text(of, "rule.id"), explain_text(of, "rule.description"));
	if (explain_at(of, "stages"))
		print_member(of, "model", "rule.version");
	if (explain_at(of, "now"))
		say("  %-12s %s, score %.3g, after %.0f check-ins", "by now", explain_text(of, "now.judgement"),
		    explain_number(of, "now.score"), explain_number(of, "now.checkins"));
}

static void print_list(const json_t *of)
{
	printf("\nthe list\n");
	print_member(of, "list", "list.list");
	print_member(of, "category", "list.category");
	print_member(of, "entry", "list.entry");
	print_member(of, "family", "list.family");
	print_member(of, "first seen", "list.first_seen");
	print_member(of, "confidence", "list.confidence");
	print_member(of, "generation", "list.generation");
	print_member(of, "matched", "list.matched");
	print_member(of, "by field", "list.field");
	print_member(of, "how", "list.match");
	print_member(of, "answer to", "list.chain_domain");
	print_member(of, "looked up in", "list.chain_lookup");
	print_member(of, "before, untold", "list.repeated");
}

static void print_stage(const json_t *stage)
{
	struct grid g = { .columns = 8, .left = 1 | 1 << 2 | 1 << 3 };
	const json_t *row;
	size_t i;

	putchar('\n');
	say("stage %.0f: %s", explain_number(stage, "stage"), explain_text(stage, "asks"));
	for (const char *const *title = (const char *const[]){ "feature", "value", "odd", "is odd", "ordinary", "p",
							       "part", "samples", NULL };
	     *title; title++)
		grid_cell(&g, "%s", *title);
	json_array_foreach(explain_at(stage, "features"), i, row)
	{
		double limit = explain_number(row, "threshold");

		grid_cell(&g, "%s", explain_text(row, "feature"));
		grid_number(&g, explain_number(row, "value"));
		grid_cell(&g, "%s", json_is_true(explain_at(row, "beyond")) ? "yes" : "no");
		if (isfinite(limit))
			grid_cell(&g, "%s %.4g", strcmp(explain_text(row, "comparison"), "gt") ? "below" : "above", limit);
		else
			grid_cell(&g, "never");
		grid_number(&g, explain_number(row, "baseline"));
		grid_number(&g, explain_number(row, "p"));
		grid_number(&g, explain_number(row, "share"));
		grid_number(&g, explain_number(row, "samples"));
	}
	grid_print(&g);
}

static void print_stages(const json_t *of)
{
	double score = explain_number(of, "score");
	const json_t *stage;
	size_t i;

	json_array_foreach(explain_at(of, "stages"), i, stage)
		print_stage(stage);
	if (!isfinite(score) || score >= 1)
		return;
	putchar('\n');
	say("score %.6g = 1 - 10^-%.4g, of which each part is the share in the last column but one; at least "
	    "%.4g is an anomaly",
	    score, -log10(1 - score), explain_number(of, "threshold"));
}

static void print_otherwise(const json_t *of)
{
	const json_t *ways = explain_at(of, "otherwise"), *way;
	size_t i;

	if (!json_array_size(ways))
		return;
	printf("\nit would be\n");
	json_array_foreach(ways, i, way)
		say("  %-10s %s", explain_text(way, "verdict"), explain_text(way, "text"));
}

static void put_row(struct grid *g, const json_t *all, const json_t *row, const char *what)
{
	json_t *value;
	const char *name;

	grid_cell(g, "%s", what);
	if (!explain_at(row, "client"))
		grid_cell(g, " ");
	else
		grid_cell(g, "%.3f", explain_number(row, "distance"));
	json_object_foreach((json_t *)explain_at(all, "own"), name, value)
		grid_number(g, json_number_value(explain_at(row, "client") ? explain_at(explain_at(row, "values"), name)
									   : value));
	grid_cell(g, "%s", explain_text(row, "judgement"));
	grid_cell(g, "%s", explain_text(row, "client"));
	grid_cell(g, "%s", explain_text(row, "domain"));
}

static void print_neighbours(const json_t *of)
{
	static const struct {
		const char *path, *title;
	} group[] = { { "same_client", "same client" }, { "others", "others" }, { "flagged", "flagged" } };
	const json_t *all = explain_at(of, "neighbours"), *row;
	struct grid g = { .columns = 5 + json_object_size(explain_at(all, "own")) };
	const char *by = explain_text(all, "scaling"), *name;
	json_t *value;
	size_t i, none = 0;

	if (!all || g.columns > GRID_COLUMNS)
		return;
	putchar('\n');
	say("most like it in the store, by the distance that %s", strcmp(by, "store") ? "SVM and LOF measure" :
											   "a scaling over all of it gives");
	if (explain_at(all, "judged_by"))
		say("(by model %s; the alert is of model %s)", by, explain_text(all, "judged_by"));
	g.left = 1U | 7U << (g.columns - 3);
	grid_cell(&g, "%s", "");
	grid_cell(&g, "distance");
	json_object_foreach((json_t *)explain_at(all, "own"), name, value)
		grid_cell(&g, "%s", name);
	for (const char *const *title = (const char *const[]){ "judgement", "client", "domain", NULL }; *title; title++)
		grid_cell(&g, "%s", *title);
	put_row(&g, all, NULL, "the alert");
	for (size_t k = 0; k < sizeof(group) / sizeof(group[0]); k++) {
		const json_t *rows = explain_at(explain_at(all, group[k].path), "nearest");

		json_array_foreach(rows, i, row)
			put_row(&g, all, row, i ? "" : group[k].title);
	}
	grid_print(&g);
	for (size_t k = 0; k < sizeof(group) / sizeof(group[0]); k++) {
		if (explain_number(explain_at(all, group[k].path), "of") > 0)
			continue;
		printf("%s%s", none++ ? ", " : "  none that was judged: ", group[k].title);
	}
	if (none)
		putchar('\n');
}

void explain_print(const json_t *of)
{
	const json_t *step;
	size_t i;

	print_head(of);
	if (explain_at(of, "list"))
		print_list(of);
	print_stages(of);
	print_otherwise(of);
	print_neighbours(of);
	if (json_array_size(explain_at(of, "next")))
		printf("\nwhat to do next\n");
	json_array_foreach(explain_at(of, "next"), i, step)
		say("  %-44s %s", explain_text(step, "what"), explain_text(step, "command"));
}
