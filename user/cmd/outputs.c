/* outputs.c: see outputs.h. */
#include "cmd/outputs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/log.h"

static int open_one(struct outputs *o, const char *spec, const struct sink_options *options)
{
	char error[512];

	if (o->n == ECS_MAX_SINKS) {
		log_error("more than %d sinks", ECS_MAX_SINKS);
		return -1;
	}
	o->sink[o->n] = sink_open(spec, options, error, sizeof(error));
	if (!o->sink[o->n]) {
		log_error("%s", error);
		return -1;
	}
	o->n++;
	return 0;
}

int outputs_open(struct outputs *o, const struct config *c, bool wait)
{
	struct sink_options options = {
		.queue_bytes = c->queue_bytes,
		.wait = wait,
		.rotate_bytes = c->rotate_bytes,
		.rotate_seconds = c->rotate_seconds,
		.keep = c->rotate_keep,
	};

	memset(o, 0, sizeof(*o));
	o->text = !strcmp(c->format, "text") || (!strcmp(c->format, "auto") && isatty(STDOUT_FILENO));
	if (c->sinks.n == 0)
		return open_one(o, "-", &options);
	for (size_t i = 0; i < c->sinks.n; i++) {
		if (open_one(o, c->sinks.item[i], &options)) {
			outputs_close(o, 0);
			return -1;
		}
	}
	return 0;
}

int outputs_attach(const struct outputs *o, struct pipeline *p)
{
	enum line_style people = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") ? LINES_COLOR : LINES_TEXT;
	int err = 0;

	for (size_t i = 0; i < o->n; i++) {
		bool is_stdout = !strcmp(sink_spec(o->sink[i]), "-");

		err |= pipeline_add_sink(p, o->sink[i], is_stdout && o->text ? people : LINES_JSON);
	}
	return err;
}

void outputs_reopen(const struct outputs *o)
{
	for (size_t i = 0; i < o->n; i++)
		sink_reopen(o->sink[i]);
}

void outputs_close(struct outputs *o, unsigned int seconds)
{
	while (o->n)
		sink_close(o->sink[--o->n], seconds);
}

bool outputs_gone(const struct outputs *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (sink_stats(o->sink[i]).gone)
			return true;
	return false;
}

/* A member name of its own for each sink, without characters that a query language would want quoted. */
static void stats_name(const char *spec, char *to, size_t size)
{
	const char *base = strrchr(spec, '/');
	size_t n;

	if (!strcmp(spec, "-"))
		snprintf(to, size, "stdout");
	else
		snprintf(to, size, "%.4s_%s", spec, base ? base + 1 : spec + 5);
	n = strlen(to);
	for (size_t i = 0; i < n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", to[i]))
			to[i] = '_';
}

static bool is_taken(const struct ecs_stats *stats, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (!strcmp(stats->sinks[i].name, stats->sinks[at].name))
			return true;
	return false;
}

static void number_name(char *name, size_t size, size_t n)
{
	size_t len = strlen(name);

	if (len > size - 4)
		len = size - 4;
	snprintf(name + len, size - len, "_%zu", n);
}

const char *outputs_stats(const struct outputs *o, struct ecs_stats *stats)
{
	const char *broken = NULL;

	stats->n_sinks = o->n;
	for (size_t i = 0; i < o->n; i++) {
		struct sink_stats s = sink_stats(o->sink[i]);

		stats_name(sink_spec(o->sink[i]), stats->sinks[i].name, sizeof(stats->sinks[i].name));
		for (size_t n = i + 1; is_taken(stats, i); n++)
			number_name(stats->sinks[i].name, sizeof(stats->sinks[i].name), n);
		stats->sinks[i].sent = s.sent;
		stats->sinks[i].dropped = s.dropped;
		stats->sinks[i].errors = s.errors;
		stats->sinks[i].queue_depth = s.queued;
		if (s.broken)
			broken = sink_spec(o->sink[i]);
	}
	return broken;
}
