/* load.c: see load.h. A list is read in blocks, never mapped: it may be replaced or cut short meanwhile. */
#include "intel/load.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/log.h"
#include "support/utf8.h"

#define BLOCK 65536
#define MOST_BYTES (512u << 20) /* a list that is larger is some other file */
#define MOST_JSON_BYTES (64u << 20)
#define REFUSALS_SHOWN 5
#define SHOWN_BYTES 60

struct loader {
	struct indicators *set;
	const struct list_source *source;
	struct list_report *report;
	struct list_reader reader;
	int list;
	size_t line;
	bool in_array; /* JSON: line counts items */
	int error;
};

static void count_reason(struct list_report *report, const char *why)
{
	size_t i = 0;

	while (i < LIST_REASONS && report->reason[i].why && strcmp(report->reason[i].why, why))
		i++;
	if (i == LIST_REASONS)
		return;
	report->reason[i].why = why;
	report->reason[i].n++;
}

static void on_refused(void *ctx, const char *text, size_t len, const char *why)
{
	struct loader *l = ctx;
	char *shown;

	count_reason(l->report, why);
	if (l->report->refused++ >= REFUSALS_SHOWN && !l->source->say_all)
		return;
	shown = utf8_clean(text, len < SHOWN_BYTES ? len : SHOWN_BYTES);
	log_warning("%s:%s%zu: '%s%s': %s", l->source->list.path, l->in_array ? " item " : "", l->line,
		    shown ? shown : "", len > SHOWN_BYTES ? "..." : "", why);
	free(shown);
}

static void on_entry(void *ctx, const struct list_entry *e)
{
	struct loader *l = ctx;
	int added;

	if (e->len)
		added = indicators_add_name(l->set, l->list, e->name, e->len, e->how, &e->note);
	else
		added = indicators_add_network(l->set, l->list, e->ip, e->bits, e->how, &e->note);
	if (added < 0) {
		l->error = added;
	} else if (!added) {
		l->report->duplicates++;
	} else {
		l->report->entries++;
		l->report->names += e->len > 0;
		l->report->networks += !e->len;
		l->report->exceptions += l->source->list.allow || e->how & INDICATOR_ALLOW;
	}
}

static int open_list(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), err; /* O_NONBLOCK: a FIFO nobody writes to */
	const char *why = NULL;

	if (fd < 0) {
		err = -errno;
		log_error("cannot open list %s: %s", path, strerror(-err));
		return err;
	}
	if (fstat(fd, st) || !S_ISREG(st->st_mode))
		why = "not a regular file";
	else if (st->st_size > MOST_BYTES)
		why = "longer than 512 MiB, which no list is";
	if (!why)
		return fd;
	log_error("list %s: %s", path, why);
	close(fd);
	return -EINVAL;
}

/* What no list begins with: said once, in place of a complaint for each line. */
static const char *unreadable(const char *head, size_t len)
{
	if (len > 1 && !memcmp(head, "\x1f\x8b", 2))
		return "compressed with gzip; unpack it first";
	if (len > 3 && !memcmp(head, "PK\3\4", 4))
		return "a zip archive; unpack it first";
	if (len > 1 && (!memcmp(head, "\xff\xfe", 2) || !memcmp(head, "\xfe\xff", 2)))
		return "in UTF-16; write it in UTF-8";
	return memchr(head, '\0', len) ? "binary: it holds NUL bytes" : NULL;
}

/* A line that a block ends in waits in front of the next block; one longer than a block is skipped. */
static int read_lines(struct loader *l, int fd, char *block, size_t have)
{
	bool skipping = false;
	ssize_t n;

	for (;;) {
		size_t at = 0;
		char *end;

		while (!l->error && (end = memchr(block + at, '\n', have - at))) {
			size_t len = end - (block + at);

			l->line++;
			if (!skipping)
				list_line(&l->reader, block + at, len && end[-1] == '\r' ? len - 1 : len);
			skipping = false;
			at += len + 1;
		}
		have -= at;
		memmove(block, block + at, have);
		if (l->source->stop && atomic_load(l->source->stop))
			return -ECANCELED;
		if (l->error)
			return l->error;
		if (have == BLOCK) {
			if (!skipping) {
				l->line++;
				on_refused(l, block, have, "a line of more than 64 KiB");
				l->line--;
			}
			skipping = true;
			have = 0;
		}
		n = read(fd, block + have, BLOCK - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += n;
	}
	if (have && !skipping) {
		l->line++;
		list_line(&l->reader, block, have);
	}
	return l->error;
}

static void json_item(struct loader *l, const json_t *item)
{
	const char *key = l->source->column ? l->source->column : "domain";
	const json_t *value = json_is_object(item) ? json_object_get(item, key) : item;
	const json_t *seen = l->source->first_seen ? json_object_get(item, l->source->first_seen) : NULL;

	if (json_is_string(value))
		list_value(&l->reader, json_string_value(value), json_string_length(value),
			   json_string_value(seen), json_string_length(seen));
	if (json_is_string(value) && seen && !json_is_string(seen) && !json_is_null(seen))
		on_refused(l, l->source->first_seen, strlen(l->source->first_seen),
			   "the date under this key is no text");
	if (!json_is_string(value))
		on_refused(l, key, strlen(key), json_is_object(item) ? "no text under this key" : "not a text");
}

static void json_items(struct loader *l, const json_t *array)
{
	size_t line = l->line, i;
	json_t *item;

	l->in_array = true;
	json_array_foreach(array, i, item)
	{
		l->line = i + 1;
		json_item(l, item);
	}
	l->in_array = false;
	l->line = line;
}

/* An array, an object that holds arrays, or an object that is an item itself. */
static void json_document(struct loader *l, const json_t *root)
{
	const char *key;
	json_t *value;
	bool held = false;

	if (json_is_array(root)) {
		json_items(l, root);
		return;
	}
	json_object_foreach((json_t *)root, key, value)
	{
		if (!json_is_array(value))
			continue;
		held = true;
		json_items(l, value);
	}
	if (!held)
		json_item(l, root);
}

static size_t count_lines(const char *text, size_t len)
{
	size_t n = 0;

	for (const char *at = text; (at = memchr(at, '\n', len - (at - text))); at++)
		n++;
	return n;
}

static size_t skip_space(struct loader *l, const char *text, size_t len, size_t at)
{
	for (; at < len && text[at] && strchr(" \t\r\n", text[at]); at++)
		l->line += text[at] == '\n';
	return at;
}

/* An array that is not JSON as a whole: its items up to the damage. What is behind that could be anything. */
static void broken_array(struct loader *l, const char *text, size_t len)
{
	size_t at = 0, n = 0;

	while (!l->error && ++at) { /* behind [ or , */
		json_error_t error;
		json_t *item;
		size_t line;

		at = skip_space(l, text, len, at);
		item = json_loadb(text + at, len - at, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, &error);
		if (!item)
			break;
		line = l->line + count_lines(text + at, error.position);
		l->line = ++n;
		l->in_array = true;
		json_item(l, item);
		l->in_array = false;
		l->line = line;
		json_decref(item);
		at = skip_space(l, text, len, at + error.position);
		if (at == len || text[at] != ',')
			break;
	}
	if (!l->error)
		on_refused(l, text + at, len - at, "not JSON; from here on the array is not read");
}

/* One document after the other: usually there is one, or one a line. Behind a broken one, each line is tried by
 * itself, so that one line does not take the others with it; a broken array ends with its last whole item. */
static int read_json(struct loader *l, const char *text, size_t len)
{
	bool by_line = false;
	size_t at = 0;

	l->line = 1;
	while (!l->error) {
		const char *end;
		size_t most;
		json_error_t error;
		json_t *root;

		at = skip_space(l, text, len, at);
		if (at == len)
			break;
		end = memchr(text + at, '\n', len - at);
		most = by_line && end ? (size_t)(end - text) - at : len - at;
		root = json_loadb(text + at, most, JSON_DISABLE_EOF_CHECK, &error);
		if (root) {
			json_document(l, root);
			json_decref(root);
			l->line += count_lines(text + at, error.position);
			at += error.position;
			continue;
		}
		if (text[at] == '[') {
			broken_array(l, text + at, len - at);
			return l->error || l->report->entries + l->report->duplicates ? l->error : -EINVAL;
		}
		on_refused(l, text + at, end ? (size_t)(end - text) - at : len - at, "not JSON");
		by_line = true;
		at = end ? (size_t)(end - text) : len;
	}
	if (!l->error && by_line && !l->report->entries)
		return -EINVAL;
	return l->error;
}

static int slurp_json(struct loader *l, int fd, const char *block, size_t have)
{
	size_t cap = BLOCK, len = have;
	char *text = malloc(cap + 1);
	ssize_t n = 1;
	int err = 0;

	if (!text)
		return -ENOMEM;
	memcpy(text, block, have);
	while (n > 0) {
		if (len == cap) {
			char *more = cap < MOST_JSON_BYTES ? realloc(text, cap * 2 + 1) : NULL;

			if (!more) {
				log_error("list %s: JSON of more than %zu bytes", l->source->list.path, cap);
				free(text);
				return -E2BIG;
			}
			text = more;
			cap *= 2;
		}
		n = read(fd, text + len, cap - len);
		if (n < 0)
			err = -errno;
		else
			len += n;
	}
	text[len] = '\0';
	if (!err)
		err = read_json(l, text, len);
	free(text);
	return err;
}

/* Half of the old file and half of the new one is no list. */
static bool changed_meanwhile(int fd, const struct stat *before)
{
	struct stat now;

	return fstat(fd, &now) || now.st_size != before->st_size || now.st_mtim.tv_sec != before->st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != before->st_mtim.tv_nsec;
}

int list_load(struct indicators *s, const struct list_source *source, struct list_report *report)
{
	struct loader l = { .set = s, .source = source, .report = report };
	char *block = malloc(BLOCK + 1);
	const char *why;
	size_t have = 0;
	ssize_t n = 1;
	struct stat before = { 0 };
	bool keyed;
	int fd, err;

	memset(report, 0, sizeof(*report));
	if (!block)
		return -ENOMEM;
	fd = open_list(source->list.path, &before);
	l.list = fd < 0 ? fd : indicators_add_list(s, &source->list);
	if (l.list < 0) {
		if (fd >= 0)
			close(fd);
		free(block);
		return l.list;
	}
	while (have < BLOCK && (n = read(fd, block + have, BLOCK - have)) > 0)
		have += n;
	err = n < 0 ? -errno : 0;
	if (have > 2 && !memcmp(block, "\xef\xbb\xbf", 3)) { /* byte order mark */
		have -= 3;
		memmove(block, block + 3, have);
	}
	why = unreadable(block, have);
	if (why) {
		log_error("list %s: %s", source->list.path, why);
		err = -EINVAL;
	}
	report->format = source->format >= 0 ? (enum list_format)source->format : list_guess(block, have);
	keyed = report->format == LIST_CSV || report->format == LIST_JSON;
	if (!err && !keyed && (source->column || source->first_seen))
		log_warning("list %s: column and first_seen are for csv and json; it looks like %s",
			    source->list.path, list_format_names[report->format]);
	l.reader = (struct list_reader){ .format = report->format,
					 .column = source->column,
					 .first_seen = keyed ? source->first_seen : NULL,
					 .allow_tld = source->allow_tld,
					 .entry = on_entry,
					 .refused = on_refused,
					 .ctx = &l };
	if (!err)
		err = report->format == LIST_JSON ? slurp_json(&l, fd, block, have)
						  : read_lines(&l, fd, block, have);
	if (!err && changed_meanwhile(fd, &before)) {
		why = "it changed while it was read";
		log_error("list %s: %s", source->list.path, why);
		err = -ESTALE;
	}
	if (err && !why && err != -ECANCELED)
		log_error("list %s: %s", source->list.path, strerror(-err));
	if (report->refused > REFUSALS_SHOWN && !source->say_all)
		log_warning("%s: %zu more refused", source->list.path, report->refused - REFUSALS_SHOWN);
	close(fd);
	free(block);
	return err;
}
