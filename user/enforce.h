/* enforce.h: whether packets are dropped, for how long, and who says so. A mode that was switched on is on trial where
 * the configuration gives it a time: unless somebody confirms it, it is undone. Pure: the caller knows the time
 * (CLOCK_BOOTTIME) and tells the packet programs, which keep to the deadline by themselves. */
#ifndef METSUKE_ENFORCE_H
#define METSUKE_ENFORCE_H

#include <stdbool.h>
#include <stdint.h>

#include "settings.h"

/* The packet programs drop nothing when the daemon has been silent for so long. */
#define ENFORCE_LEASE_NS 5000000000ULL

enum enforce_state {
	ENFORCE_STATE_OFF,    /* as configured */
	ENFORCE_STATE_TRIAL,  /* until the deadline, if nobody confirms */
	ENFORCE_STATE_ON,
	ENFORCE_STATE_UNDONE, /* the trial ended, or somebody undid it */
};

struct enforcement {
	enum enforce_mode wanted; /* as configured */
	uint64_t canary_ns;	  /* time of a trial; 0: none */
	enum enforce_state state;
	uint64_t deadline_ns; /* of the trial; 0: there is none now */
};

/* What is configured, at start and after a reload. Another mode or another time of trial begins anew; the same goes on
 * as it was: what was undone stays undone, since a reload may have another reason. */
void enforcement_configure(struct enforcement *e, enum enforce_mode wanted, uint64_t canary_ns, uint64_t now_ns);

/* Moves on. True: the trial has just ended by itself. */
bool enforcement_tick(struct enforcement *e, uint64_t now_ns);

/* What somebody says: "confirm" ends the trial for good, "undo" drops nothing from now on, "retry" begins anew what was
 * undone. NULL, or why it cannot be. */
const char *enforcement_command(struct enforcement *e, const char *word, uint64_t now_ns);

/* What is to be dropped now. */
enum enforce_mode enforcement_mode(const struct enforcement *e);

const char *enforce_mode_name(enum enforce_mode mode);
const char *enforce_state_name(enum enforce_state state);

/* ENFORCE_OFF for anything but the names. */
enum enforce_mode enforce_mode_of(const char *name);

#endif
