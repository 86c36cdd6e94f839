/* evaluation.h: what was found in captures of which it is known what is in them: the rows that detectors judged, the
 * alerts of the sensor, and what the labels make of both. Built by trial.c, one sensor after the other. */
#ifndef METSUKE_EVALUATE_EVALUATION_H
#define METSUKE_EVALUATE_EVALUATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "evaluate/labels.h"
#include "evaluate/methods.h"
#include "evaluate/texts.h"

#define DAY_NS 86400000000000ULL
#define SILENCE_NS 3600000000000ULL /* of a longer silence nobody knows whether anything was watched */

struct covered {
	uint64_t day; /* since 1970, UTC */
	uint64_t ns;
};

/* A capture, or all of them as one, with profiles of its own. */
struct sensor {
	const char *name;	  /* of the capture, without folders */
	const char **names; /* of all captures in it */
	size_t n_names;
	uint64_t to_ns; /* of the newest record */
	struct covered *covered; /* the days of its records, in order */
	size_t n_covered, room_covered;
	uint64_t frames;
	size_t clients, clean; /* that asked for anything; of these, those of which nothing malicious or odd is said */
	uint64_t pairs_gone;   /* profiles that were pushed out before the end */
};

/* A client at a domain, or (kind ROW_CLIENT) a client as a whole, as its profile is in the end. */
struct row {
	uint32_t sensor;
	enum row_kind kind;
	const char *client, *domain; /* domain "": the client as a whole */
	const struct label *label;   /* NULL: not labelled */
	bool bad, aside;
	bool clean; /* of a client of which nothing malicious or odd is said */
	bool due;   /* enough check-ins to be judged */
	uint8_t judgement, excuse;
	uint64_t first_ns, last_ns, checkins;
	struct method_scores said;
};

/* An alert. */
struct finding {
	uint32_t sensor;
	bool listed;		     /* of a list; else an anomaly */
	const char *client, *domain; /* domain "": the client as a whole */
	const char *rule;
	const char *list; /* NULL: anomaly */
	uint64_t time_ns, since_ns, checkins;
	double score;
	/* What the labels say: */
	enum label_role role;
	bool clean;
	const char *kind; /* of the label; "unlabelled" */
	bool again;	  /* the same client, domain and day stood in an alert before */
};

/* Something malicious that a label says is in a sensor's captures. */
struct target {
	uint32_t sensor;
	const struct label *label;
	bool seen; /* the client asked for anything; and, where the label names a domain, for that */
	bool due;
	uint8_t judgement, excuse;
	uint64_t checkins, first_ns;
	size_t found; /* index of the first anomaly that is about it; NONE */
	bool listed;
};

#define NONE SIZE_MAX

struct evaluation {
	const struct labels *labels;
	struct sensor *sensors;
	struct row *rows; /* by sensor, kind, client, domain */
	struct finding *findings;
	struct target *targets; /* by sensor, client, domain */
	size_t n_sensors, n_rows, n_findings, n_targets;
	size_t room_sensors, room_rows, room_findings, room_targets;
	uint64_t pairs[N_ROW_KINDS], few; /* pairs that were judged; that had too few check-ins for it */
	bool lists;			  /* any were asked about */
	bool failed;			  /* a capture could not be read to its end */
	struct texts *texts;
	bool *label_seen; /* of each row of the labels: it is of a client, or of a capture, that was there */
};

void evaluation_free(struct evaluation *e);

/* A record's time: what passed since the newest before it was watched, but of a silence the first SILENCE_NS only.
 * -ENOMEM. */
int sensor_cover(struct sensor *s, uint64_t time_ns);

/* Time that was watched, in all. */
uint64_t sensor_covered_ns(const struct sensor *s);

/* The same in days, times the clean clients. */
double sensor_host_days(const struct sensor *s);

#endif
