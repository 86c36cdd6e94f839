/* watch.c: see watch.h. */
#include "intel/watch.h"

#include <string.h>
#include <sys/stat.h>

#define QUIET_LOOKS 2
#define GONE_LOOKS 10

static struct watch_stamp stamp_of(const char *path)
{
	struct watch_stamp s = { 0 };
	struct stat st;

	if (stat(path, &st))
		return s;
	s.there = true;
	s.dev = st.st_dev;
	s.ino = st.st_ino;
	s.size = st.st_size;
	s.mtime = st.st_mtim;
	s.ctime = st.st_ctim;
	return s;
}

static bool same(const struct watch_stamp *a, const struct watch_stamp *b)
{
	return a->there == b->there && a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
	       a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec &&
	       a->ctime.tv_sec == b->ctime.tv_sec && a->ctime.tv_nsec == b->ctime.tv_nsec;
}

void watch_start(struct watch *w, const struct config_intel_lists *lists)
{
	memset(w, 0, sizeof(*w));
	for (size_t i = 0; i < lists->n; i++)
		w->read[i] = w->last[i] = stamp_of(lists->item[i].path);
}

bool watch_look(struct watch *w, const struct config_intel_lists *lists)
{
	bool changed = false, missing = false;

	w->quiet++;
	for (size_t i = 0; i < lists->n; i++) {
		struct watch_stamp now = stamp_of(lists->item[i].path);

		if (!same(&now, &w->last[i]))
			w->quiet = 0;
		w->last[i] = now;
		w->gone[i] = now.there ? 0 : w->gone[i] + 1;
		changed |= !same(&now, &w->read[i]);
		missing |= !now.there && w->read[i].there && w->gone[i] < GONE_LOOKS;
	}
	return changed && !missing && w->quiet >= QUIET_LOOKS;
}

void watch_file_start(struct watch_file *w, const char *path)
{
	memset(w, 0, sizeof(*w));
	w->read = w->last = stamp_of(path);
}

bool watch_file_look(struct watch_file *w, const char *path, unsigned int quiet)
{
	struct watch_stamp now = *path ? stamp_of(path) : w->read;

	w->quiet = same(&now, &w->last) ? w->quiet + 1 : 0;
	w->gone = now.there ? 0 : w->gone + 1;
	w->last = now;
	if (same(&now, &w->read) || w->quiet < quiet)
		return false;
	return now.there || w->gone >= GONE_LOOKS;
}
