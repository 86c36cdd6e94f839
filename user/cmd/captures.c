/* captures.c: see captures.h. */
#include "cmd/captures.h"

#include <stdio.h>

#include "capture/native.h"
#include "capture/replay.h"
#include "cmd/cmd.h"
#include "pipeline.h"
#include "support/log.h"

static void show_progress(struct captures *c, const struct replay *r, const char *path)
{
	struct timespec now;
	double seconds, share = replay_progress(r);
	char percent[16] = "";

	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = now.tv_sec - c->shown.tv_sec + (now.tv_nsec - c->shown.tv_nsec) / 1e9;
	if (!c->progress || seconds < 0.5)
		return;
	if (share >= 0)
		snprintf(percent, sizeof(percent), "%3.0f %%, ", 100 * share);
	log_status("%s: %s%llu frames, %.0f a second ", path, percent, (unsigned long long)replay_frames(r),
		   (replay_frames(r) - c->shown_frames) / seconds);
	c->shown = now;
	c->shown_frames = replay_frames(r);
}

static bool is_gone(const struct captures *c)
{
	return c->gone && c->gone(c->ctx);
}

/* One capture to its end. Returns 0, or -1 where it is broken or there is no use in going on. */
static int read_one(struct captures *c, struct replay *r, const char *path)
{
	struct record *rec;
	int result;

	c->shown_frames = 0;
	while ((result = replay_next(r, c->native, &rec)) == 1) {
		if (rec)
			pipeline_feed(c->pipeline, rec, rec->head.len);
		if (replay_frames(r) % 4096)
			continue;
		show_progress(c, r, path);
		if (c->between)
			c->between(c->ctx);
		if (is_gone(c))
			return -1;
	}
	if (result < 0)
		log_error("%s: frame %llu: %s; the frames before it were read", path,
			  (unsigned long long)replay_frames(r) + 1, replay_error(r));
	c->frames += replay_frames(r);
	c->backwards += replay_backwards(r);
	return result;
}

int captures_read(struct captures *c, int n, char **paths)
{
	int status = 0;

	clock_gettime(CLOCK_MONOTONIC, &c->shown);
	for (int i = 0; i < n && !is_gone(c); i++) {
		char error[512];
		struct replay *r = replay_open(paths[i], error, sizeof(error));

		if (!r) {
			log_error("%s", error);
			status = EXIT_FAILED;
			continue;
		}
		if (!c->pipeline && c->start(c->ctx, replay_id(r))) {
			replay_close(r);
			return EXIT_FAILED;
		}
		if (read_one(c, r, paths[i]))
			status = EXIT_FAILED;
		replay_close(r);
	}
	return status;
}
