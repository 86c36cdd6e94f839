/* prefix_tables.c: see prefix_tables.h. */
#include "observe/prefix_tables.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/log.h"

#define NICE 10 /* the reader goes first */

struct prefix_tables {
	struct prefixes *table;
	pthread_t thread;
	bool running, again, refused;
	int fd;
	atomic_bool stop;
	struct config_list paths;  /* that are being read, or were last */
	struct config_list wanted; /* again */
	struct prefixes *next;
	struct prefixes_report report;
	char error[512];
};

static int copy(struct config_list *to, const struct config_list *from)
{
	config_list_clear(to);
	for (size_t i = 0; i < from->n; i++)
		if (config_list_add(to, from->item[i]))
			return -1;
	return 0;
}

static struct prefixes *read_files(struct prefix_tables *t)
{
	return prefixes_load_all(&t->paths, &t->stop, &t->report, t->error, sizeof(t->error));
}

static void say(const struct prefix_tables *t)
{
	if (t->paths.n)
		log_info("prefix tables: %zu prefixes of IPv4, %zu of IPv6, %zu refused", t->report.v4,
			 t->report.v6, t->report.refused);
}

struct prefix_tables *prefix_tables_open(const struct config_list *paths)
{
	struct prefix_tables *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (t->fd >= 0 && !copy(&t->paths, paths))
		t->table = read_files(t);
	if (t->table) {
		say(t);
		return t;
	}
	log_error("%s", *t->error ? t->error : "prefix tables: out of memory or descriptors");
	prefix_tables_free(t);
	return NULL;
}

const struct prefixes *prefix_tables_get(const struct prefix_tables *t)
{
	return t->table;
}

int prefix_tables_fd(const struct prefix_tables *t)
{
	return t->fd;
}

bool prefix_tables_refused(const struct prefix_tables *t)
{
	return t->refused;
}

static void *read_on_thread(void *arg)
{
	struct prefix_tables *t = arg;

	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* works without */
	t->next = read_files(t);
	(void)eventfd_write(t->fd, 1); /* cannot be full */
	return NULL;
}

void prefix_tables_reload(struct prefix_tables *t, const struct config_list *paths)
{
	int err;

	if (t->running) {
		t->again = !copy(&t->wanted, paths);
		return;
	}
	if (!paths->n && !t->paths.n)
		return; /* none, as before */
	err = copy(&t->paths, paths) ? ENOMEM : pthread_create(&t->thread, NULL, read_on_thread, t);
	if (err)
		log_error("prefix tables: cannot be read: %s; they stay as they were", strerror(err));
	t->running = !err;
	t->refused |= err;
}

void prefix_tables_take(struct prefix_tables *t)
{
	eventfd_t times;

	(void)eventfd_read(t->fd, &times); /* how often does not matter */
	if (!t->running)
		return;
	pthread_join(t->thread, NULL);
	t->running = false;
	t->refused = !t->next;
	if (t->next) {
		prefixes_replace(t->table, t->next);
		say(t);
	} else {
		log_error("%s; the prefixes stay as they were", t->error);
	}
	t->next = NULL;
	if (t->again) {
		t->again = false;
		prefix_tables_reload(t, &t->wanted);
	}
}

void prefix_tables_free(struct prefix_tables *t)
{
	if (!t)
		return;
	if (t->running) {
		atomic_store(&t->stop, true);
		pthread_join(t->thread, NULL);
		prefixes_free(t->next);
	}
	if (t->fd >= 0)
		close(t->fd);
	config_list_clear(&t->paths);
	config_list_clear(&t->wanted);
	prefixes_free(t->table);
	free(t);
}
