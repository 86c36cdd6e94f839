/* outputs.h: the sinks of a command, opened from its configuration and given to its pipeline. */
#ifndef METSUKE_CMD_OUTPUTS_H
#define METSUKE_CMD_OUTPUTS_H

#include "config.h"
#include "output/sink.h"
#include "pipeline.h"

struct outputs {
	struct sink *sink[ECS_MAX_SINKS];
	size_t n;
	bool text; /* standard output is for people */
};

/* Opens the configured sinks; none: standard output. Logs and returns -1 where one cannot be opened. */
int outputs_open(struct outputs *o, const struct config *c, bool wait);
int outputs_attach(const struct outputs *o, struct pipeline *p);
void outputs_reopen(const struct outputs *o);
void outputs_close(struct outputs *o, unsigned int seconds);

/* Standard output was closed by its reader. */
bool outputs_gone(const struct outputs *o);

/* For the stats event; returns the name of a sink that does not work, or NULL. */
const char *outputs_stats(const struct outputs *o, struct ecs_stats *stats);

#endif
