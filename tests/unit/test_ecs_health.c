/* test_ecs_health.c: what the sensor says of itself, as lines. */
#include "output/ecs.h"

#include "ecs_reader.h"

/* Without detection and store there is not a field of them. */
static void test_stats(void **state)
{
	struct counters kernel = { .packets = 100, .bytes = 1ULL << 60, .dns = 40, .http = 3, .http_part = 2,
				   .bad_ip = 1, .bad_extension = 2, .lost_bulk = 5 };
	struct ecs_stats s = { .start_ns = EXCHANGE_NS, .end_ns = EXCHANGE_NS + 60000000000, .uptime_s = 61,
			       .kernel = &kernel, .rss_bytes = 27000000, .cpu_pct = 0.125, .n_sinks = 2,
			       .sinks = { { "stdout", 1, 2, 3, 4 }, { "file_a_log", 5, 6, 7, 8 } } };

	s.reader.events[OBSERVED_DNS_QUERY] = 20;
	s.reader.events[OBSERVED_DNS_RESPONSE] = 19;
	s.reader.events[OBSERVED_HTTP_REQUEST] = 3;
	s.reader.owner[OWNER_NONE] = 42;
	s.reader.marks[12] = 9;
	ecs_stats(ecs, &b, &s);
	take_line();
	assert_field("event.kind", "metric");
	assert_field("@timestamp", "2023-11-14T22:14:20.123456Z");
	assert_number("event.duration", 60000000000);
	assert_field("service.state", "ok");
	assert_absent("event.reason");
	assert_number("process.pid", getpid());
	assert_number("metsuke.stats.kernel.packets", 100);
	assert_number("metsuke.stats.kernel.bytes", 1LL << 60);
	assert_number("metsuke.stats.kernel.events", 45);
	assert_number("metsuke.stats.kernel.ringbuf_drops", 5);
	assert_number("metsuke.stats.kernel.parse_errors.ip", 3);
	assert_number("metsuke.stats.kernel.outcome.dns", 40);
	assert_number("metsuke.stats.events.dns", 39);
	assert_number("metsuke.stats.marks.rdata", 9);
	assert_number("metsuke.stats.owner.none", 42);
	assert_number("metsuke.stats.sink.stdout.sent", 1);
	assert_number("metsuke.stats.sink.file_a_log.queue_depth", 8);
	assert_true(json_real_value(at("metsuke.stats.cpu.pct")) == 0.125);
	assert_absent("metsuke.stats.profiles");
	assert_absent("metsuke.stats.verdicts");
	assert_absent("metsuke.stats.detect");
	assert_absent("metsuke.stats.store");
	s.degraded = "sink-broken";
	s.n_sinks = 1;
	ecs_stats(ecs, &b, &s);
	take_line();
	assert_field("service.state", "degraded");
	assert_field("event.reason", "sink-broken");
}

static void test_stats_of_detection_and_store(void **state)
{
	struct counters kernel = { 0 };
	struct ecs_detection d = { .profiles = { .pairs = 11, .domains = 12, .clients = 13, .pairs_evicted = 14,
						 .domains_evicted = 15, .clients_evicted = 16, .refused = 17, .bytes = 18 },
				   .judge = { .judged = 19, .postponed = 20 },
				   .anomalies = 21,
				   .model_id = "1f2e3d4c5b6a7988" };
	struct store_stats store = { .rows = 31, .batches = 32, .alerts = 33, .dropped = 34, .errors = 35, .damaged = 36,
				     .expired = 37, .pruned = 38, .queued = 39, .bytes = 40 };
	struct ecs_stats s = { .start_ns = EXCHANGE_NS, .end_ns = EXCHANGE_NS + 1, .kernel = &kernel, .n_sinks = 1,
			       .sinks = { { "stdout", 1, 2, 3, 4 } }, .detection = &d, .store = &store };

	for (int i = 0; i < N_JUDGEMENTS; i++)
		d.judge.verdicts[i] = 51 + i;
	ecs_stats(ecs, &b, &s);
	take_line();
	assert_number("metsuke.stats.profiles.pairs", 11);
	assert_number("metsuke.stats.profiles.domains", 12);
	assert_number("metsuke.stats.profiles.clients", 13);
	assert_number("metsuke.stats.profiles.pairs_evicted", 14);
	assert_number("metsuke.stats.profiles.domains_evicted", 15);
	assert_number("metsuke.stats.profiles.clients_evicted", 16);
	assert_number("metsuke.stats.profiles.refused", 17);
	assert_number("metsuke.stats.profiles.size_bytes", 18);
	assert_number("metsuke.stats.verdicts.unknown", 51 + JUDGED_UNKNOWN);
	assert_number("metsuke.stats.verdicts.ordinary", 51 + JUDGED_ORDINARY);
	assert_number("metsuke.stats.verdicts.software", 51 + JUDGED_SOFTWARE);
	assert_number("metsuke.stats.verdicts.suspicious", 51 + JUDGED_SUSPICIOUS);
	assert_number("metsuke.stats.verdicts.listed", 51 + JUDGED_LISTED);
	assert_number("metsuke.stats.detect.judged", 19);
	assert_number("metsuke.stats.detect.postponed", 20);
	assert_number("metsuke.stats.detect.anomalies", 21);
	assert_field("metsuke.stats.detect.model", "1f2e3d4c5b6a7988");
	assert_number("metsuke.stats.store.rows", 31);
	assert_number("metsuke.stats.store.batches", 32);
	assert_number("metsuke.stats.store.alerts", 33);
	assert_number("metsuke.stats.store.dropped", 34);
	assert_number("metsuke.stats.store.errors", 35);
	assert_number("metsuke.stats.store.damaged", 36);
	assert_number("metsuke.stats.store.expired", 37);
	assert_number("metsuke.stats.store.pruned", 38);
	assert_number("metsuke.stats.store.queue_bytes", 39);
	assert_number("metsuke.stats.store.size_bytes", 40);
	assert_field("metsuke.stats.store.state", "ok");
	store.degraded = "store-full";
	d.model_id = NULL;
	ecs_stats(ecs, &b, &s);
	take_line();
	assert_field("metsuke.stats.store.state", "store-full");
	assert_absent("metsuke.stats.detect.model");
}

static void write_health(struct ecs_health h)
{
	h.time_ns = EXCHANGE_NS;
	ecs_health(ecs, &b, &h);
	take_line();
}

static void test_health(void **state)
{
	struct intel intel = { .generation = 7,
			       .set = indicators_new(),
			       .lists = { .n = 2, .item = { { .name = "c\"c", .path = "/a" }, { .name = "d", .path = "/b" } } },
			       .report = { { .refused = 4 }, { .format = LIST_CSV } },
			       .read = { true, false } };

	write_health((struct ecs_health){ .action = ECS_STARTED, .message = "started", .xdp = "native", .tc = "tcx",
					  .attribution = "cgroup", .kernel = "6.1.0" });
	assert_field("event.action", "metsuke-started");
	assert_list("event.type", "start");
	assert_field("host.os.kernel", "6.1.0");
	assert_field("metsuke.capabilities.xdp", "native");
	assert_true(json_is_true(at("metsuke.capabilities.ringbuf")));
	assert_field("log.level", "info");
	write_health((struct ecs_health){ .action = ECS_STARTED, .message = "started", .degraded = "interface-missing",
					  .xdp = "none", .tc = "clsact", .attribution = "none", .kernel = "6.1.0" });
	assert_field("event.reason", "interface-missing");
	assert_field("service.state", "degraded");
	assert_field("log.level", "warning");
	write_health((struct ecs_health){ .action = ECS_STOPPED, .message = "stopped" });
	assert_field("event.action", "metsuke-stopped");
	assert_absent("host.os");
	assert_absent("metsuke");
	write_health((struct ecs_health){ .action = ECS_STOPPED, .message = "stopped", .degraded = "sink-broken" });
	write_health((struct ecs_health){ .action = ECS_RELOADED, .message = "read \"again\"" });
	assert_field("event.action", "config-reloaded");
	assert_field("message", "read \"again\"");
	write_health((struct ecs_health){ .action = ECS_RELOADED, .message = "x", .degraded = "configuration-refused" });
	write_health((struct ecs_health){ .action = ECS_INTEL, .message = "x", .degraded = "lists-refused",
					  .intel = &intel });
	assert_field("event.action", "intel-loaded");
	assert_field("event.reason", "lists-refused");
	assert_field("service.state", "degraded");
	assert_number("metsuke.intel.generation", 7);
	assert_number("metsuke.intel.entries", 0);
	assert_field("metsuke.intel.lists.0.name", "c\"c");
	assert_number("metsuke.intel.lists.0.refused", 4);
	assert_field("metsuke.intel.lists.1.format", "csv");
	assert_true(json_is_false(at("metsuke.intel.lists.1.read")));
	intel.lists.n = 0;
	write_health((struct ecs_health){ .action = ECS_INTEL, .message = "x", .intel = &intel });
	assert_absent("event.reason");
	indicators_free(intel.set);
	write_health((struct ecs_health){ .action = ECS_LOST, .message = "lost", .degraded = "events-lost",
					  .start_ns = EXCHANGE_NS - 5000, .lost_ring = 1, .lost_reader = 2,
					  .lost_sink = 3 });
	assert_field("event.start", "2023-11-14T22:13:20.123451Z");
	assert_number("metsuke.lost.ring", 1);
	assert_number("metsuke.lost.reader", 2);
	assert_number("metsuke.lost.sink", 3);
	assert_field("log.level", "warning");
}

static void test_every_field_is_documented(void **state)
{
	assert_documented();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ecs(test_stats),
		with_ecs(test_stats_of_detection_and_store),
		with_ecs(test_health),
		with_ecs(test_every_field_is_documented),
	};

	return cmocka_run_group_tests_name("ecs_health", tests, NULL, clean_up);
}
