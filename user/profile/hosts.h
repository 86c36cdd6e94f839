/* hosts.h: what each client address has asked so far: the pinned map `hosts`. */
#ifndef METSUKE_PROFILE_HOSTS_H
#define METSUKE_PROFILE_HOSTS_H

#include <stddef.h>
#include <stdint.h>

#include "observe/observation.h"
#include "pinned.h"

struct hosts;

struct hosts *hosts_new(void);
void hosts_free(struct hosts *h);

/* Counts one observation for its client. At the cap the client silent for longest makes room. */
void hosts_add(struct hosts *h, const struct observation *o);

size_t hosts_count(const struct hosts *h);
uint64_t hosts_evicted(const struct hosts *h);

/* Calls drop for every client that was put and has been pushed out since, then put for every one that
 * changed since the last sync. */
void hosts_sync(struct hosts *h,
		void (*put)(void *ctx, const struct host_key *key, const struct host_counts *counts),
		void (*drop)(void *ctx, const struct host_key *key), void *ctx);

#endif
