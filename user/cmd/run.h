/* run.h: what metsuke run holds while it runs, shared by the files that make it up: run.c brings it up, loops and
 * takes it down; run_say.c is what it says of itself. */
#ifndef METSUKE_CMD_RUN_H
#define METSUKE_CMD_RUN_H

#include <time.h>

#include "cmd/cmd.h"
#include "cmd/instance.h"
#include "cmd/outputs.h"
#include "counters.h"
#include "enforce.h"
#include "identity.h"
#include "intel/watch.h"
#include "output/ecs.h"

struct networks;
struct prefix_tables;
struct store;
struct flagged;
struct flagged_key;

struct run {
	struct cmd_options options;
	int argc;
	char **argv;
	struct config_list interfaces; /* configured, or found */
	struct instance instance;
	struct outputs outputs;
	struct live *live;
	struct links *links;
	struct nat *nat;
	struct owners *owners;
	struct prefix_tables *prefixes;
	struct pipeline *pipeline;
	struct store *store; /* NULL: none is kept */
	struct reload *reload;
	struct watch watch; /* of the list files */
	struct watch_file watch_popular, watch_allow;
	bool config_refused; /* the last time it was read */
	bool lists_refused; /* the same */
	bool allow_refused; /* lines of it, or all */
	uint64_t allow_over_ns; /* when the next entry is over (CLOCK_REALTIME); 0: none is */
	struct enforcement enforcement;
	struct networks *spare; /* hosts that are never blocked for being flagged */
	struct identity identity;
	int epoll_fd, signal_fd, drain_fd, second_fd;
	int64_t offset_ns; /* CLOCK_REALTIME - CLOCK_BOOTTIME */
	uint64_t start_ns, stats_ns, lost_ns;
	struct counters lost_kernel; /* as of the last events-lost */
	uint64_t lost_sink, lost_reader;
	uint64_t said_lost_ns; /* time of that event; 0: none so far */
	double cpu_seconds;
	uint64_t shown_packets, shown_dns, shown_http;
	bool stop;
	int status;
};

uint64_t run_clock_ns(clockid_t clock);

/* What does not work as it should, or NULL. */
const char *run_degraded(const struct run *r);

/* Events about the sensor itself. */
void run_say_health(struct run *r, enum ecs_health_action action, const char *message, const char *reason);
void run_say_losses(struct run *r);
void run_say_stats(struct run *r);

/* What is dropped: run_enforce.c. */
int run_take_enforcement(struct run *r, const struct config *c); /* as configured; 0 or -ENOMEM, logged */
void run_renew_enforcement(struct run *r);			 /* every second: the lease, and a trial's end */
void run_stop_enforcement(struct run *r);
void run_hear_command(struct run *r);
void run_put_flag(struct run *r, const struct flagged_key *key, const struct flagged *f); /* f NULL: not any more */
void run_put_flags_again(struct run *r); /* the machine's own addresses have changed */

/* To metsuke status, and to a terminal. */
void run_answer_status(struct run *r);
void run_show_rate(struct run *r);

#endif
