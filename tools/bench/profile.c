/* profile.c: what it costs to let profiles gather, how much memory they take, and how long a start with stored
 * ones takes. One JSON object. usage: profile [PAIRS] */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "profile/hosts.h"
#include "profile/profile.h"
#include "stream.h"
#include "support/buf.h"
#include "support/median.h"

#define N_MESSAGES 200000 /* made once, added again and again: making them costs more than adding them */
#define ROUNDS 15
#define CLIENTS 1000
#define DOMAINS 20000

static struct stream stream = { .random = 42,
				.time_ns = 1700000000000000000ULL,
				.clients = CLIENTS,
				.domains = DOMAINS,
				.step_ms = 20,
				.domains_each = 300 };

/* One message without the room for 512 answers that an observation has. */
struct message {
	uint64_t time_ns;
	enum observation_kind kind;
	struct endpoint source, destination;
	struct text name, target, method, agent;
	struct domain_parts parts;
	bool has_agent;
	uint16_t type, rcode, n_answers;
	uint32_t ttl;
	uint8_t addr[STREAM_ANSWERS][4];
};

static struct message *messages;
static struct observation o;

static double clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static struct text keep(struct text t)
{
	char *copy = malloc(t.len + 1);

	if (!copy)
		exit(1);
	memcpy(copy, t.at, t.len);
	t.at = copy;
	return t;
}

static void keep_message(struct message *m)
{
	struct domain_parts *parts = o.kind == OBSERVED_HTTP_REQUEST ? &o.http.domain : &o.dns.domain;
	struct text *name = o.kind == OBSERVED_HTTP_REQUEST ? &o.http.host : &o.dns.question;

	m->kind = o.kind;
	m->time_ns = o.time_ns;
	m->source = o.source;
	m->destination = o.destination;
	m->name = keep(*name);
	m->parts = *parts;
	m->parts.registered.at = m->name.at + (parts->registered.at - name->at);
	m->parts.suffix.at = m->name.at + (parts->suffix.at - name->at);
	if (o.kind == OBSERVED_HTTP_REQUEST) {
		m->target = keep(o.http.target);
		m->method = keep(o.http.method);
		m->agent = keep(o.http.agent);
		m->has_agent = o.http.has_agent;
		return;
	}
	m->type = o.dns.type;
	m->rcode = o.dns.rcode;
	m->n_answers = o.dns.n_answers;
	for (unsigned int i = 0; i < m->n_answers; i++) {
		m->ttl = o.dns.answers[i].ttl;
		memcpy(m->addr[i], o.dns.answers[i].addr, 4);
	}
}

static void show(const struct message *m)
{
	o.kind = m->kind;
	o.time_ns = m->time_ns;
	o.source = m->source;
	o.destination = m->destination;
	if (m->kind == OBSERVED_HTTP_REQUEST) {
		o.http.host = m->name;
		o.http.domain = m->parts;
		o.http.target = m->target;
		o.http.method = m->method;
		o.http.agent = m->agent;
		o.http.has_agent = m->has_agent;
		return;
	}
	o.dns.question = m->name;
	o.dns.domain = m->parts;
	o.dns.type = m->type;
	o.dns.rcode = m->rcode;
	o.dns.n_answers = m->n_answers;
	for (unsigned int i = 0; i < m->n_answers; i++)
		o.dns.answers[i] = (struct dns_answer){ .addr = m->addr[i], .ttl = m->ttl, .type = 1, .class = 1 };
}

static void make_messages(void)
{
	messages = calloc(N_MESSAGES, sizeof(*messages));
	if (!messages)
		exit(1);
	for (unsigned int i = 0; i < N_MESSAGES; i++) {
		stream_next(&stream, &o);
		keep_message(&messages[i]);
	}
}

/* Kilobytes that are resident. */
static size_t resident(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long all, here = 0;

	if (!file || fscanf(file, "%lu %lu", &all, &here) != 2)
		exit(1);
	fclose(file);
	return here * 4;
}

enum pass { PASS_SHOW, PASS_HOSTS, PASS_PROFILES };

/* Later than the time before. */
static double pass(enum pass what, struct hosts *hosts, struct profiles *p)
{
	uint64_t span = messages[N_MESSAGES - 1].time_ns - messages[0].time_ns + 5000000000ULL;
	double start = clock_ns();

	for (unsigned int i = 0; i < N_MESSAGES; i++) {
		show(&messages[i]);
		if (what == PASS_HOSTS)
			hosts_add(hosts, &o);
		else if (what == PASS_PROFILES)
			profiles_add(p, &o);
		asm volatile("" ::"r"(&o) : "memory");
	}
	start = (clock_ns() - start) / N_MESSAGES;
	for (unsigned int i = 0; what == PASS_PROFILES && i < N_MESSAGES; i++)
		messages[i].time_ns += span;
	return start;
}

static void speed(struct profiles *p)
{
	double plain[ROUNDS], with[ROUNDS], counted[ROUNDS], ratio[ROUNDS];
	struct hosts *hosts = hosts_new();

	if (!hosts)
		exit(1);
	pass(PASS_HOSTS, hosts, p);
	pass(PASS_PROFILES, hosts, p);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		plain[i] = pass(PASS_SHOW, hosts, p);
		counted[i] = pass(PASS_HOSTS, hosts, p) - plain[i];
		with[i] = pass(PASS_PROFILES, hosts, p) - plain[i];
		ratio[i] = with[i] / counted[i];
	}
	printf("\"add_ns\":%.1f", median(with, ROUNDS));
	printf(",\"per_core_second\":%.0f,\"hosts_add_ns\":%.1f", 1e9 / with[ROUNDS / 2], median(counted, ROUNDS));
	printf(",\"plain_ns\":%.1f,\"ratio_to_hosts\":%.1f", median(plain, ROUNDS), median(ratio, ROUNDS));
	hosts_free(hosts);
}

struct stored {
	enum client_kind kind;
	char *client, *domain;
	size_t at, len;
};

static struct stored *stored;
static size_t n_stored;
static struct buf packed;

static void store(void *ctx, const struct profile_change *change)
{
	struct stored *s = &stored[n_stored++];

	(void)ctx;
	s->kind = change->kind;
	s->client = change->client ? strdup(change->client) : NULL;
	s->domain = change->domain ? strdup(change->domain) : NULL;
	s->at = packed.len;
	if (change->client_profile)
		profile_pack_client(change->client_profile, &packed);
	else if (change->domain_profile)
		profile_pack_domain(change->domain_profile, &packed);
	else
		profile_pack_pair(change->pair_profile, &packed);
	s->len = packed.len - s->at;
}

static void load(struct profiles *p)
{
	int err;

	for (unsigned int turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i < n_stored; i++) {
			const struct stored *s = &stored[i];
			const char *bytes = packed.data + s->at;

			if ((s->client && s->domain) != turn)
				continue;
			if (turn)
				err = profiles_load_pair(p, s->kind, s->client, s->domain, bytes, s->len);
			else if (s->client)
				err = profiles_load_client(p, s->kind, s->client, bytes, s->len);
			else
				err = profiles_load_domain(p, s->domain, bytes, s->len);
			if (err) {
				fprintf(stderr, "profile: %s %s: %s\n", s->client ? s->client : "",
					s->domain ? s->domain : "", strerror(-err));
				exit(1);
			}
		}
	}
	profiles_loaded(p);
}

int main(int argc, char **argv)
{
	struct profile_limits limits = { argc > 1 ? strtoul(argv[1], NULL, 10) : 100000, DOMAINS, CLIENTS, 0 };
	struct profiles *p, *again;
	struct profile_counts counts;
	size_t before, malloced, n = 0;
	double start, packing;

	before = resident();
	malloced = mallinfo2().uordblks + mallinfo2().hblkhd;
	p = profiles_new(&limits, NULL);
	if (!p)
		return 1;
	profiles_track_changes(p, true);
	for (profiles_counts(p, &counts); counts.pairs < limits.pairs && n < 100 * limits.pairs; n++) {
		stream_next(&stream, &o);
		profiles_add(p, &o);
		profiles_counts(p, &counts);
	}
	printf("{\"part\":\"profile\",\"messages\":%zu,\"pairs\":%zu,\"domains\":%zu,\"clients\":%zu", n,
	       counts.pairs, counts.domains, counts.clients);
	printf(",\"bytes\":%zu,\"malloced\":%zu,\"resident_kb\":%zu,", counts.bytes,
	       mallinfo2().uordblks + mallinfo2().hblkhd - malloced, resident() - before);
	make_messages();
	speed(p);
	stored = calloc(limits.pairs + DOMAINS + CLIENTS, sizeof(*stored));
	start = clock_ns();
	profiles_take_changes(p, SIZE_MAX, store, NULL);
	packing = clock_ns() - start;
	profiles_counts(p, &counts);
	again = profiles_new(&limits, NULL);
	if (!stored || !again || packed.failed)
		return 1;
	start = clock_ns();
	load(again);
	printf(",\"stored\":%zu,\"packed_bytes\":%zu,\"pack_s\":%.3f,\"load_s\":%.3f", n_stored, packed.len,
	       packing / 1e9, (clock_ns() - start) / 1e9);
	printf(",\"full_bytes\":%zu,\"full_evicted\":%llu}\n", counts.bytes,
	       (unsigned long long)counts.pairs_evicted);
	return 0;
}
