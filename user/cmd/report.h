/* report.h: what metsuke status is told by the running sensor. */
#ifndef METSUKE_CMD_REPORT_H
#define METSUKE_CMD_REPORT_H

#include "cmd/outputs.h"
#include "enforce.h"
#include "pipeline.h"

struct live;
struct store;

struct report {
	const struct live *live;
	const struct outputs *outputs;
	const struct pipeline *pipeline;
	struct store *store; /* NULL: none is kept */
	const char *store_path;
	const struct enforcement *enforcement;
	uint64_t boot_ns; /* CLOCK_BOOTTIME */
	const char *degraded; /* reason, or NULL */
	uint64_t uptime_s;
};

/* One JSON object; the caller frees it. NULL: out of memory. */
char *report_text(const struct report *r);

#endif
