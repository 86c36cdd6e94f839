/* pipeline.h: records in, lines out. One instance per sensor or replay; it knows neither interfaces nor
 * files, and no clock but the records' own. */
#ifndef METSUKE_PIPELINE_H
#define METSUKE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"
#include "observe/counts.h"
#include "observe/observation.h"
#include "output/ecs.h"
#include "output/sink.h"
#include "profile/profile.h"

struct pipeline;
struct allow;
struct owners;
struct flagged;
struct flagged_key;
struct hosts;
struct intel;
struct model;
struct prefixes;

enum line_style { LINES_JSON, LINES_TEXT, LINES_COLOR };

/* One alert as it went out: either kind, and its line of JSON. */
struct told {
	const struct alert *listed;
	const struct anomaly *odd;
	const char *event_id;
	const char *line;
	size_t len; /* without the newline */
};

struct pipeline_options {
	const struct config *config;
	struct ecs_identity identity;
	int64_t time_offset_ns; /* added to a record's time: what makes it nanoseconds since 1970 */
	struct intel *intel;	/* given: the pipeline frees it; NULL: no lists */
	struct owners *owners;	/* borrowed; NULL: no processes */
	struct allow *allow;	/* given: the pipeline frees it; NULL: nothing was allowed */
	struct model *model;	/* given: the pipeline frees it; NULL: nothing is judged */
	const struct prefixes *prefixes; /* borrowed; NULL: no table */
	/* live: is this one of the machine's own addresses? May be NULL. */
	bool (*is_local)(void *ctx, const uint8_t ip[16]);
	/* live: the client's own address behind source NAT, and its MAC; changes what it knows better.
	 * May be NULL. */
	void (*client_of)(void *ctx, struct observation *o);
	/* live: what is known against this host or process now; f NULL: nothing any more. May be NULL. */
	void (*flag)(void *ctx, const struct flagged_key *key, const struct flagged *f);
	/* live: a listed name led to this address, which matters until then (since 1970). May be NULL. */
	void (*contact)(void *ctx, const uint8_t ip[16], uint64_t until_ns);
	/* An alert was told. May be NULL. */
	void (*told)(void *ctx, const struct told *told);
	void *ctx;
};

/* NULL: out of memory, or the Public Suffix List cannot be read (logged). */
struct pipeline *pipeline_new(const struct pipeline_options *options);
void pipeline_free(struct pipeline *p);

/* Borrows the sink. Returns 0, or -1 when there are too many. */
int pipeline_add_sink(struct pipeline *p, struct sink *sink, enum line_style style);

/* One record of len bytes as it came off the ring; nothing of it is kept by reference. */
void pipeline_feed(struct pipeline *p, const struct record *rec, size_t len);

/* Lines gathered so far go to the sinks: at the end of every drain of the ring. */
void pipeline_flush(struct pipeline *p);

/* What still waits for more input is over: at the end of a capture, or at stop. */
void pipeline_finish(struct pipeline *p);

/* Moves on without records: unfinished heads older than now (since 1970) are emitted, and what was known against
 * hosts and processes for its time is so no more. */
void pipeline_tick(struct pipeline *p, uint64_t now_ns);

/* Another set of lists from the next record on; the old one is freed. */
void pipeline_set_intel(struct pipeline *p, struct intel *intel);
const struct intel *pipeline_intel(const struct pipeline *p);

/* What was said to be fine, from the next record on; the old set is freed. What it holds is not suspicious any more,
 * and nobody stands in `flagged` for it. */
void pipeline_set_allow(struct pipeline *p, struct allow *allow);
const struct allow *pipeline_allow(const struct pipeline *p);

/* The configuration's bounds, and another model, from the next record on; the old one is freed. */
void pipeline_set_model(struct pipeline *p, struct model *model);

void pipeline_set_time_offset(struct pipeline *p, int64_t time_offset_ns);
void pipeline_health(struct pipeline *p, const struct ecs_health *h);
void pipeline_stats(struct pipeline *p, const struct ecs_stats *s);

void pipeline_counts(const struct pipeline *p, struct counts *counts);

/* Everything that is known against hosts and processes now, as options.flag was told it. */
void pipeline_flags_again(const struct pipeline *p);

struct hosts *pipeline_hosts(struct pipeline *p);

/* NULL: detect.enabled is off. */
struct profiles *pipeline_profiles(struct pipeline *p);
struct profile_limits pipeline_profile_limits(const struct config *c);

/* What the profiles hold and what was judged; false: detect.enabled is off. Texts are valid until another model
 * comes. */
bool pipeline_detection(const struct pipeline *p, struct ecs_detection *d);

#endif
