/* feed.c: see feed.h. The captures are a binary heap by the time of the record that each of them has next. */
#include "evaluate/feed.h"

#include <stdlib.h>

#include "capture/native.h"
#include "capture/replay.h"
#include "support/log.h"

struct source {
	const char *path;
	struct replay *replay;
	struct native *native; /* its own: a record stays valid until the next of the same capture */
	struct record *next;
	size_t place; /* on the command line: what comes first of two at the same time */
};

struct feed {
	struct source *sources; /* all that were opened */
	struct source **heap;	/* those that have a record, the oldest first */
	size_t n, n_heap, broken;
	uint64_t frames, id;
	bool begun; /* heap[0]->next was handed out */
};

static bool before(const struct source *a, const struct source *b)
{
	if (a->next->head.time_ns != b->next->head.time_ns)
		return a->next->head.time_ns < b->next->head.time_ns;
	return a->place < b->place;
}

static void sink_down(struct feed *f, size_t at)
{
	for (;;) {
		size_t least = at;

		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < f->n_heap; child++)
			if (before(f->heap[child], f->heap[least]))
				least = child;
		if (least == at)
			return;
		struct source *s = f->heap[at];

		f->heap[at] = f->heap[least];
		f->heap[least] = s;
		at = least;
	}
}

/* To the capture's next record; false: it has none. */
static bool advance(struct feed *f, struct source *s)
{
	int result;

	do {
		uint64_t frames = replay_frames(s->replay);

		result = replay_next(s->replay, s->native, &s->next);
		f->frames += replay_frames(s->replay) - frames;
	} while (result == 1 && !s->next);
	if (result < 0) {
		log_error("%s: frame %llu: %s; the frames before it were read", s->path,
			  (unsigned long long)replay_frames(s->replay) + 1, replay_error(s->replay));
		f->broken++;
	}
	return result == 1;
}

static bool open_source(struct feed *f, const char *path, size_t place, const struct settings *settings)
{
	struct source *s = &f->sources[f->n];
	char error[512];

	s->replay = replay_open(path, error, sizeof(error));
	if (!s->replay) {
		log_error("%s", error);
		f->broken++;
		return true;
	}
	s->path = path;
	s->place = place;
	f->id ^= replay_id(s->replay) + place;
	s->native = native_new(settings);
	f->n++;
	return s->native;
}

struct feed *feed_open(char *const *paths, size_t n, const struct settings *settings)
{
	struct feed *f = calloc(1, sizeof(*f));
	bool good = f;

	if (f) {
		f->sources = calloc(n, sizeof(*f->sources));
		f->heap = calloc(n, sizeof(void *));
		good = f->sources && f->heap;
	}
	for (size_t i = 0; good && i < n; i++)
		good = open_source(f, paths[i], i, settings);
	if (!good)
		log_error("out of memory");
	if (!good || !f->n) {
		feed_close(f);
		return NULL;
	}
	for (size_t i = 0; i < f->n; i++)
		if (advance(f, &f->sources[i]))
			f->heap[f->n_heap++] = &f->sources[i];
	for (size_t i = f->n_heap; i-- > 0;)
		sink_down(f, i);
	return f;
}

void feed_close(struct feed *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++) {
		replay_close(f->sources[i].replay);
		native_free(f->sources[i].native);
	}
	free(f->sources);
	free(f->heap);
	free(f);
}

const struct record *feed_next(struct feed *f)
{
	if (f->begun && f->n_heap) {
		if (!advance(f, f->heap[0]))
			f->heap[0] = f->heap[--f->n_heap];
		if (f->n_heap)
			sink_down(f, 0);
	}
	f->begun = true;
	return f->n_heap ? f->heap[0]->next : NULL;
}

double feed_progress(const struct feed *f)
{
	return replay_progress(f->sources[0].replay);
}

uint64_t feed_frames(const struct feed *f)
{
	return f->frames;
}

uint64_t feed_id(const struct feed *f)
{
	return f->id;
}

size_t feed_broken(const struct feed *f)
{
	return f->broken;
}
