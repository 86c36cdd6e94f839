/* store.h: profiles and alerts in a SQLite file, so that they outlive the sensor. One thread writes, in batches of
 * one transaction each; the caller's thread only packs what changed, a bounded slice at a time. Whatever is wrong
 * with the file (damaged, locked, read-only, full, newer), the store is degraded and tries again, and the sensor
 * goes on. All calls are to be made from one thread. */
#ifndef METSUKE_STORE_STORE_H
#define METSUKE_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;
struct profiles;

struct store_options {
	const char *path;
	const char *sensor;	    /* agent.id, written beside the schema's version */
	uint64_t retention_seconds; /* rows last seen so long before the newest of all go; 0: none by time */
	uint64_t max_bytes;	    /* file and write-ahead log together */
	uint64_t queue_bytes;	    /* packed rows that wait for the disk */
	unsigned int batch_seconds; /* between two rounds of changes */
	bool wait;		    /* replay: the caller waits for room, and alerts are not dropped */
};

/* Opens, creates or migrates. NULL with a message in error[0..size) when memory or threads run out; a file that
 * cannot be used is no failure: store_stats() says what is wrong, and it is tried again. */
struct store *store_open(const struct store_options *options, char *error, size_t size);

struct store_loaded {
	uint64_t clients, domains, pairs;
	uint64_t damaged;  /* rows that could not be used; the others were */
	uint64_t left_out; /* the oldest, for which the limits of memory have no room */
};

/* What the file holds goes into p, and from here on p keeps track of its changes. A store that cannot be read now
 * loads later, a slice with each store_put_changes(), and writes no profile before. Returns 0, or -EAGAIN: later.
 */
int store_load(struct store *s, struct profiles *p, struct store_loaded *loaded);

/* Packs at most `most` changes and hands them to the writer; where there is no room for them, and between two
 * rounds, they stay with p. Returns how many were packed. */
size_t store_put_changes(struct store *s, struct profiles *p, size_t most);

/* One alert. A second one with the same event_id changes nothing (a capture replayed again). Text may be NULL. */
struct store_alert {
	uint64_t time_ns;
	const char *event_id;
	const char *kind; /* event.action: blocklist-match, anomaly */
	unsigned int severity;
	const char *client;  /* address */
	const char *process; /* name */
	const char *executable;
	uint32_t pid;		 /* 0: not known */
	const char *domain;	 /* registrable, or the listed name */
	const char *destination; /* address */
	const char *rule;
	const char *list;
	const char *message;
	const char *line; /* the event as it went out, without its newline */
	size_t line_len;
};

/* Without room for it, it is dropped and counted. */
void store_put_alert(struct store *s, const struct store_alert *a);

/* Everything that changed and was put is written when this returns; p may be NULL. 0, or -EIO: the store is
 * degraded, or `seconds` were not enough. */
int store_flush(struct store *s, struct profiles *p, unsigned int seconds);

/* Writes what was put, for at most `seconds`. */
void store_close(struct store *s, unsigned int seconds);

struct store_stats {
	uint64_t rows; /* written, alerts among them */
	uint64_t batches;
	uint64_t alerts;
	uint64_t dropped;     /* alerts without room */
	uint64_t errors;      /* attempts to write, or open, that failed */
	uint64_t damaged;     /* rows that could not be read at start, or not be written */
	uint64_t expired;     /* rows removed by age */
	uint64_t pruned;      /* and for size */
	uint64_t queued;      /* bytes */
	uint64_t bytes;	      /* of file and write-ahead log */
	const char *degraded; /* reason, or NULL */
};

struct store_stats store_stats(struct store *s);

#endif
