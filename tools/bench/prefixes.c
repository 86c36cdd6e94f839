/* prefixes.c: what a table of prefixes costs: one as large as the Internet's, made up (the same for the same seed),
 * is written as pfx2as text, read as the sensor reads it, and asked. A look-up is compared with a read of one cold
 * cache line. One JSON object a line. usage: prefixes FOLDER [PREFIXES OF IPv4] [OF IPv6] */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "observe/prefixes.h"

#define ROUNDS 11
#define ASKED (1u << 20)
#define COLD_BYTES (256u << 20)

static uint64_t seed = 20260101;
static uint64_t *begins6; /* the upper halves of the IPv6 prefixes */
static uint32_t n_begins6;

/* xorshift64*: 0..n - 1 */
static uint32_t below(uint32_t n)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return (seed * 0x2545f4914f6cdd1dULL >> 33) % n;
}

static double seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	fprintf(stderr, "prefixes: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Lengths as they are announced: six of ten are /24 (of IPv6: /48), the others mostly near. */
static unsigned int draw_bits4(void)
{
	uint32_t n = below(10000);

	return n < 6000 ? 24 : n < 9700 ? 19 + below(5) : n < 9990 ? 14 + below(5) : 10 + below(4);
}

static unsigned int draw_bits6(void)
{
	uint32_t n = below(100);

	return n < 50 ? 48 : n < 70 ? 44 + below(4) : n < 95 ? 29 + below(15) : n < 99 ? 19 + below(10) : 49 + below(16);
}

static void put_as(FILE *f)
{
	uint32_t first = 1 + below(400000);

	if (below(100))
		fprintf(f, "%u\n", first);
	else
		fprintf(f, "%u_%u\n", first, 1 + below(400000));
}

/* From the first address of a family to its last, in steps that fit n; every eighth is within the one before. */
static void write_v4(FILE *f, uint32_t n)
{
	uint64_t at = 1u << 24, step = (223ull - 1) * (1u << 24) / n, last[33] = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		unsigned int bits = draw_bits4();
		uint32_t ip = at & ~0u << (32 - bits);

		if (ip <= last[bits]) /* each once */
			ip = last[bits] + (1u << (32 - bits));
		last[bits] = ip;
		fprintf(f, "%u.%u.%u.%u\t%u\t", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255, bits);
		put_as(f);
		at += i % 8 ? below(2 * step) * 8 / 7 : 0;
	}
}

static void write_v6(FILE *f, uint32_t n)
{
	uint64_t at = 0x2001ull << 48, step = 0x0a20000000000000ull / n, last[65] = { 0 };

	begins6 = calloc(n, sizeof(*begins6));
	if (!begins6)
		fail("memory");
	for (n_begins6 = 0; n_begins6 < n; n_begins6++) {
		unsigned int bits = draw_bits6();
		uint64_t ip = at & ~0ull << (64 - bits);

		if (ip <= last[bits])
			ip = last[bits] + (1ull << (64 - bits));
		last[bits] = ip;
		begins6[n_begins6] = ip;
		fprintf(f, "%x:%x:%x:%x::\t%u\t", (unsigned int)(ip >> 48), (unsigned int)(ip >> 32 & 0xffff),
			(unsigned int)(ip >> 16 & 0xffff), (unsigned int)(ip & 0xffff), bits);
		put_as(f);
		at += n_begins6 % 8 ? (uint64_t)below(1u << 16) * (step >> 15) : 0;
	}
}

static void pack(const char *from, const char *to)
{
	FILE *in = fopen(from, "r");
	gzFile out = gzopen(to, "wb1");
	char block[65536];
	size_t n;

	if (!in || !out)
		fail(to);
	while ((n = fread(block, 1, sizeof(block), in)) > 0)
		if (gzwrite(out, block, n) != (int)n)
			fail(to);
	fclose(in);
	if (gzclose(out) != Z_OK)
		fail(to);
}

static long rss_bytes(void)
{
	long size, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%ld %ld", &size, &resident) != 2)
		fail("statm");
	fclose(f);
	return resident * sysconf(_SC_PAGESIZE);
}

static struct prefixes *load(const char *path, const char *form)
{
	struct config_list paths = { .item = { (char *)path }, .n = 1 };
	struct prefixes_report report;
	struct rusage use;
	struct prefixes *p;
	char error[512];
	double cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
	long before = rss_bytes();

	p = prefixes_load_all(&paths, NULL, &report, error, sizeof(error));
	if (!p) {
		fprintf(stderr, "prefixes: %s\n", error);
		exit(1);
	}
	cpu = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	malloc_trim(0);
	getrusage(RUSAGE_SELF, &use);
	printf("{\"what\": \"load\", \"form\": \"%s\", \"v4\": %zu, \"v6\": %zu, \"refused\": %zu, \"cpu_s\": %.3f, "
	       "\"bytes\": %zu, \"rss_bytes\": %ld, \"peak_bytes\": %ld}\n",
	       form, report.v4, report.v6, report.refused, cpu, report.bytes, rss_bytes() - before,
	       use.ru_maxrss * 1024 - before);
	return p;
}

static void draw_addresses(uint8_t (*ip)[16], bool v4)
{
	for (uint32_t i = 0; i < ASKED; i++) {
		uint64_t host = v4 ? 0 : begins6[below(n_begins6)] + below(1u << 16);

		memset(ip[i], 0, 16);
		if (v4) {
			memcpy(ip[i] + 10, (uint8_t[2]){ 0xff, 0xff }, 2);
			ip[i][12] = 1 + below(223);
			ip[i][13] = below(256);
			ip[i][14] = below(256);
			ip[i][15] = below(256);
			continue;
		}
		for (int byte = 0; byte < 8; byte++)
			ip[i][byte] = host >> (56 - 8 * byte);
		ip[i][15] = 1;
	}
}

static double ask(const struct prefixes *p, uint8_t (*ip)[16], uint64_t *known)
{
	double from = seconds(CLOCK_MONOTONIC);

	for (uint32_t i = 0; i < ASKED; i++)
		*known += prefixes_find(p, ip[i]).known;
	return (seconds(CLOCK_MONOTONIC) - from) * 1e9 / ASKED;
}

/* One address leads to the next, so that reads wait for each other. */
static double read_cold(const uint8_t *cold, uint64_t *sum)
{
	uint64_t at = 1;
	double from = seconds(CLOCK_MONOTONIC);

	for (uint32_t i = 0; i < ASKED; i++) {
		at = at * 6364136223846793005u + 1442695040888963407u + cold[(at >> 33) % COLD_BYTES];
		*sum += at;
	}
	return (seconds(CLOCK_MONOTONIC) - from) * 1e9 / ASKED;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void measure(const struct prefixes *p, const uint8_t *cold, bool v4)
{
	uint8_t (*ip)[16] = malloc(ASKED * sizeof(*ip));
	double ns[ROUNDS], ratio[ROUNDS];
	uint64_t known = 0, sum = 0;

	if (!ip)
		fail("memory");
	draw_addresses(ip, v4);
	for (int i = 0; i < ROUNDS; i++) {
		double base = read_cold(cold, &sum);

		ns[i] = ask(p, ip, &known);
		ratio[i] = ns[i] / base;
	}
	qsort(ns, ROUNDS, sizeof(*ns), compare);
	qsort(ratio, ROUNDS, sizeof(*ratio), compare);
	printf("{\"what\": \"look-up\", \"family\": \"%s\", \"ns\": %.1f, \"ratio\": %.2f, \"known_pct\": %.1f, "
	       "\"sum\": %u}\n",
	       v4 ? "IPv4" : "IPv6", ns[ROUNDS / 2], ratio[ROUNDS / 2], 100.0 * known / ((double)ASKED * ROUNDS),
	       (unsigned int)(sum & 1));
	free(ip);
}

int main(int argc, char **argv)
{
	char text[512], gz[512];
	struct prefixes *p;
	uint8_t *cold;
	FILE *f;

	if (argc < 2)
		return 2;
	snprintf(text, sizeof(text), "%s/pfx2as", argv[1]);
	snprintf(gz, sizeof(gz), "%s/pfx2as.gz", argv[1]);
	f = fopen(text, "w");
	if (!f)
		fail(text);
	write_v4(f, argc > 2 ? strtoul(argv[2], NULL, 10) : 1000000);
	write_v6(f, argc > 3 ? strtoul(argv[3], NULL, 10) : 230000);
	if (fclose(f))
		fail(text);
	pack(text, gz);
	p = load(text, "text");
	prefixes_free(p);
	p = load(gz, "gz");
	cold = malloc(COLD_BYTES);
	if (!cold)
		fail("memory");
	memset(cold, 1, COLD_BYTES);
	measure(p, cold, true);
	measure(p, cold, false);
	free(cold);
	prefixes_free(p);
	free(begins6);
	return 0;
}
