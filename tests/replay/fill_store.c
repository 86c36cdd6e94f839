/* fill_store.c: makes a store for tests and measurements: fill_store PATH CLIENTS SITES MESSAGES. Then reads it
 * again and says how long each took. */
#include <time.h>

#include "profile/profile.h"
#include "store/store.h"
#include "../unit/store_stream.h"

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static const struct profile_limits limits = { .pairs = 10000000, .domains = 10000000, .clients = 10000000 };

static struct store *open_store(const char *path, struct profiles *p, struct store_loaded *loaded)
{
	struct store_options o = { .path = path,
				   .sensor = "test",
				   .max_bytes = 1ULL << 40,
				   .queue_bytes = 8 << 20,
				   .batch_seconds = 1,
				   .wait = true };
	char error[256];
	struct store *s = store_open(&o, error, sizeof(error));

	if (!s || store_load(s, p, loaded)) {
		fprintf(stderr, "%s: %s\n", path, s ? store_stats(s).degraded : error);
		exit(1);
	}
	return s;
}

/* Escape sequences, as a hostile name would have them, if they got so far. */
static void put_alerts(struct store *s)
{
	static const struct store_alert alerts[] = {
		{ .time_ns = EXCHANGE_NS,
		  .event_id = "run-1",
		  .kind = "blocklist-match",
		  .severity = 73,
		  .client = "10.0.0.1",
		  .process = "curl",
		  .pid = 7,
		  .executable = "/usr/bin/curl",
		  .domain = "evil.example",
		  .destination = "192.0.2.80",
		  .rule = "blocklist-domain",
		  .list = "urlhaus",
		  .message = "DNS query for evil.example" },
		{ .time_ns = EXCHANGE_NS + 86400000000000,
		  .event_id = "run-2",
		  .kind = "anomaly",
		  .severity = 47,
		  .client = "10.0.0.2",
		  .domain = "odd.example",
		  .message = "beacon\033[2J\302\233and \342\200\256more\nend" },
		{ .time_ns = EXCHANGE_NS + 2 * 86400000000000,
		  .event_id = "run-3",
		  .kind = "anomaly",
		  .severity = 47,
		  .client = "10.0.0.1",
		  .domain = "www.evil.example",
		  .message = "third" },
	};
	char line[64];

	for (unsigned int i = 0; i < COUNT(alerts); i++) {
		struct store_alert a = alerts[i];

		a.line = line;
		a.line_len = snprintf(line, sizeof(line), "{\"event\":{\"id\":\"%s\",  \"n\":1.50}}", a.event_id);
		store_put_alert(s, &a);
	}
}

int main(int argc, char **argv)
{
	struct profiles *p = profiles_new(&limits, NULL), *again = profiles_new(&limits, NULL);
	struct stream *stream = malloc(sizeof(*stream));
	unsigned int clients, sites, messages;
	struct store_loaded loaded;
	struct store *s;
	double start;

	if (argc != 5 || !stream || !p || !again)
		return 2;
	clients = atoi(argv[2]);
	sites = atoi(argv[3]);
	messages = atoi(argv[4]);
	s = open_store(argv[1], p, &loaded);
	stream_init(stream, 7, clients, sites);
	for (unsigned int i = 0; i < messages; i++)
		if (!profiles_add(p, stream_next(stream)))
			return 1;
	put_alerts(s);
	start = seconds();
	if (store_flush(s, p, 600))
		return 1;
	fprintf(stderr, "written: %.3f s, %llu bytes\n", seconds() - start,
		(unsigned long long)store_stats(s).bytes);
	store_close(s, 60);
	start = seconds();
	s = open_store(argv[1], again, &loaded);
	fprintf(stderr, "read: %.3f s, %llu pairs, %llu damaged\n", seconds() - start,
		(unsigned long long)loaded.pairs, (unsigned long long)loaded.damaged);
	store_close(s, 60);
	profiles_free(p);
	profiles_free(again);
	free(stream);
	return 0;
}
