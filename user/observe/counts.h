/* counts.h: what the user half did with the records it read. */
#ifndef METSUKE_OBSERVE_COUNTS_H
#define METSUKE_OBSERVE_COUNTS_H

#include "observe/observation.h"

struct counts {
	uint64_t events[N_OBSERVATION_KINDS];
	uint64_t marks[16]; /* by bit, of enum mark */
	uint64_t owner[4];  /* events by enum owner_quality */
	uint64_t rejected;  /* records that are no records, and lines that found no memory */
	uint64_t alerts; /* told, the anomalies among them */
	uint64_t anomalies;
	uint64_t queries_evicted;
	uint64_t heads_orphaned; /* segments of request heads whose start is not known */
	uint64_t hosts;
	uint64_t hosts_evicted;
	uint64_t processes_evicted;
};

#endif
