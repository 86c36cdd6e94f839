/* run.c: metsuke run. Brings the sensor up in order, runs one loop, takes everything back in reverse. */
#include <bpf/bpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "capture/links.h"
#include "capture/live.h"
#include "capture/nat.h"
#include "capture/owner.h"
#include "cmd/cmd.h"
#include "cmd/instance.h"
#include "cmd/outputs.h"
#include "cmd/keep.h"
#include "cmd/privilege.h"
#include "cmd/run.h"
#include "detect/allow.h"
#include "detect/model.h"
#include "identity.h"
#include "intel/reload.h"
#include "intel/watch.h"
#include "observe/prefix_tables.h"
#include "pipeline.h"
#include "profile/hosts.h"
#include "support/log.h"

#define DRAIN_MS 10
#define DRAIN_MOST 16384 /* records in one go: signals and timers get their turn under a flood */
#define CLOSE_SECONDS 5
#define PACK_MOST 256 /* profiles for the store in one go, a few microseconds each */

static const char usage[] =
	"usage: metsuke run [-c FILE] [-i IFACE]... [-o SINK]... [-l LIST]... [-S STORE] [-e MODE]\n"
	"                   [--format FORMAT]\n"
	"\n"
	"The live sensor: watches DNS and HTTP on the given interfaces (default: the one with the default\n"
	"route, and lo where a stub resolver listens there) and prints each lookup, answer and request with\n"
	"the program that made it. Root, or CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_SYS_PTRACE.\n"
	"\n"
	"  -c, --config FILE        configuration (default " CONFIG_DEFAULT_PATH ", if it is there)\n"
	"  -i, --interface IFACE    interface to watch; may be repeated\n"
	"  -o, --output SINK        -, file:PATH or unix:PATH; may be repeated (default -)\n"
	"  -e, --enforce MODE       off, listed or flagged: what is dropped (default enforce.mode)\n"
	"  -l, --list LIST          file of known names and addresses in place of intel.lists; may be repeated\n"
	"  -S, --store FILE         database of profiles and alerts; none: without one (default store.path)\n"
	"  -a, --allow FILE         what somebody said is fine, by metsuke allow (default detect.allow)\n"
	"  -f, --format FORMAT      of standard output: auto (text on a terminal), json, text\n"
	"  -R, --runtime-dir DIR    lock and control socket (default /run/metsuke)\n"
	"  -P, --pin-dir DIR        pinned maps (default /sys/fs/bpf/metsuke)\n"
	"  -h, --help\n"
	"\n"
	"SIGHUP reads configuration and lists again and reopens files; SIGTERM and SIGINT stop.\n"
	"Exit status: 0, 1 failed, 2 usage.\n";

static const struct option options[] = { OPT_CONFIG, OPT_INTERFACE, OPT_OUTPUT, OPT_ENFORCE, OPT_LIST, OPT_STORE,
					 OPT_ALLOW,  OPT_FORMAT,    OPT_RUNTIME, OPT_PIN,     OPT_HELP, OPT_END };

static void read_clock_offset(struct run *r)
{
	uint64_t before = run_clock_ns(CLOCK_BOOTTIME), now = run_clock_ns(CLOCK_REALTIME),
		 after = run_clock_ns(CLOCK_BOOTTIME);

	r->offset_ns = now - (before + after) / 2;
}

static void on_record(void *ctx, const struct record *rec, size_t len)
{
	pipeline_feed(((struct run *)ctx)->pipeline, rec, len);
}

static bool on_is_local(void *ctx, const uint8_t ip[16])
{
	return links_is_local(((struct run *)ctx)->links, ip);
}

static void on_flag(void *ctx, const struct flagged_key *key, const struct flagged *f)
{
	run_put_flag(ctx, key, f);
}

static void on_contact(void *ctx, const uint8_t ip[16], uint64_t until_ns)
{
	const struct run *r = ctx;

	live_put_contact(r->live, ip, until_ns - r->offset_ns);
}

static void on_told(void *ctx, const struct told *t)
{
	const struct run *r = ctx;

	if (r->store)
		keep_told(r->store, t);
}

static void on_client_of(void *ctx, struct observation *o)
{
	const struct run *r = ctx;

	nat_client_of(r->nat, o, links_is_local(r->links, o->source.ip));
}

/* The one place where a set of lists becomes the current one; between two records. */
static void use_intel(struct run *r, struct intel *in)
{
	pipeline_set_intel(r->pipeline, in);
	live_use_intel(r->live, in);
}

/* Before that, on the thread that reads lists. */
static void on_prepare(void *ctx, const struct intel *in)
{
	live_put_intel(((struct run *)ctx)->live, in);
}

/* why: the set that was read is refused, and the one before it stays; NULL: it is the current one. */
static void say_lists(struct run *r, const char *why)
{
	const struct intel *in = pipeline_intel(r->pipeline);
	char message[INTEL_WHY + 64];

	if (why)
		snprintf(message, sizeof(message), "lists refused: %s; generation %llu stays", why,
			 (unsigned long long)in->generation);
	else
		snprintf(message, sizeof(message), "%zu lists, %zu entries", in->lists.n,
			 indicators_count(in->set));
	run_say_health(r, ECS_INTEL, message, run_degraded(r));
}

/* Begins to; lists_were_read() goes on. */
static void read_lists(struct run *r)
{
	watch_start(&r->watch, &r->options.config.lists);
	watch_file_start(&r->watch_popular, r->options.config.popular);
	(void)reload_start(r->reload, &r->options.config, pipeline_intel(r->pipeline));
}

static void lists_were_read(struct run *r)
{
	char why[INTEL_WHY];
	struct intel *in = reload_take(r->reload, why, sizeof(why));

	r->lists_refused = !in;
	if (in)
		use_intel(r, in);
	say_lists(r, in ? NULL : *why ? why : "out of memory");
	if (reload_again(r->reload))
		read_lists(r);
}

/* To the packet programs, which know no dates: again when an entry is over. */
static void put_allow(struct run *r)
{
	r->allow_over_ns = live_put_allow(r->live, pipeline_allow(r->pipeline), run_clock_ns(CLOCK_REALTIME));
}

/* What was allowed is little, and is read between two records. A file that cannot be read leaves the old set. */
static void read_allow(struct run *r)
{
	const char *path = r->options.config.allow_file;
	struct allow_report report;
	struct allow *allow;

	watch_file_start(&r->watch_allow, path);
	allow = allow_load(path, &report);
	r->allow_refused = !allow || report.refused;
	if (!allow)
		return;
	if (report.entries || allow_count(pipeline_allow(r->pipeline)))
		log_info("allowed: %zu entries of %s, %zu lines refused", report.entries, path, report.refused);
	pipeline_set_allow(r->pipeline, allow);
	put_allow(r);
}

/* Only the lists: everything else of a new configuration was taken over where it could be. */
static void take_lists(struct run *r, struct config *next)
{
	struct config *c = &r->options.config;

	config_free_intel(&c->lists);
	c->lists = next->lists;
	next->lists.n = 0;
	free(c->popular);
	c->popular = next->popular;
	next->popular = NULL;
	c->allow_empty = next->allow_empty;
	if (c->lists.n || *c->popular || pipeline_intel(r->pipeline)->lists.n ||
	    *pipeline_intel(r->pipeline)->popular_path)
		read_lists(r);
}

/* The limits of what is suspicious, and what is ordinary. */
static void take_model(struct run *r, const struct config *next)
{
	struct config *c = &r->options.config;
	char error[512];
	struct model *m = model_load(next->model, error, sizeof(error));

	if (!m) {
		log_error("detect.model: %s; the old one stays", error);
		return;
	}
	c->min_checkins = next->min_checkins;
	c->min_score_percent = next->min_score_percent;
	c->rare_percent = next->rare_percent;
	c->settle_minutes = next->settle_minutes;
	c->rare_hours = next->rare_hours;
	c->old_days = next->old_days;
	c->anomaly_window_seconds = next->anomaly_window_seconds;
	c->popular_most = next->popular_most;
	c->updates = next->updates;
	pipeline_set_model(r->pipeline, m);
}

static void reload(struct run *r)
{
	struct config next;

	log_info("reading the configuration again");
	outputs_reopen(&r->outputs);
	r->config_refused = cmd_reload(r->argc, r->argv, options, &next);
	if (r->config_refused) {
		log_error("the configuration stays as it was");
		run_say_health(r, ECS_RELOADED, "configuration refused, the old one stays",
			       "configuration-refused");
		return;
	}
	if (live_configure(r->live, &next)) {
		config_free(&next);
		return;
	}
	if (next.interfaces.n) {
		config_list_clear(&r->interfaces);
		for (size_t i = 0; i < next.interfaces.n; i++)
			(void)config_list_add(&r->interfaces, next.interfaces.item[i]); /* it fitted there */
		(void)live_attach(r->live, &r->interfaces);
	}
	take_lists(r, &next);
	take_model(r, &next);
	read_allow(r);
	(void)run_take_enforcement(r, &next); /* failing, it stays as it was; said by then */
	prefix_tables_reload(r->prefixes, &next.prefix_tables);
	r->options.config.stats_seconds = next.stats_seconds;
	config_free(&next);
	run_say_health(r, ECS_RELOADED, "configuration read again", run_degraded(r));
}

static void every_second(struct run *r)
{
	uint64_t now = run_clock_ns(CLOCK_REALTIME);

	run_renew_enforcement(r);
	read_clock_offset(r);
	pipeline_set_time_offset(r->pipeline, r->offset_ns);
	pipeline_tick(r->pipeline, now);
	hosts_sync(pipeline_hosts(r->pipeline), live_put_host, live_drop_host, r->live);
	run_say_losses(r);
	if (watch_look(&r->watch, &r->options.config.lists) ||
	    watch_file_look(&r->watch_popular, r->options.config.popular, 2)) {
		log_info("a list has changed; reading the lists again");
		read_lists(r);
	}
	if (watch_file_look(&r->watch_allow, r->options.config.allow_file, 1))
		read_allow(r);
	if (r->allow_over_ns && now >= r->allow_over_ns)
		put_allow(r);
	if (now - r->stats_ns >= r->options.config.stats_seconds * 1000000000)
		run_say_stats(r);
	pipeline_flush(r->pipeline);
	run_show_rate(r);
	if (outputs_gone(&r->outputs)) {
		log_error("standard output was closed by its reader");
		r->stop = true;
		r->status = EXIT_FAILED;
	}
}

/* What is more than this stays in the ring until the timer comes round, at the latest. */
static void drain(struct run *r)
{
	(void)rings_drain(live_rings(r->live), DRAIN_MOST);
	pipeline_flush(r->pipeline);
	if (r->store)
		(void)store_put_changes(r->store, pipeline_profiles(r->pipeline), PACK_MOST);
}

static void on_signal(struct run *r)
{
	struct signalfd_siginfo info;

	while (read(r->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			reload(r);
		else
			r->stop = true;
	}
}

static void clear_timer(int fd)
{
	uint64_t times;

	(void)!read(fd, &times, sizeof(times)); /* how often does not matter */
}

static int watch(struct run *r, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return fd < 0 || epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -1 : 0;
}

static void loop(struct run *r)
{
	struct epoll_event events[8];

	while (!r->stop) {
		int n = epoll_wait(r->epoll_fd, events, 8, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (fd == rings_urgent_fd(live_rings(r->live))) {
				rings_drain_urgent(live_rings(r->live));
				pipeline_flush(r->pipeline);
			} else if (fd == rings_bulk_fd(live_rings(r->live))) {
				drain(r);
			} else if (fd == r->drain_fd) {
				clear_timer(fd);
				drain(r);
			} else if (fd == r->second_fd) {
				clear_timer(fd);
				every_second(r);
			} else if (fd == r->signal_fd) {
				on_signal(r);
			} else if (fd == reload_fd(r->reload)) {
				lists_were_read(r);
			} else if (fd == prefix_tables_fd(r->prefixes)) {
				prefix_tables_take(r->prefixes);
			} else if (fd == r->instance.listen_fd) {
				run_answer_status(r);
			} else if (fd == r->instance.command_fd) {
				if (instance_accept(&r->instance))
					(void)watch(r, r->instance.caller_fd); /* failing, nobody is heard */
			} else if (fd == r->instance.caller_fd) {
				run_hear_command(r);
			} else if (fd == links_fd(r->links)) {
				links_read(r->links);
				(void)live_attach(r->live, &r->interfaces);
				run_put_flags_again(r);
			}
		}
	}
}

static int timer(unsigned int ms)
{
	struct itimerspec t = {
		.it_value = { ms / 1000, ms % 1000 * 1000000L },
		.it_interval = { ms / 1000, ms % 1000 * 1000000L },
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd >= 0)
		timerfd_settime(fd, 0, &t, NULL);
	return fd;
}

static int open_loop(struct run *r)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	r->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	r->drain_fd = timer(DRAIN_MS);
	r->second_fd = timer(1000);
	if (watch(r, r->signal_fd) || watch(r, r->drain_fd) || watch(r, r->second_fd) ||
	    watch(r, rings_bulk_fd(live_rings(r->live))) || watch(r, rings_urgent_fd(live_rings(r->live))) ||
	    watch(r, links_fd(r->links)) || watch(r, r->instance.listen_fd) || watch(r, r->instance.command_fd) || watch(r, reload_fd(r->reload)) ||
	    watch(r, prefix_tables_fd(r->prefixes))) {
		log_error("cannot set up the event loop: %s", strerror(errno));
		return -1;
	}
	return 0;
}

/* Blocked before any thread starts, so that the loop alone receives them. */
static void block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

static int choose_interfaces(struct run *r)
{
	const struct config_list *wanted = &r->options.config.interfaces;
	char name[64];

	for (size_t i = 0; i < wanted->n; i++)
		if (config_list_add(&r->interfaces, wanted->item[i]))
			return -1;
	if (r->interfaces.n)
		return 0;
	if (!links_default_interface(name, sizeof(name))) {
		log_error("there is no default route to choose an interface by; name one: -i IFACE");
		return -1;
	}
	if (config_list_add(&r->interfaces, name))
		return -1;
	return links_stub_resolver() && strcmp(name, "lo") ? config_list_add(&r->interfaces, "lo") : 0;
}

static int open_pipeline(struct run *r)
{
	struct config *c = &r->options.config;
	struct intel *intel;
	char error[512];
	struct pipeline_options po = {
		.config = c,
		.time_offset_ns = r->offset_ns,
		.is_local = on_is_local,
		.client_of = on_client_of,
		.flag = on_flag,
		.contact = on_contact,
		.told = on_told,
		.prefixes = prefix_tables_get(r->prefixes),
		.ctx = r,
	};

	identity_fill(&r->identity, c, r->start_ns);
	po.identity = identity_ecs(&r->identity);
	if (live_has_owner(r->live)) {
		r->owners = owners_new(live_processes_fd(r->live), c->max_processes, r->offset_ns,
				       live_cgroup_root(r->live), r->identity.host_id);
		if (!r->owners)
			return -1;
	}
	po.owners = r->owners;
	if (c->detect && !(po.model = model_load(c->model, error, sizeof(error)))) {
		log_error("detect.model: %s", error);
		return -1;
	}
	r->pipeline = pipeline_new(&po);
	if (!r->pipeline || keep_open(c, r->identity.agent_id, r->pipeline, false, &r->store))
		return -1;
	read_allow(r);
	watch_start(&r->watch, &c->lists);
	watch_file_start(&r->watch_popular, c->popular);
	intel = intel_load(c, 1);
	if (!intel)
		return -1;
	on_prepare(r, intel);
	use_intel(r, intel);
	return outputs_attach(&r->outputs, r->pipeline);
}

/* Up to the point where everything is attached. */
static int bring_up(struct run *r)
{
	struct config *c = &r->options.config;

	if (instance_open(&r->instance, c->runtime_dir))
		return -1;
	if (outputs_open(&r->outputs, c, false))
		return -1;
	r->links = links_new();
	if (!r->links) {
		log_error("cannot watch the network configuration: %s", strerror(errno));
		return -1;
	}
	if (choose_interfaces(r) || live_open(c, on_record, r, &r->live))
		return -1;
	(void)live_attach_owner(r->live); /* works without; said by then */
	r->nat = nat_new();
	r->reload = reload_new(on_prepare, r);
	if (!r->reload) {
		log_error("cannot watch the lists: %s", strerror(errno));
		return -1;
	}
	r->prefixes = prefix_tables_open(&c->prefix_tables);
	if (!r->prefixes || open_pipeline(r) || open_loop(r))
		return -1;
	if (live_attach(r->live, &r->interfaces) < r->interfaces.n)
		return -1;
	privilege_drop();
	return 0;
}

static void tear_down(struct run *r)
{
	if (r->pipeline && r->live) {
		(void)rings_drain(live_rings(r->live), SIZE_MAX);
		pipeline_finish(r->pipeline);
	}
	outputs_close(&r->outputs, CLOSE_SECONDS);
	if (r->store && r->pipeline)
		(void)store_flush(r->store, pipeline_profiles(r->pipeline), CLOSE_SECONDS); /* it says why not */
	store_close(r->store, CLOSE_SECONDS);
	if (r->live)
		run_stop_enforcement(r);
	live_close(r->live);
	reload_free(r->reload); /* it looks at the pipeline's lists */
	pipeline_free(r->pipeline);
	prefix_tables_free(r->prefixes);
	owners_free(r->owners);
	nat_free(r->nat);
	links_free(r->links);
	for (int *fd = (int[]){ r->epoll_fd, r->signal_fd, r->drain_fd, r->second_fd, -2 }; *fd != -2; fd++)
		if (*fd >= 0)
			close(*fd);
	instance_close(&r->instance);
	config_list_clear(&r->interfaces);
	cmd_options_free(&r->options);
}

int cmd_run(int argc, char **argv)
{
	struct run r = { .argc = argc, .argv = argv, .status = EXIT_FAILED };
	int status = cmd_parse(argc, argv, options, usage, &r.options);

	if (status >= 0)
		return status;
	if (optind < argc) {
		fprintf(stderr, "metsuke run: '%s' is not an option; interfaces go with -i\n", argv[optind]);
		cmd_options_free(&r.options);
		return EXIT_USAGE;
	}
	r.epoll_fd = r.signal_fd = r.drain_fd = r.second_fd = -1;
	r.instance.lock_fd = -1;
	block_signals();
	r.start_ns = r.stats_ns = r.lost_ns = run_clock_ns(CLOCK_REALTIME);
	read_clock_offset(&r);
	if (privilege_check() == 0 && bring_up(&r) == 0) {
		r.status = 0;
		run_say_health(&r, ECS_STARTED, "started", run_degraded(&r));
		if (r.options.config.lists.n)
			say_lists(&r, NULL);
		r.stop = run_take_enforcement(&r, &r.options.config) != 0;
		r.status = r.stop ? EXIT_FAILED : 0;
		loop(&r);
		(void)rings_drain(live_rings(r.live), SIZE_MAX);
		pipeline_finish(r.pipeline);
		run_say_losses(&r);
		run_say_stats(&r);
		run_say_health(&r, ECS_STOPPED, "stopped", run_degraded(&r));
	}
	tear_down(&r);
	return r.status;
}
