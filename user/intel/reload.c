/* reload.c: see reload.h. */
#include "intel/reload.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/log.h"

#define NICE 10 /* the reader goes first */

struct reload {
	pthread_t thread;
	bool running, again;
	int fd;
	atomic_bool stop;
	void (*prepare)(void *ctx, const struct intel *in);
	void *ctx;
	struct intel *next;
	const struct intel *old;
	char why[INTEL_WHY];
};

struct reload *reload_new(void (*prepare)(void *ctx, const struct intel *in), void *ctx)
{
	struct reload *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->prepare = prepare;
	r->ctx = ctx;
	r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->fd < 0) {
		free(r);
		return NULL;
	}
	return r;
}

int reload_fd(const struct reload *r)
{
	return r->fd;
}

static void *read_lists(void *arg)
{
	struct reload *r = arg;

	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* works without */
	if (!intel_read(r->next, &r->stop) || !intel_replaces(r->next, r->old, r->why)) {
		intel_free(r->next);
		r->next = NULL;
	} else {
		r->prepare(r->ctx, r->next);
	}
	(void)eventfd_write(r->fd, 1); /* cannot be full */
	return NULL;
}

int reload_start(struct reload *r, const struct config *c, const struct intel *old)
{
	int err;

	if (r->running) {
		r->again = true;
		return 0;
	}
	r->next = intel_new(c, old->generation + 1);
	if (!r->next)
		return -ENOMEM;
	r->old = old;
	r->why[0] = '\0';
	err = pthread_create(&r->thread, NULL, read_lists, r);
	if (err) {
		log_error("lists: cannot start a thread: %s", strerror(err));
		intel_free(r->next);
		r->next = NULL;
		return -err;
	}
	r->running = true;
	return 0;
}

struct intel *reload_take(struct reload *r, char *why, size_t size)
{
	struct intel *next;
	eventfd_t times;

	(void)eventfd_read(r->fd, &times); /* how often does not matter */
	if (!r->running)
		return NULL;
	pthread_join(r->thread, NULL);
	r->running = false;
	next = r->next;
	r->next = NULL;
	snprintf(why, size, "%s", r->why);
	return next;
}

bool reload_again(struct reload *r)
{
	bool again = r->again;

	r->again = false;
	return again;
}

void reload_free(struct reload *r)
{
	if (!r)
		return;
	if (r->running) {
		atomic_store(&r->stop, true);
		pthread_join(r->thread, NULL);
		intel_free(r->next);
	}
	close(r->fd);
	free(r);
}
