/* ecs.h: events as ECS 9.4.0 JSON, one object a line. The only place (ecs*.c) that knows field names;
 * docs/events.md has a row for each. */
#ifndef METSUKE_OUTPUT_ECS_H
#define METSUKE_OUTPUT_ECS_H

#include "counters.h"
#include "detect/judge.h"
#include "detect/known.h"
#include "detect/verdict.h"
#include "observe/counts.h"
#include "observe/observation.h"
#include "profile/profile.h"
#include "store/store.h"
#include "support/buf.h"

struct ecs;

struct ecs_identity {
	const char *hostname; /* of this machine */
	const char *host_id;
	const char *agent_id;
	const char *ephemeral_id; /* one per run; first part of event.id */
};

/* NULL: out of memory. */
struct ecs *ecs_new(const struct ecs_identity *id);
void ecs_free(struct ecs *e);

/* Appends one line with its newline and counts it in event.sequence. */
void ecs_observation(struct ecs *e, struct buf *b, const struct observation *o);

/* One blocklist-match. Returns its event.sequence. */
uint64_t ecs_alert(struct ecs *e, struct buf *b, const struct alert *a);

/* event.id of the event with this sequence. */
void ecs_event_id(const struct ecs *e, uint64_t sequence, char *id, size_t size);

/* One anomaly. Returns its event.sequence. */
uint64_t ecs_anomaly(struct ecs *e, struct buf *b, const struct anomaly *a);

struct ecs_sink_stats {
	char name[64];
	uint64_t sent, dropped, errors, queue_depth;
};

#define ECS_MAX_SINKS 16

/* What the profiles hold, and what was judged of them. */
struct ecs_detection {
	struct profile_counts profiles;
	struct judge_counts judge;
	uint64_t anomalies;
	const char *model_id, *model_note; /* NULL: nothing is judged */
};

struct ecs_stats {
	uint64_t start_ns, end_ns;
	uint64_t uptime_s;
	const char *degraded; /* reason, or NULL */
	const struct counters *kernel; /* sums over the CPUs */
	struct counts reader;
	uint64_t rss_bytes;
	double cpu_pct; /* share of one CPU over the period, 0..1 */
	size_t n_sinks;
	struct ecs_sink_stats sinks[ECS_MAX_SINKS];
	const struct ecs_detection *detection; /* NULL: detect.enabled is off */
	const struct store_stats *store;       /* NULL: none is kept */
};

void ecs_stats(struct ecs *e, struct buf *b, const struct ecs_stats *s);

/* metsuke-started, metsuke-stopped, config-reloaded, intel-loaded, events-lost. */
enum ecs_health_action { ECS_STARTED, ECS_STOPPED, ECS_RELOADED, ECS_INTEL, ECS_LOST };

struct ecs_health {
	enum ecs_health_action action;
	uint64_t time_ns;
	const char *message;
	const char *degraded;	 /* reason, or NULL */
	const char *xdp;	 /* started: native, generic, none, or mixed */
	const char *tc;		 /* started: tcx, clsact, none, or mixed */
	const char *attribution; /* started: cgroup or none */
	const char *kernel;	 /* started: kernel release */
	/* lost: records or lines since the last such event, and where */
	uint64_t lost_ring, lost_reader, lost_sink;
	uint64_t start_ns;
	const struct intel *intel; /* intel-loaded: the lists that count now */
};

void ecs_health(struct ecs *e, struct buf *b, const struct ecs_health *h);

#endif
