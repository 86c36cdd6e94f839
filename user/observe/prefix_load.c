/* prefix_load.c: files to tables of prefixes. A file is read in blocks through zlib, which passes on what is not
 * compressed. Text is read line by line; an MMDB is copied into memory first, since libmaxminddb maps what it
 * reads and a file that is cut short meanwhile would end the process. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "observe/prefix_mmdb.h"
#include "support/log.h"
#include "support/utf8.h"

#define BLOCK 65536
#define MOST_BYTES (512u << 20) /* unpacked, too */
#define REFUSALS_SHOWN 5
#define SHOWN_BYTES 60

struct loader {
	const struct config_list *paths;
	const atomic_bool *stop;
	struct prefixes_report *report;
	struct prefix_builder builder;
	uint32_t first[CONFIG_MAX_LIST]; /* place in front of each file's first line or record */
	uint32_t place;
	size_t file;
	size_t shown; /* of the refusals of this file */
	const char *why;
	char room[256];
};

/* One file that is being read. */
struct input {
	gzFile gz;
	char *block;
	size_t have; /* in block */
	size_t total;
};

static bool stopped(const struct loader *l)
{
	return l->stop && atomic_load(l->stop);
}

static void refused(struct loader *l, size_t file, uint32_t place, const struct prefix_refusal *r)
{
	char *shown;

	l->report->refused++;
	if (l->shown++ >= REFUSALS_SHOWN)
		return;
	shown = utf8_clean(r->value, r->len < SHOWN_BYTES ? r->len : SHOWN_BYTES);
	log_warning("%s:%s%u: '%s%s': %s", l->paths->item[file],
		    l->report->format[file] == PREFIX_MMDB ? "record " : "", place - l->first[file],
		    shown ? shown : "", r->len > SHOWN_BYTES ? "..." : "", r->why);
	free(shown);
}

static void on_refused(void *ctx, const struct prefix_refusal *r)
{
	struct loader *l = ctx;

	refused(l, l->file, l->place, r);
}

static void say_rest(struct loader *l, const char *where)
{
	if (l->shown > REFUSALS_SHOWN)
		log_warning("%s: %zu more refused", where, l->shown - REFUSALS_SHOWN);
	l->shown = 0;
}

static void on_conflict(void *ctx, const struct prefix_entry *e)
{
	struct loader *l = ctx;
	char text[16];
	size_t file = l->paths->n - 1;
	struct prefix_refusal r = { .value = text, .why = "its prefix stands there before with another AS" };

	while (l->first[file] >= e->place)
		file--;
	r.len = snprintf(text, sizeof(text), "%u", e->as);
	refused(l, file, e->place, &r);
}

/* Fills the block; 0 at the end. The reason of a failure is in l->why. */
static ssize_t read_more(struct loader *l, struct input *in)
{
	int n = gzread(in->gz, in->block + in->have, BLOCK - in->have), code;
	const char *said = gzerror(in->gz, &code);

	if (n < 0 || (n == 0 && code != Z_OK && code != Z_STREAM_END)) {
		if (code == Z_MEM_ERROR)
			return -ENOMEM;
		l->why = code == Z_BUF_ERROR ? "compressed, and cut short" : l->room;
		snprintf(l->room, sizeof(l->room), "%s", code == Z_ERRNO ? strerror(errno) : said);
		return -EINVAL;
	}
	in->have += n;
	in->total += n;
	if (in->total > MOST_BYTES) {
		l->why = "longer than 512 MiB, which no table is";
		return -EINVAL;
	}
	return stopped(l) ? -ECANCELED : n;
}

static int take_line(struct loader *l, const char *line, size_t len)
{
	struct prefix_refusal r;
	struct prefix_entry e;

	l->place++;
	if (len && line[len - 1] == '\r')
		len--;
	switch (prefix_line(line, len, &e, &r)) {
	case PREFIX_LINE_ENTRY:
		e.place = l->place;
		return prefix_add(&l->builder, &e);
	case PREFIX_LINE_REFUSED:
		refused(l, l->file, l->place, &r);
		break;
	case PREFIX_LINE_EMPTY:
		break;
	}
	return 0;
}

/* The whole lines of the block; the rest moves to its front. A line that fills it is refused, and skipped from
 * there. */
static int take_lines(struct loader *l, struct input *in, bool *skipping)
{
	const struct prefix_refusal longer = { in->block, BLOCK, "a line of more than 64 KiB" };
	size_t at = 0;
	char *end;
	int err = 0;

	while (!err && (end = memchr(in->block + at, '\n', in->have - at))) {
		size_t len = end - (in->block + at);

		if (!*skipping)
			err = take_line(l, in->block + at, len);
		*skipping = false;
		at += len + 1;
	}
	in->have -= at;
	memmove(in->block, in->block + at, in->have);
	if (in->have < BLOCK)
		return err;
	if (!*skipping) {
		l->place++;
		refused(l, l->file, l->place, &longer);
	}
	*skipping = true;
	in->have = 0;
	return err;
}

static int read_text(struct loader *l, struct input *in)
{
	size_t before = l->builder.n;
	bool skipping = false;
	ssize_t n = 1;
	int err = 0;

	if (in->have > 2 && !memcmp(in->block, "\xef\xbb\xbf", 3)) { /* byte order mark */
		in->have -= 3;
		memmove(in->block, in->block + 3, in->have);
	}
	while (!err && n) {
		err = take_lines(l, in, &skipping);
		n = err ? 0 : read_more(l, in);
		if (n < 0)
			err = n;
	}
	if (!err && in->have && !skipping)
		err = take_line(l, in->block, in->have);
	if (err || l->builder.n > before)
		return err;
	l->why = "not a table of prefixes: no line of it is address, length and AS";
	return -EINVAL;
}

static int copy_all(struct loader *l, struct input *in, int to)
{
	ssize_t n = 1;

	while (n > 0) {
		size_t done = 0;

		while (done < in->have) {
			ssize_t written = write(to, in->block + done, in->have - done);

			if (written < 0)
				return -errno;
			done += written;
		}
		in->have = 0;
		n = read_more(l, in);
	}
	return n;
}

static int read_mmdb(struct loader *l, struct input *in)
{
	const struct prefix_mmdb to = {
		.builder = &l->builder, .place = &l->place, .stop = l->stop, .refused = on_refused, .ctx = l
	};
	int fd = memfd_create("prefixes", MFD_CLOEXEC), err;
	char path[32];

	if (fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = copy_all(l, in, fd);
	if (!err)
		err = prefix_mmdb_read(&to, path, &l->why);
	close(fd);
	return err;
}

/* Half of the old file and half of the new one is no table. */
static bool changed(const struct stat *before, const struct stat *now)
{
	return now->st_size != before->st_size || now->st_mtim.tv_sec != before->st_mtim.tv_sec ||
	       now->st_mtim.tv_nsec != before->st_mtim.tv_nsec;
}

static int read_content(struct loader *l, struct input *in)
{
	ssize_t n = 1;

	while (in->have < BLOCK && n > 0)
		n = read_more(l, in);
	if (n < 0)
		return n;
	if (!in->total) {
		l->why = "empty";
		return -EINVAL;
	}
	if (!memchr(in->block, '\0', in->have))
		return read_text(l, in);
	l->report->format[l->file] = PREFIX_MMDB; /* no text holds a NUL, every MMDB does */
	return read_mmdb(l, in);
}

static int read_open(struct loader *l, int fd)
{
	struct input in = { 0 };
	struct stat before, after;
	int own, err;

	if (fstat(fd, &before) || !S_ISREG(before.st_mode)) {
		l->why = "not a regular file";
		return -EINVAL;
	}
	if (before.st_size > MOST_BYTES) {
		l->why = "longer than 512 MiB, which no table is";
		return -EINVAL;
	}
	own = dup(fd); /* gzclose() closes it, but the file is looked at once more */
	if (own < 0)
		return -errno;
	in.gz = gzdopen(own, "rb");
	if (!in.gz) {
		close(own);
		return -ENOMEM;
	}
	in.block = malloc(BLOCK);
	err = in.block ? read_content(l, &in) : -ENOMEM;
	free(in.block);
	(void)gzclose_r(in.gz); /* what it would say was asked for */
	if (!err && (fstat(fd, &after) || changed(&before, &after))) {
		l->why = "it changed while it was read";
		err = -ESTALE;
	}
	return err;
}

static int read_file(struct loader *l, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), err; /* O_NONBLOCK: a FIFO nobody writes to */

	if (fd < 0)
		return -errno;
	l->first[l->file] = l->place;
	err = read_open(l, fd);
	say_rest(l, path);
	close(fd);
	return err;
}

static int read_files(struct loader *l, char *error, size_t size)
{
	for (l->file = 0; l->file < l->paths->n; l->file++) {
		const char *path = l->paths->item[l->file];
		int err = read_file(l, path);

		if (err == -E2BIG)
			l->why = "more prefixes than any table has";
		if (err && err != -ECANCELED)
			snprintf(error, size, "prefix table %s: %s", path, l->why ? l->why : strerror(-err));
		if (err)
			return err;
	}
	return 0;
}

struct prefixes *prefixes_load_all(const struct config_list *paths, const atomic_bool *stop,
				   struct prefixes_report *report, char *error, size_t size)
{
	struct loader l = { .paths = paths, .stop = stop, .report = report };
	struct prefixes *p = NULL;

	memset(report, 0, sizeof(*report));
	*error = '\0';
	if (!read_files(&l, error, size)) {
		p = prefix_build(&l.builder, report, on_conflict, &l);
		if (!p)
			snprintf(error, size, "prefix tables: out of memory");
		say_rest(&l, "prefix tables");
	}
	prefix_builder_free(&l.builder);
	return p;
}

struct prefixes *prefixes_load(const char *path, char *error, size_t size)
{
	struct prefixes_report report;
	struct config_list one = { .item = { (char *)path }, .n = 1 };

	return prefixes_load_all(&one, NULL, &report, error, size);
}
