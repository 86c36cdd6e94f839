/* watch.h: has a list file become another one? Asked once a second; a look at each file costs microseconds, works
 * on every file system, and sees renames, rewrites in place and changed links alike. */
#ifndef METSUKE_INTEL_WATCH_H
#define METSUKE_INTEL_WATCH_H

#include <sys/types.h>
#include <time.h>

#include "config.h"

struct watch_stamp {
	bool there;
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtime, ctime; /* ctime: a copy that keeps times and size is another one, too */
};

struct watch {
	struct watch_stamp read[CONFIG_MAX_LIST]; /* as the lists were when they were read */
	struct watch_stamp last[CONFIG_MAX_LIST]; /* at the last look */
	unsigned int quiet;			  /* looks since anything changed */
	unsigned int gone[CONFIG_MAX_LIST];	  /* looks since the file was there */
};

/* The files as they are now count as read: to be called before they are. */
void watch_start(struct watch *w, const struct config_intel_lists *lists);

/* True: a file is not the one that was read, and no file has changed for two looks (so that it is not read while
 * it is being written). A file that is not there is waited for, ten looks long; then it is a change. */
bool watch_look(struct watch *w, const struct config_intel_lists *lists);

/* The same of one file, which counts as written after so many looks without a change; an empty path: none. What is not
 * there at start is waited for. */
struct watch_file {
	struct watch_stamp read, last;
	unsigned int quiet, gone;
};

void watch_file_start(struct watch_file *w, const char *path);
bool watch_file_look(struct watch_file *w, const char *path, unsigned int quiet);

#endif
