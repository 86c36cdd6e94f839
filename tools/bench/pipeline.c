/* pipeline.c: what the user half costs: records of a capture, held in memory, fed again and again to a pipeline
 * whose lines go to /dev/null. One JSON object. usage: pipeline CAPTURE [ROUNDS] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/native.h"
#include "capture/replay.h"
#include "identity.h"
#include "pipeline.h"
#include "support/median.h"

#define MAX_RECORDS 100000
#define MAX_ROUNDS 101
#define COPY_BYTES 65536 /* lines reach a sink in portions of this size */

static struct config config;
static struct record *records[MAX_RECORDS];
static unsigned int n_records;

static void fail(const char *what)
{
	fprintf(stderr, "pipeline: %s\n", what);
	exit(1);
}

static void read_capture(const char *path)
{
	struct settings settings;
	struct native *native;
	struct record *rec;
	char error[512];
	struct replay *r = replay_open(path, error, sizeof(error));

	if (!r)
		fail(error);
	config_settings(&config, &settings);
	native = native_new(&settings);
	while (native && n_records < MAX_RECORDS && replay_next(r, native, &rec) == 1) {
		if (!rec)
			continue;
		records[n_records] = malloc(rec->head.len);
		if (!records[n_records])
			fail("out of memory");
		memcpy(records[n_records++], rec, rec->head.len);
	}
	native_free(native);
	replay_close(r);
	if (!n_records)
		fail("no records");
}

static struct pipeline *open_pipeline(void)
{
	struct pipeline_options options = { .config = &config };
	struct pipeline *p;
	struct identity id;

	identity_fill(&id, &config, 1);
	options.identity = identity_ecs(&id);
	p = pipeline_new(&options);
	if (!p)
		fail("no pipeline");
	return p;
}

static struct sink *open_sink(struct pipeline *p, const char *spec)
{
	struct sink_options options = { .queue_bytes = config.queue_bytes, .wait = true };
	char error[512];
	struct sink *s = sink_open(spec, &options, error, sizeof(error));

	if (!s)
		fail(error);
	if (pipeline_add_sink(p, s, LINES_JSON))
		fail("sink");
	return s;
}

/* Everything once, later than the time before: the records' clock goes on as live ones do. */
static void feed(struct pipeline *p)
{
	__u64 span = records[n_records - 1]->head.time_ns - records[0]->head.time_ns + 1000000;

	for (unsigned int i = 0; i < n_records; i++) {
		pipeline_feed(p, records[i], records[i]->head.len);
		records[i]->head.time_ns += span;
	}
	pipeline_flush(p);
}

/* How many bytes it makes of them. */
static size_t output_bytes(const char *spec)
{
	struct pipeline *p = open_pipeline();
	struct sink *s = open_sink(p, spec);
	struct stat st;

	feed(p);
	sink_close(s, 60);
	pipeline_free(p);
	if (stat(strchr(spec, ':') + 1, &st))
		fail(spec);
	(void)unlink(strchr(spec, ':') + 1);
	return st.st_size;
}

static double clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void copy(size_t bytes)
{
	static char from[COPY_BYTES], to[COPY_BYTES];

	for (size_t done = 0; done < bytes; done += COPY_BYTES) {
		from[done % COPY_BYTES]++;
		memcpy(to, from, COPY_BYTES);
		asm volatile("" ::"r"(to) : "memory");
	}
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 15;
	double feeding[MAX_ROUNDS], copying[MAX_ROUNDS], ratio[MAX_ROUNDS], sinking[MAX_ROUNDS];
	char spec[4096];
	struct pipeline *p;
	struct sink *s;
	size_t bytes;

	if (argc < 2 || config_init(&config))
		return 2;
	if (rounds == 0 || rounds > MAX_ROUNDS)
		rounds = MAX_ROUNDS;
	read_capture(argv[1]);
	snprintf(spec, sizeof(spec), "file:%s.ndjson", argv[1]);
	bytes = output_bytes(spec);
	p = open_pipeline();
	s = open_sink(p, "file:/dev/null");
	feed(p); /* warm */
	for (unsigned int i = 0; i < rounds; i++) {
		double all = clock_ns(CLOCK_PROCESS_CPUTIME_ID), ours = clock_ns(CLOCK_THREAD_CPUTIME_ID), mid;

		feed(p);
		mid = clock_ns(CLOCK_THREAD_CPUTIME_ID);
		feeding[i] = mid - ours;
		sinking[i] = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - all - feeding[i];
		copy(bytes);
		copying[i] = clock_ns(CLOCK_THREAD_CPUTIME_ID) - mid;
		ratio[i] = feeding[i] / copying[i];
	}
	sink_close(s, 60);
	pipeline_free(p);
	printf("{\"part\":\"pipeline\",\"capture\":\"%s\",\"events\":%u,\"output_bytes\":%zu", argv[1], n_records,
	       bytes);
	printf(",\"events_per_core_second\":%.0f", n_records / (median(feeding, rounds) / 1e9));
	printf(",\"ns_per_event\":%.0f,\"ns_per_event_min\":%.0f", feeding[rounds / 2] / n_records,
	       feeding[0] / n_records);
	printf(",\"sink_ns_per_event\":%.1f", median(sinking, rounds) / n_records);
	printf(",\"memcpy_ns_per_event\":%.1f,\"ratio_to_memcpy\":%.1f}\n", median(copying, rounds) / n_records,
	       median(ratio, rounds));
	return 0;
}
