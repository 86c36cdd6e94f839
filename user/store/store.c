/* store.c: the batches that wait, and the thread that writes them. */
#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "profile/profile.h"
#include "store/load.h"
#include "store/rows.h"
#include "store/writer.h"
#include "support/buf.h"
#include "support/log.h"

#define BATCH_BYTES (1 << 20) /* a transaction: bounds what it adds to the write-ahead log */
#define RETRY_FIRST_MS 500
#define RETRY_MAX_MS 60000
#define ALERTS_SHARE 4 /* a quarter of the queue is for alerts alone */
#define ALERT_MS 1000  /* an alert waits for others at most so long */

static const char *const reasons[N_STORE_FAULTS] = {
	[STORE_LOCKED] = "store-locked",	 [STORE_BUSY] = "store-busy",	    [STORE_FULL] = "store-full",
	[STORE_UNWRITABLE] = "store-unwritable", [STORE_DAMAGED] = "store-damaged", [STORE_NEWER] = "store-newer",
	[STORE_FOREIGN] = "store-foreign",	 [STORE_FAILED] = "store-failed",
};

struct store {
	struct store_options options;
	char *path;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled;	/* for the thread */
	pthread_cond_t emptied; /* for the caller */
	/* under lock: */
	struct batch *head, **tail;
	uint64_t queued;
	struct store_stats stats;
	enum store_fault fault;
	bool open;     /* the file can be loaded from */
	bool replaced; /* it is a new one: all profiles are to be written again */
	bool unload;   /* what is loaded came from a file that turned out damaged */
	bool stop, hurry;
	/* the thread's own, the caller's before it starts: */
	struct writer *writer;
	unsigned int retry_ms;
	/* the caller's own: */
	struct batch *filling; /* NULL: none yet */
	uint64_t told_ms;      /* when the first alert went into it; 0: it holds none */
	struct load *load;
	struct store_loaded loaded;
	bool is_loaded;
	uint64_t round_ms; /* begin of the last round of changes */
	bool in_round;
};

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct timespec after_ms(uint64_t ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)(ms / 1000);
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

/* How an attempt ended; with the lock held. Said once for each way of failing. */
static void note(struct store *s, enum store_fault fault, const char *why)
{
	if (fault) {
		s->stats.errors++;
		s->retry_ms = s->retry_ms ? s->retry_ms * 2 : RETRY_FIRST_MS;
		if (s->retry_ms > RETRY_MAX_MS)
			s->retry_ms = RETRY_MAX_MS;
	} else {
		s->retry_ms = 0;
	}
	if (fault && fault != s->fault)
		log_warning("store: %s; the sensor goes on without it and tries again", why);
	else if (!fault && s->fault)
		log_info("store: %s works again", s->path);
	s->fault = fault;
}

/* With the lock held: what the writer knows becomes what everybody may know. */
static void publish(struct store *s)
{
	struct writer_stats w = writer_stats(s->writer);

	s->stats.rows = w.rows;
	s->stats.batches = w.batches;
	s->stats.alerts = w.alerts;
	s->stats.damaged = w.refused;
	s->stats.expired = w.expired;
	s->stats.pruned = w.pruned;
	s->stats.bytes = w.bytes;
	s->open = writer_is_open(s->writer);
	s->replaced |= writer_took_replaced(s->writer);
}

static bool has_work(const struct store *s)
{
	return s->head || s->unload || (!s->open && !s->retry_ms);
}

/* Until there is something to do; after a failure, not before the pause is over. */
static void wait_for_work(struct store *s)
{
	struct timespec until = after_ms(s->retry_ms);

	while (s->retry_ms && !s->stop && !s->hurry && !pthread_cond_timedwait(&s->filled, &s->lock, &until))
		;
	s->hurry = false;
	if (s->retry_ms && !s->open)
		return; /* another attempt to open it is due */
	while (!s->stop && !has_work(s))
		pthread_cond_wait(&s->filled, &s->lock);
}

static void drop_head(struct store *s)
{
	struct batch *b = s->head;

	s->head = b->next;
	if (!s->head)
		s->tail = &s->head;
	s->queued -= b->rows.len;
	batch_free(b);
}

static void *run(void *arg)
{
	struct store *s = arg;
	char why[STORE_WHY];

	pthread_mutex_lock(&s->lock);
	for (;;) {
		enum store_fault fault;
		struct batch *b;
		bool last, unload;

		wait_for_work(s);
		last = s->stop;
		b = s->head;
		unload = s->unload;
		s->unload = false;
		if (last && !b)
			break;
		pthread_mutex_unlock(&s->lock);
		if (unload)
			writer_set_damaged(s->writer);
		fault = b ? writer_write(s->writer, b, why) : writer_open(s->writer, why);
		pthread_mutex_lock(&s->lock);
		publish(s);
		note(s, fault, why);
		if (!fault && b)
			drop_head(s);
		pthread_cond_broadcast(&s->emptied);
		if (fault && last)
			break;
	}
	pthread_mutex_unlock(&s->lock);
	writer_free(s->writer);
	s->writer = NULL;
	return NULL;
}

static int start_thread(struct store *s)
{
	pthread_condattr_t attr;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->filled, &attr);
	pthread_cond_init(&s->emptied, &attr);
	pthread_condattr_destroy(&attr);
	return pthread_create(&s->thread, NULL, run, s);
}

struct store *store_open(const struct store_options *options, char *error, size_t size)
{
	struct store *s = calloc(1, sizeof(*s));
	char why[STORE_WHY];
	int err;

	snprintf(error, size, "out of memory");
	if (!s)
		return NULL;
	s->options = *options;
	s->tail = &s->head;
	s->path = strdup(options->path);
	s->writer = s->path ? writer_new(s->path, options) : NULL;
	if (!s->writer)
		goto fail;
	note(s, writer_open(s->writer, why), why);
	publish(s);
	s->replaced = false; /* nothing was loaded from the one before */
	err = start_thread(s);
	if (err) {
		snprintf(error, size, "cannot start a thread: %s", strerror(err));
		goto fail;
	}
	return s;
fail:
	writer_free(s->writer);
	free(s->path);
	free(s);
	return NULL;
}

static bool is_open(struct store *s)
{
	bool open;

	pthread_mutex_lock(&s->lock);
	open = s->open;
	pthread_mutex_unlock(&s->lock);
	return open;
}

static void end_load(struct store *s, struct profiles *p, enum store_fault fault)
{
	load_free(s->load);
	s->load = NULL;
	s->is_loaded = true;
	profiles_loaded(p);
	if (s->loaded.damaged)
		log_warning("store: %llu damaged rows in %s were left out", (unsigned long long)s->loaded.damaged,
			    s->path);
	if (s->loaded.left_out)
		log_warning("store: %llu rows of %s are more than the limits allow, the oldest were left out",
			    (unsigned long long)s->loaded.left_out, s->path);
	if (fault != STORE_DAMAGED)
		return;
	pthread_mutex_lock(&s->lock);
	s->unload = true;
	pthread_cond_signal(&s->filled);
	pthread_mutex_unlock(&s->lock);
}

/* Returns true when everything is loaded that there is. */
static bool load_slice(struct store *s, struct profiles *p, size_t most)
{
	enum store_fault fault;
	char why[STORE_WHY];

	if (!s->load && !is_open(s))
		return false;
	if (!s->load)
		s->load = load_new(s->path, &fault, why);
	if (!s->load && fault == STORE_DAMAGED) {
		end_load(s, p, fault);
		return true;
	}
	if (!s->load) {
		log_debug("store: %s", why);
		return false; /* again with the next slice */
	}
	if (!load_some(s->load, p, most, &s->loaded, &fault))
		return false;
	end_load(s, p, fault);
	return true;
}

int store_load(struct store *s, struct profiles *p, struct store_loaded *loaded)
{
	int err;

	profiles_track_changes(p, true);
	err = load_slice(s, p, SIZE_MAX) ? 0 : -EAGAIN;
	*loaded = s->loaded;
	return err;
}

/* The row that was put last, of that event time. False: memory ran out, and it is taken away again. */
static bool is_whole(struct batch *b, uint64_t time_ns)
{
	if (b->rows.failed) {
		b->rows.failed = false;
		b->rows.len = b->whole;
		return false;
	}
	b->whole = b->rows.len;
	if (time_ns > b->newest_ns)
		b->newest_ns = time_ns;
	return true;
}

/* The batch that is being filled goes into the queue. p: with what belongs to no single profile, or NULL. */
static void seal(struct store *s, const struct profiles *p)
{
	struct batch *b = s->filling;

	if (!b)
		return;
	if (p) {
		rows_put_totals(&b->rows, p);
		(void)is_whole(b, 0); /* with the next batch */
	}
	s->filling = NULL;
	s->told_ms = 0;
	pthread_mutex_lock(&s->lock);
	*s->tail = b;
	s->tail = &b->next;
	s->queued += b->rows.len;
	pthread_cond_signal(&s->filled);
	pthread_mutex_unlock(&s->lock);
}

static struct batch *filling(struct store *s, const struct profiles *p)
{
	if (s->filling && s->filling->rows.len >= BATCH_BYTES)
		seal(s, p);
	if (!s->filling)
		s->filling = batch_new();
	return s->filling;
}

/* Bytes that fit into the queue, of `share` bytes that it may hold. */
static uint64_t room_in(struct store *s, uint64_t share)
{
	uint64_t used;

	pthread_mutex_lock(&s->lock);
	used = s->queued;
	pthread_mutex_unlock(&s->lock);
	used += s->filling ? s->filling->rows.len : 0;
	return used < share ? share - used : 0;
}

/* In replay: until the writer has made room, or is degraded. */
static void wait_for_room(struct store *s, const struct profiles *p, uint64_t share)
{
	if (!s->options.wait || room_in(s, share))
		return;
	seal(s, p);
	pthread_mutex_lock(&s->lock);
	while (s->queued >= share && !s->fault)
		pthread_cond_wait(&s->emptied, &s->lock);
	pthread_mutex_unlock(&s->lock);
}

struct taking {
	struct store *store;
	const struct profiles *profiles;
};

static void on_change(void *ctx, const struct profile_change *change)
{
	const struct taking *t = ctx;
	struct batch *b = filling(t->store, t->profiles);

	if (!b) /* out of memory: the row is written when the profile changes again */
		return;
	(void)is_whole(b, rows_put_change(&b->rows, change));
}

/* A new file in the place of the one that held them: all of them are changes. */
static bool write_all_again(struct store *s, struct profiles *p)
{
	bool replaced;

	pthread_mutex_lock(&s->lock);
	replaced = s->replaced;
	s->replaced = false;
	pthread_mutex_unlock(&s->lock);
	if (replaced)
		profiles_touch_all(p);
	return replaced;
}

/* Takes changes in steps, so that a row too many is a row, not a slice. */
#define STEP 64

static size_t take(struct store *s, struct profiles *p, size_t most)
{
	uint64_t share = s->options.queue_bytes - s->options.queue_bytes / ALERTS_SHARE;
	struct taking taking = { s, p };
	size_t taken = 0, n = 0;

	while (taken < most) {
		size_t step = most - taken < STEP ? most - taken : STEP;

		wait_for_room(s, p, share);
		if (!room_in(s, share))
			break;
		n = profiles_take_changes(p, step, on_change, &taking);
		taken += n;
		if (n < step) {
			s->in_round = false; /* there are no more */
			break;
		}
	}
	return taken;
}

size_t store_put_changes(struct store *s, struct profiles *p, size_t most)
{
	size_t taken;

	if (!s->is_loaded && !load_slice(s, p, most))
		return 0;
	(void)write_all_again(s, p);
	if (!s->in_round) {
		uint64_t now = now_ms();

		if (s->round_ms && now - s->round_ms < s->options.batch_seconds * 1000ULL) {
			if (s->told_ms && now - s->told_ms >= ALERT_MS)
				seal(s, NULL);
			return 0;
		}
		s->round_ms = now;
		s->in_round = true;
	}
	taken = take(s, p, most);
	if (!s->in_round)
		seal(s, p);
	return taken;
}

void store_put_alert(struct store *s, const struct store_alert *a)
{
	struct batch *b;

	wait_for_room(s, NULL, s->options.queue_bytes);
	b = room_in(s, s->options.queue_bytes) ? filling(s, NULL) : NULL;
	if (b)
		rows_put_alert(&b->rows, a);
	if (b && is_whole(b, a->time_ns)) {
		if (!s->told_ms)
			s->told_ms = now_ms();
		return;
	}
	pthread_mutex_lock(&s->lock);
	s->stats.dropped++;
	pthread_mutex_unlock(&s->lock);
}

/* Until the queue is empty. */
static int wait_until_written(struct store *s, const struct timespec *until)
{
	int err;

	pthread_mutex_lock(&s->lock);
	s->hurry = true; /* an attempt now, whatever the pause */
	pthread_cond_signal(&s->filled);
	while (s->head && !pthread_cond_timedwait(&s->emptied, &s->lock, until))
		if (s->fault && s->fault != STORE_BUSY) /* busy: the lock may come free within the time */
			break;
	err = s->head ? -EIO : 0;
	pthread_mutex_unlock(&s->lock);
	return err;
}

/* What changed, then a batch that makes the writer look at age and size. */
static int flush(struct store *s, struct profiles *p, const struct timespec *until)
{
	int err = 0;

	for (s->in_round = p; s->in_round && !err;) {
		(void)take(s, p, SIZE_MAX);
		seal(s, p);
		err = wait_until_written(s, until);
	}
	if (err)
		return err;
	if (filling(s, p))
		s->filling->settle = true;
	seal(s, p);
	return wait_until_written(s, until);
}

/* A file may turn out damaged only when it is written to; a second one in a row is a broken disk. */
#define FLUSH_TURNS 3

int store_flush(struct store *s, struct profiles *p, unsigned int seconds)
{
	struct timespec until = after_ms(1000ULL * seconds);
	bool late = p && !s->is_loaded && !load_slice(s, p, SIZE_MAX);
	int err;

	if (late)
		p = NULL;
	if (p)
		(void)write_all_again(s, p);
	for (unsigned int turn = 0; turn < FLUSH_TURNS; turn++) {
		err = flush(s, p, &until);
		if (err || !p || !write_all_again(s, p))
			break;
	}
	return late ? -EIO : err;
}

void store_close(struct store *s, unsigned int seconds)
{
	struct timespec until;

	if (!s)
		return;
	(void)store_flush(s, NULL, seconds);
	clock_gettime(CLOCK_REALTIME, &until); /* what pthread_timedjoin_np() wants */
	until.tv_sec += seconds + 1;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->filled);
	pthread_mutex_unlock(&s->lock);
	if (pthread_timedjoin_np(s->thread, NULL, &until)) {
		log_warning("store: the disk of %s hangs; left as it is", s->path);
		return; /* with what the thread still uses */
	}
	if (s->stats.dropped)
		log_warning("store: %llu alerts were not stored", (unsigned long long)s->stats.dropped);
	if (s->queued)
		log_warning("store: %s: the last changes were not stored", s->path);
	while (s->head)
		drop_head(s);
	batch_free(s->filling);
	load_free(s->load);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->filled);
	pthread_cond_destroy(&s->emptied);
	free(s->path);
	free(s);
}

struct store_stats store_stats(struct store *s)
{
	struct store_stats stats;

	pthread_mutex_lock(&s->lock);
	stats = s->stats;
	stats.queued = s->queued;
	stats.degraded = reasons[s->fault];
	pthread_mutex_unlock(&s->lock);
	stats.queued += s->filling ? s->filling->rows.len : 0;
	stats.damaged += s->loaded.damaged;
	return stats;
}
