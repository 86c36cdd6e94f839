/* captures.h: capture files through a pipeline, one after the other, for every command that reads them. */
#ifndef METSUKE_CMD_CAPTURES_H
#define METSUKE_CMD_CAPTURES_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct native;
struct pipeline;

struct captures {
	/* With the id of the first capture that could be opened: makes the two below. Returns 0 or -1. */
	int (*start)(void *ctx, uint64_t id);
	/* Asked now and then: is there no more use in going on? May be NULL. */
	bool (*gone)(void *ctx);
	/* Now and then, between two frames. May be NULL. */
	void (*between)(void *ctx);
	void *ctx;
	struct native *native;
	struct pipeline *pipeline;
	bool progress; /* shown where standard error is a terminal */
	uint64_t frames;
	uint64_t backwards; /* frames older than the one before them */
	struct timespec shown;
	uint64_t shown_frames;
};

/* Returns 0, or EXIT_FAILED where a capture could not be read to its end (logged; the others are read). */
int captures_read(struct captures *c, int n, char **paths);

#endif
