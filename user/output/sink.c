/* sink.c: the queue and its thread; what is behind it is a file or a Unix socket. */
#include "output/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "support/buf.h"
#include "support/log.h"

#define RETRY_MAX_MS 10000

enum sink_kind { SINK_STDOUT, SINK_FILE, SINK_UNIX };

struct sink {
	enum sink_kind kind;
	char *spec;
	const char *path; /* into spec */
	struct sink_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled;
	pthread_cond_t emptied;
	/* under lock: */
	struct buf queue;
	struct sink_stats stats;
	uint64_t taken; /* lines handed to the queue, kept or not */
	bool reopen;
	bool stop;
	bool let_go; /* of what is still to be written */
	bool idle;
	/* the thread's own: */
	int fd;
	uint64_t written; /* bytes in the current file */
	time_t opened_at;
	unsigned int retry_ms;
};

static int open_file(struct sink *s)
{
	struct stat st;
	int fd = open(s->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

	if (fd < 0)
		return -errno;
	s->written = fstat(fd, &st) ? 0 : st.st_size;
	s->opened_at = time(NULL);
	if (s->fd >= 0)
		close(s->fd); /* the new one is open before the old one goes */
	s->fd = fd;
	return 0;
}

static int connect_unix(struct sink *s)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	memcpy(to.sun_path, s->path, strlen(s->path) + 1); /* length checked when opened */
	if (connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		err = -errno;
		close(fd);
		return err;
	}
	pthread_mutex_lock(&s->lock); /* let_go() looks at it */
	s->fd = fd;
	pthread_mutex_unlock(&s->lock);
	return 0;
}

static int open_target(struct sink *s)
{
	switch (s->kind) {
	case SINK_FILE:
		return open_file(s);
	case SINK_UNIX:
		return connect_unix(s);
	default:
		s->fd = STDOUT_FILENO;
		return 0;
	}
}

static void close_target(struct sink *s)
{
	if (s->fd >= 0 && s->kind != SINK_STDOUT)
		close(s->fd);
	s->fd = -1;
}

static void rotated_name(const struct sink *s, unsigned int n, char *to, size_t size)
{
	if (n == 0)
		snprintf(to, size, "%s", s->path);
	else
		snprintf(to, size, "%s.%u", s->path, n);
}

static void rotate(struct sink *s)
{
	char from[4096], to[4096];

	for (unsigned int n = s->options.keep; n > 0; n--) {
		rotated_name(s, n - 1, from, sizeof(from));
		rotated_name(s, n, to, sizeof(to));
		if (rename(from, to) && errno != ENOENT)
			log_warning("cannot rotate %s: %s", from, strerror(errno));
	}
	if (s->options.keep == 0 && unlink(s->path))
		log_warning("cannot rotate %s: %s", s->path, strerror(errno));
	if (open_file(s))
		log_warning("cannot open %s: %s", s->path, strerror(errno));
}

static bool rotation_due(const struct sink *s, size_t more)
{
	if (s->kind != SINK_FILE || s->written == 0)
		return false;
	return (s->options.rotate_bytes && s->written + more > s->options.rotate_bytes) ||
	       (s->options.rotate_seconds && time(NULL) - s->opened_at >= (time_t)s->options.rotate_seconds);
}

static size_t count_lines(const char *from, size_t len)
{
	size_t n = 0;

	for (const char *p = from; (p = memchr(p, '\n', from + len - p)); p++)
		n++;
	return n;
}

/* Writes all of it, or up to the first error; returns bytes written, *ret_err tells. */
static size_t write_all(int fd, const char *from, size_t len, int *ret_err)
{
	size_t done = 0;

	*ret_err = 0;
	while (done < len) {
		ssize_t n = write(fd, from + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			*ret_err = errno;
			break;
		}
		done += n;
	}
	return done;
}

/* The part of a batch that may still go into the current file: up to the line that passes the limit. */
static size_t until_rotation(const struct sink *s, const char *from, size_t len)
{
	uint64_t room;
	const char *end;

	if (s->kind != SINK_FILE || !s->options.rotate_bytes)
		return len;
	room = s->options.rotate_bytes > s->written ? s->options.rotate_bytes - s->written : 0;
	if (len <= room)
		return len;
	end = room ? memrchr(from, '\n', room) : NULL;
	if (!end) /* at least one line, however long */
		end = memchr(from, '\n', len);
	return end ? (size_t)(end - from) + 1 : len;
}

/* A line that got only half-way into a file would spoil the one after it. */
static void cut_torn_line(struct sink *s, const char *from, size_t done)
{
	const char *end = done ? memrchr(from, '\n', done) : NULL;
	size_t torn = end ? (size_t)(from + done - end) - 1 : done;
	off_t size = s->kind == SINK_FILE && torn ? lseek(s->fd, 0, SEEK_END) : -1;

	if (size >= (off_t)torn && !ftruncate(s->fd, size - torn))
		s->written = size - torn;
}

static void failed(struct sink *s, int err)
{
	pthread_mutex_lock(&s->lock);
	s->stats.errors++;
	if (!s->stats.broken)
		log_warning("sink %s: %s", s->spec, strerror(err));
	s->stats.broken = true;
	if (s->kind == SINK_STDOUT && (err == EPIPE || err == EIO)) /* the reader left, the terminal was closed */
		s->stats.gone = true;
	if (s->kind == SINK_UNIX)
		close_target(s);
	pthread_mutex_unlock(&s->lock);
	s->retry_ms = s->retry_ms ? s->retry_ms * 2 : 100;
	if (s->retry_ms > RETRY_MAX_MS)
		s->retry_ms = RETRY_MAX_MS;
}

static void written(struct sink *s, size_t lines)
{
	pthread_mutex_lock(&s->lock);
	s->stats.sent += lines;
	if (s->stats.broken)
		log_info("sink %s: works again", s->spec);
	s->stats.broken = false;
	pthread_mutex_unlock(&s->lock);
	s->retry_ms = 0;
}

/* Writes one batch. On an error the lines that are not whole on the other side are lost and counted. */
static void write_batch(struct sink *s, const char *from, size_t len, size_t total)
{
	size_t sent = 0;
	int err = 0;

	if (s->fd < 0)
		err = -open_target(s);
	while (len > 0 && !err) {
		size_t part = until_rotation(s, from, len), done;

		if (rotation_due(s, part)) {
			rotate(s);
			part = until_rotation(s, from, len);
		}
		done = write_all(s->fd, from, part, &err);
		s->written += done;
		if (err)
			cut_torn_line(s, from, done);
		/* lines are counted only where not all of them went at once */
		sent += done == len && sent == 0 ? total : count_lines(from, done);
		from += part;
		len -= part;
	}
	if (sent)
		written(s, sent);
	if (err) {
		failed(s, err);
		pthread_mutex_lock(&s->lock);
		s->stats.dropped += total - sent;
		pthread_mutex_unlock(&s->lock);
	}
}

/* Waits until there is something to do; with a target that fails, not before the pause is over. */
static void wait_for_work(struct sink *s)
{
	struct timespec until;

	if (s->retry_ms && !s->stop) {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += s->retry_ms / 1000;
		until.tv_nsec += s->retry_ms % 1000 * 1000000L;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
		while (!s->stop && !s->reopen && !pthread_cond_timedwait(&s->filled, &s->lock, &until))
			;
	}
	while (!s->queue.len && !s->stop && !s->reopen)
		pthread_cond_wait(&s->filled, &s->lock);
}

static void *run(void *arg)
{
	struct sink *s = arg;
	struct buf batch = { 0 };
	bool stop = false;

	while (!stop) {
		struct buf swap;
		bool reopen, let_go;

		pthread_mutex_lock(&s->lock);
		s->idle = s->queue.len == 0;
		pthread_cond_broadcast(&s->emptied);
		wait_for_work(s);
		s->idle = false;
		if (s->fd < 0 && !s->stop) { /* the lines wait in the queue until somebody listens */
			int err;

			pthread_mutex_unlock(&s->lock);
			err = -open_target(s);
			if (err) {
				failed(s, err);
				continue;
			}
			pthread_mutex_lock(&s->lock);
		}
		swap = batch;
		batch = s->queue;
		s->queue = swap;
		s->queue.len = 0;
		reopen = s->reopen;
		s->reopen = false;
		stop = s->stop;
		let_go = s->let_go;
		if (let_go)
			s->stats.dropped += count_lines(batch.data, batch.len);
		pthread_cond_broadcast(&s->emptied);
		pthread_mutex_unlock(&s->lock);
		if (reopen && s->kind == SINK_FILE && open_file(s))
			failed(s, errno);
		if (batch.len && !let_go)
			write_batch(s, batch.data, batch.len, count_lines(batch.data, batch.len));
	}
	pthread_mutex_lock(&s->lock);
	s->idle = true;
	pthread_cond_broadcast(&s->emptied);
	pthread_mutex_unlock(&s->lock);
	buf_free(&batch);
	return NULL;
}

static int parse_spec(const char *spec, enum sink_kind *ret_kind, const char **ret_path, char *error, size_t size)
{
	struct sockaddr_un addr;

	if (!strcmp(spec, "-")) {
		*ret_kind = SINK_STDOUT;
		return 0;
	}
	if (!strncmp(spec, "file:", 5) && spec[5]) {
		*ret_kind = SINK_FILE;
		*ret_path = spec + 5;
		return 0;
	}
	if (!strncmp(spec, "unix:", 5) && spec[5]) {
		*ret_kind = SINK_UNIX;
		*ret_path = spec + 5;
		if (strlen(spec + 5) < sizeof(addr.sun_path))
			return 0;
		snprintf(error, size, "sink %s: a socket path has at most %zu bytes", spec, sizeof(addr.sun_path) - 1);
		return -EINVAL;
	}
	snprintf(error, size, "sink '%s': expected -, file:PATH or unix:PATH", spec);
	return -EINVAL;
}

int sink_check(const char *spec, char *error, size_t size)
{
	enum sink_kind kind;
	const char *path;

	return parse_spec(spec, &kind, &path, error, size);
}

struct sink *sink_open(const char *spec, const struct sink_options *options, char *error, size_t size)
{
	struct sink *s = calloc(1, sizeof(*s));
	int err;

	snprintf(error, size, "out of memory");
	if (!s)
		return NULL;
	s->fd = -1;
	s->options = *options;
	s->spec = strdup(spec);
	if (!s->spec || parse_spec(s->spec, &s->kind, &s->path, error, size))
		goto fail;
	if (s->kind == SINK_FILE) {
		err = open_file(s);
		if (err) {
			snprintf(error, size, "cannot open %s: %s", s->path, strerror(-err));
			goto fail;
		}
	}
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->filled, NULL);
	pthread_cond_init(&s->emptied, NULL);
	err = s->options.wait ? 0 : pthread_create(&s->thread, NULL, run, s);
	if (err) {
		snprintf(error, size, "cannot start a thread: %s", strerror(err));
		goto fail;
	}
	return s;
fail:
	close_target(s);
	free(s->spec);
	free(s);
	return NULL;
}

/* Without a queue: the caller waits for the target, a socket that nobody listens on included. */
static void push_directly(struct sink *s, const char *lines, size_t len, unsigned int n_lines)
{
	int err = s->fd < 0 ? -open_target(s) : 0;

	while (err && s->kind == SINK_UNIX) {
		failed(s, err);
		usleep(s->retry_ms * 1000);
		err = -open_target(s);
	}
	if (s->stats.gone)
		s->stats.dropped += n_lines;
	else
		write_batch(s, lines, len, n_lines);
}

void sink_push(struct sink *s, const char *lines, size_t len, unsigned int n_lines)
{
	if (s->options.wait) {
		push_directly(s, lines, len, n_lines);
		return;
	}
	pthread_mutex_lock(&s->lock);
	s->taken += n_lines;
	if (s->stats.gone || (s->queue.len && s->queue.len + len > s->options.queue_bytes)) {
		s->stats.dropped += n_lines;
	} else {
		bool was_empty = s->queue.len == 0;

		s->idle = false;
		buf_put(&s->queue, lines, len);
		if (s->queue.failed) {
			s->queue.failed = false;
			s->stats.dropped += n_lines;
		} else if (was_empty) {
			pthread_cond_signal(&s->filled);
		}
	}
	pthread_mutex_unlock(&s->lock);
}

void sink_reopen(struct sink *s)
{
	pthread_mutex_lock(&s->lock);
	s->reopen = true;
	pthread_cond_signal(&s->filled);
	pthread_mutex_unlock(&s->lock);
}

struct sink_stats sink_stats(struct sink *s)
{
	struct sink_stats stats;

	pthread_mutex_lock(&s->lock);
	stats = s->stats;
	stats.queued = s->queue.len;
	pthread_mutex_unlock(&s->lock);
	return stats;
}

const char *sink_spec(const struct sink *s)
{
	return s->spec;
}

/* A write that nobody reads ends, and tells how far it came, when its socket is shut. False: it does not end. */
static bool let_go(struct sink *s)
{
	struct timespec until;

	if (s->kind != SINK_UNIX)
		return false;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec++;
	s->let_go = true;
	if (s->fd >= 0)
		(void)shutdown(s->fd, SHUT_RDWR); /* may have ended meanwhile */
	while (!(s->idle && !s->queue.len) && !pthread_cond_timedwait(&s->emptied, &s->lock, &until))
		;
	return s->idle;
}

static void stop_thread(struct sink *s, unsigned int seconds)
{
	struct timespec until;
	bool done;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->filled);
	while (!(s->idle && !s->queue.len) && !pthread_cond_timedwait(&s->emptied, &s->lock, &until))
		;
	done = s->idle || let_go(s);
	pthread_mutex_unlock(&s->lock);
	if (!done) /* it hangs in a write that nobody reads */
		pthread_cancel(s->thread);
	pthread_join(s->thread, NULL);
	if (!done) /* what it had written of its last batch is not known */
		s->stats.dropped = s->taken - s->stats.sent;
}

void sink_close(struct sink *s, unsigned int seconds)
{
	if (!s)
		return;
	if (!s->options.wait)
		stop_thread(s, seconds);
	if (s->stats.dropped)
		log_warning("sink %s: %llu lines lost", s->spec, (unsigned long long)s->stats.dropped);
	close_target(s);
	buf_free(&s->queue);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->filled);
	pthread_cond_destroy(&s->emptied);
	free(s->spec);
	free(s);
}
