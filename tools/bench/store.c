/* store.c: how long a start from the store takes, and how long it takes to write it. One JSON object. usage: store
 * PATH PAIRS */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "profile/profile.h"
#include "store/store.h"
#include "stream.h"

#define CLIENTS 1000
#define DOMAINS 20000

static struct observation o;

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static struct profiles *new_profiles(size_t pairs)
{
	struct profile_limits limits = { pairs, DOMAINS, CLIENTS, 0 };
	struct profiles *p = profiles_new(&limits, NULL);

	if (!p)
		exit(1);
	return p;
}

static struct store *open_store(const char *path, struct profiles *p, struct store_loaded *loaded)
{
	struct store_options options = {
		.path = path, .max_bytes = 1ULL << 40, .queue_bytes = 8 << 20, .batch_seconds = 1, .wait = true
	};
	char error[256];
	struct store *s = store_open(&options, error, sizeof(error));

	if (s && !store_load(s, p, loaded))
		return s;
	fprintf(stderr, "store: %s: %s\n", path, s ? store_stats(s).degraded : error);
	exit(1);
}

int main(int argc, char **argv)
{
	struct stream stream = { .random = 42,
				 .time_ns = 1700000000000000000ULL,
				 .clients = CLIENTS,
				 .domains = DOMAINS,
				 .step_ms = 20,
				 .domains_each = 300 };
	size_t pairs = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	struct profiles *p, *again;
	struct profile_counts counts;
	struct store_loaded loaded;
	struct store *s;
	double wall, cpu;

	if (!pairs)
		return 2;
	p = new_profiles(pairs);
	again = new_profiles(pairs);
	s = open_store(argv[1], p, &loaded);
	for (profiles_counts(p, &counts); counts.pairs < pairs; profiles_counts(p, &counts)) {
		stream_next(&stream, &o);
		profiles_add(p, &o);
	}
	wall = seconds(CLOCK_MONOTONIC);
	if (store_flush(s, p, 600))
		return 1;
	printf("{\"part\":\"store\",\"write_s\":%.3f,\"bytes\":%llu", seconds(CLOCK_MONOTONIC) - wall,
	       (unsigned long long)store_stats(s).bytes);
	store_close(s, 60);
	wall = seconds(CLOCK_MONOTONIC);
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	s = open_store(argv[1], again, &loaded);
	printf(",\"pairs\":%llu,\"load_s\":%.3f,\"load_cpu_s\":%.3f}\n", (unsigned long long)loaded.pairs,
	       seconds(CLOCK_MONOTONIC) - wall, seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu);
	store_close(s, 60);
	profiles_free(p);
	profiles_free(again);
	return 0;
}
