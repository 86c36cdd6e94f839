/* run_say.c: see run.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "capture/live.h"
#include "cmd/report.h"
#include "cmd/run.h"
#include "observe/prefix_tables.h"
#include "pipeline.h"
#include "store/store.h"
#include "support/log.h"

uint64_t run_clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

const char *run_degraded(const struct run *r)
{
	struct live_interface interface[CONFIG_MAX_LIST];
	size_t n = live_interfaces(r->live, interface, CONFIG_MAX_LIST);

	for (size_t i = 0; i < n; i++)
		if (!interface[i].attachment->ifindex)
			return "interface-missing";
	for (size_t i = 0; i < r->outputs.n; i++)
		if (sink_stats(r->outputs.sink[i]).broken)
			return "sink-broken";
	if (r->config_refused)
		return "configuration-refused";
	if (r->lists_refused)
		return "lists-refused";
	if (intel_unread(pipeline_intel(r->pipeline)))
		return "lists-unreadable";
	if (r->allow_refused)
		return "allow-refused";
	if (prefix_tables_refused(r->prefixes))
		return "prefix-tables-refused";
	if (r->store && store_stats(r->store).degraded)
		return store_stats(r->store).degraded;
	if (r->enforcement.state == ENFORCE_STATE_UNDONE)
		return "enforcement-undone";
	if (!live_has_owner(r->live))
		return "no-process-attribution";
	return NULL;
}

void run_say_health(struct run *r, enum ecs_health_action action, const char *message, const char *reason)
{
	struct utsname kernel;
	struct ecs_health h = {
		.action = action,
		.time_ns = run_clock_ns(CLOCK_REALTIME),
		.message = message,
		.degraded = reason,
		.xdp = live_xdp_mode(r->live),
		.tc = live_tc_mode(r->live),
		.attribution = live_has_owner(r->live) ? "cgroup" : "none",
		.intel = pipeline_intel(r->pipeline),
	};

	uname(&kernel);
	h.kernel = kernel.release;
	pipeline_health(r->pipeline, &h);
	pipeline_flush(r->pipeline);
}

static uint64_t sink_drops(const struct run *r)
{
	uint64_t drops = 0;

	for (size_t i = 0; i < r->outputs.n; i++)
		drops += sink_stats(r->outputs.sink[i]).dropped;
	return drops;
}

/* The line that says a loss is lost at a dead sink like every other: saying that would go on for ever. As few
 * lines as that wait for more, at most a minute. */
#define LOST_AGAIN_NS 60000000000ULL

static bool lost_only_its_own(const struct run *r, const struct ecs_health *h)
{
	return !h->lost_ring && !h->lost_reader && h->lost_sink <= r->outputs.n &&
	       h->time_ns - r->said_lost_ns < LOST_AGAIN_NS;
}

/* Loss since the last time becomes an event of its own. */
void run_say_losses(struct run *r)
{
	struct ecs_health h = { .action = ECS_LOST,
				.degraded = "events-lost",
				.time_ns = run_clock_ns(CLOCK_REALTIME),
				.start_ns = r->lost_ns };
	struct counters now;
	struct counts counts;
	uint64_t drops = sink_drops(r);
	char message[160];

	pipeline_counts(r->pipeline, &counts);
	if (live_counters(r->live, &now))
		return;
	h.lost_ring = now.lost_bulk + now.lost_urgent - r->lost_kernel.lost_bulk - r->lost_kernel.lost_urgent;
	h.lost_reader = counts.rejected - r->lost_reader;
	h.lost_sink = drops - r->lost_sink;
	if (h.lost_sink && lost_only_its_own(r, &h))
		return;
	r->lost_ns = h.time_ns;
	if (!h.lost_ring && !h.lost_reader && !h.lost_sink)
		return;
	r->said_lost_ns = h.time_ns;
	r->lost_kernel = now;
	r->lost_reader = counts.rejected;
	r->lost_sink = drops;
	snprintf(message, sizeof(message),
		 "lost: %llu records at the ring, %llu in the reader, %llu lines at sinks",
		 (unsigned long long)h.lost_ring, (unsigned long long)h.lost_reader,
		 (unsigned long long)h.lost_sink);
	h.message = message;
	log_warning("%s", message);
	pipeline_health(r->pipeline, &h);
}

static uint64_t rss_bytes(void)
{
	unsigned long size, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%lu %lu", &size, &resident) != 2)
			resident = 0;
		fclose(f);
	}
	return resident * sysconf(_SC_PAGESIZE);
}

static double cpu_seconds(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return use.ru_utime.tv_sec + use.ru_stime.tv_sec + (use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
}

void run_say_stats(struct run *r)
{
	uint64_t now = run_clock_ns(CLOCK_REALTIME);
	struct counters kernel = { 0 };
	struct ecs_stats s = { .start_ns = r->stats_ns, .end_ns = now, .kernel = &kernel };
	struct ecs_detection detection;
	struct store_stats store;
	double cpu = cpu_seconds();

	(void)live_counters(r->live, &kernel); /* zeros tell */
	pipeline_counts(r->pipeline, &s.reader);
	s.uptime_s = (now - r->start_ns) / 1000000000;
	s.degraded = run_degraded(r);
	(void)outputs_stats(&r->outputs, &s);
	if (pipeline_detection(r->pipeline, &detection))
		s.detection = &detection;
	if (r->store) {
		store = store_stats(r->store);
		s.store = &store;
	}
	s.rss_bytes = rss_bytes();
	s.cpu_pct = now > r->stats_ns ? (cpu - r->cpu_seconds) / ((now - r->stats_ns) / 1e9) : 0;
	r->cpu_seconds = cpu;
	r->stats_ns = now;
	pipeline_stats(r->pipeline, &s);
	pipeline_flush(r->pipeline);
}

void run_answer_status(struct run *r)
{
	const struct report now = { .live = r->live,
				    .outputs = &r->outputs,
				    .pipeline = r->pipeline,
				    .store = r->store,
				    .store_path = r->options.config.store_path,
				    .enforcement = &r->enforcement,
				    .boot_ns = run_clock_ns(CLOCK_BOOTTIME),
				    .degraded = run_degraded(r),
				    .uptime_s = (run_clock_ns(CLOCK_REALTIME) - r->start_ns) / 1000000000 };
	char *text = report_text(&now);

	instance_answer(&r->instance, text ? text : "{}", text ? strlen(text) : 2);
	free(text);
}

/* The bottom line on a terminal. */
void run_show_rate(struct run *r)
{
	struct counters kernel;
	struct counts c;
	uint64_t dns, http;

	pipeline_counts(r->pipeline, &c);
	if (live_counters(r->live, &kernel))
		return;
	dns = c.events[OBSERVED_DNS_QUERY] + c.events[OBSERVED_DNS_RESPONSE];
	http = c.events[OBSERVED_HTTP_REQUEST];
	log_status("%llu packets/s, %llu dns/s, %llu http/s, %llu lost ",
		   (unsigned long long)(kernel.packets - r->shown_packets),
		   (unsigned long long)(dns - r->shown_dns), (unsigned long long)(http - r->shown_http),
		   (unsigned long long)(kernel.lost_bulk + kernel.lost_urgent));
	r->shown_packets = kernel.packets;
	r->shown_dns = dns;
	r->shown_http = http;
}
