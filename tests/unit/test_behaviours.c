/* test_behaviours.c: what DNS alone shows: tunnels, fast flux, generated names, look-ups that are regular or fail;
 * and beside each what looks like it and is not. */
#include <math.h>

#include "detect/judge.h"
#include "detect/model.h"
#include "observe/prefixes.h"
#include "profile/dga_walk.h"
#include "profiles.h"

#define S PROFILES_S
#define HOUR (3600 * S)
#define START PROFILES_START
#define BOT "192.0.2.66"
#define NXDOMAIN 3
#define SERVFAIL 2

enum { TYPE_A = 1, TYPE_NULL = 10, TYPE_TXT = 16 };

struct bench {
	struct config config;
	struct profiles *p;
	struct judge *judge;
	enum behaviour told;
	unsigned int n_told;
	struct verdict verdict; /* told last */
	struct prefixes *prefixes;
	unsigned int seed;
	uint16_t type;
	bool nowhere; /* names end in no top-level domain */
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	char error[512];

	assert_int_equal(config_init(&b->config), 0);
	b->p = profiles_of(10000, 10000, 1000, 0);
	b->judge = judge_new(&b->config, model_load("", error, sizeof(error)));
	assert_non_null(b->judge);
	b->type = TYPE_A;
	b->seed = 1;
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	profiles_free(b->p);
	prefixes_free(b->prefixes);
	judge_free(b->judge);
	config_free(&b->config);
	free(b);
	return 0;
}

static void judge(struct bench *b, struct pair_profile *pair)
{
	struct anomaly a;
	enum judge_result result[2];

	if (!pair)
		return;
	for (int client = 0; client < 2; client++) {
		result[client] = client ? judge_client(b->judge, b->p, pair->client, &profiles_message, &a)
					: judge_message(b->judge, b->p, pair, &profiles_message, NULL, &a);
		if (result[client] != JUDGE_TELL)
			continue;
		b->n_told++;
		b->told = a.verdict->behaviour;
		b->verdict = *a.verdict;
		assert_true((client == 1) == (a.pair == NULL));
		assert_ptr_equal(a.client, pair->client);
	}
}

static struct pair_profile *query(struct bench *b, const char *client, const char *name, const char *registered,
				  uint64_t ns)
{
	struct observation *o = &profiles_message;
	struct pair_profile *pair;

	exchange_query(o);
	unit_ip(o->source.ip, client);
	o->dns.question = unit_text(name);
	profiles_split(&o->dns.domain, name, registered);
	o->dns.domain.listed = !b->nowhere;
	o->dns.type = b->type;
	o->time_ns = ns;
	pair = profiles_add(b->p, o);
	judge(b, pair);
	return pair;
}

static void answer(struct bench *b, const char *client, const char *name, const char *registered, uint16_t rcode,
		   const char *const *addresses, uint64_t ns)
{
	struct observation *o = &profiles_message;
	static uint8_t ip[8][16];

	exchange_response(o);
	unit_ip(o->source.ip, client);
	o->dns.question = unit_text(name);
	profiles_split(&o->dns.domain, name, registered);
	o->dns.domain.listed = !b->nowhere;
	o->dns.type = b->type;
	o->dns.rcode = rcode;
	o->time_ns = ns;
	for (; addresses && *addresses; addresses++, o->dns.n_answers++) {
		unit_ip(ip[o->dns.n_answers], *addresses);
		o->dns.answers[o->dns.n_answers] = (struct dns_answer){
			.addr = ip[o->dns.n_answers] + 12, .type = TYPE_A, .class = 1, .ttl = 120
		};
	}
	judge(b, profiles_add(b->p, o));
}

static void lookup(struct bench *b, const char *client, const char *name, const char *registered, uint16_t rcode,
		   uint64_t ns)
{
	static const char *const one[] = { "198.51.100.80", NULL };

	(void)query(b, client, name, registered, ns);
	answer(b, client, name, registered, rcode, rcode ? NULL : one, ns + S / 100);
}

/* A network in which everybody asks for something, now. */
static void others(struct bench *b, unsigned int n, uint64_t ns)
{
	char ip[32];

	for (unsigned int i = 1; i <= n; i++) {
		snprintf(ip, sizeof(ip), "198.51.100.%u", i);
		lookup(b, ip, "www.example.com", "example.com", 0, ns);
	}
}

static void expect(const struct bench *b, enum behaviour what)
{
	assert_int_equal(b->n_told, 1);
	assert_int_equal(b->told, what);
	assert_true(b->verdict.score >= 0.9 && b->verdict.score <= 1);
	assert_int_equal(b->verdict.judgement, JUDGED_SUSPICIOUS);
}

/* n names of hex digits below a domain, of so many bytes or, varied, up to a dozen more. */
static void hex_names(struct bench *b, const char *client, const char *domain, unsigned int n, unsigned int bytes,
		      bool varied, uint64_t gap_ns)
{
	char name[256];

	for (unsigned int i = 0; i < n; i++) {
		size_t len = 0;

		while (len < bytes + (varied ? i % 4 * 4 : 0))
			len += snprintf(name + len, sizeof(name) - len, "%04x", rand_r(&b->seed) & 0xffff);
		snprintf(name + len, sizeof(name) - len, ".%s", domain);
		lookup(b, client, name, domain, 0, START + i * gap_ns);
	}
}

static void test_long_names_are_a_tunnel(void **state)
{
	hex_names(*state, BOT, "cc.example", 200, 56, true, S / 2);
	expect(*state, BEHAVIOUR_TUNNEL);
}

static void test_types_that_carry_are_a_tunnel(void **state)
{
	struct bench *b = *state;

	b->type = TYPE_NULL;
	hex_names(b, BOT, "cc.example", 40, 12, false, S / 2);
	expect(b, BEHAVIOUR_TUNNEL);
}

/* Of a program against viruses that nobody else has. */
static void test_fingerprints_are_none(void **state)
{
	struct bench *b = *state;

	hex_names(b, BOT, "av.example", 400, 64, false, S);
	b->type = TYPE_TXT;
	hex_names(b, BOT, "other-av.example", 400, 32, false, S);
	assert_int_equal(b->n_told, 0);
}

/* More than there are files. */
static void test_a_flood_of_fingerprints_is_a_tunnel(void **state)
{
	hex_names(*state, BOT, "cc.example", 3000, 56, false, S / 2);
	expect(*state, BEHAVIOUR_TUNNEL);
}

/* Each sees its own files. */
static void test_fingerprints_of_several_hosts_are_none(void **state)
{
	static const char *const hosts[] = { BOT, "192.0.2.67", "192.0.2.68" };
	struct bench *b = *state;

	b->type = TYPE_TXT;
	for (int host = 0; host < 3; host++)
		hex_names(b, hosts[host], "av.example", 1500, 32, false, S);
	assert_int_equal(b->n_told, 0);
}

static void test_short_names_by_address_are_none(void **state)
{
	hex_names(*state, BOT, "cdn.example", 400, 12, true, S / 2); /* a delivery network's */
	assert_int_equal(((struct bench *)*state)->n_told, 0);
}

static void test_few_names_are_none(void **state)
{
	struct bench *b = *state;
	char name[64];

	b->type = TYPE_TXT;
	for (unsigned int i = 0; i < 300; i++) { /* a mail server looks at senders' policies */
		snprintf(name, sizeof(name), "%s.cc.example", i % 2 ? "_dmarc" : "k1._domainkey");
		lookup(b, BOT, name, "cc.example", 0, START + (i * i % 977) * 60 * S);
	}
	assert_int_equal(b->n_told, 0);
}

static void test_a_blocklist_is_none(void **state)
{
	struct bench *b = *state;
	char name[128];

	b->type = TYPE_TXT;
	for (unsigned int i = 0; i < 400; i++) {
		snprintf(name, sizeof(name), "%u.%u.%u.%u.zen.dnsbl.example", i * 7 % 256, i * 31 % 256, i % 256,
			 i * 3 % 224);
		lookup(b, BOT, name, "dnsbl.example", i % 3 ? NXDOMAIN : 0, START + i * S / 4);
	}
	assert_int_equal(b->n_told, 0);
}

static void test_what_all_ask_is_none(void **state)
{
	struct bench *b = *state;
	char ip[32];

	others(b, 30, START - 2 * 24 * HOUR);
	for (unsigned int i = 1; i <= 30; i++) { /* an antivirus program's look-ups by hash */
		snprintf(ip, sizeof(ip), "198.51.100.%u", i);
		(void)query(b, ip, "start.av.example", "av.example", START - HOUR);
	}
	hex_names(b, BOT, "av.example", 200, 56, true, S);
	assert_int_equal(b->n_told, 0);
}

static void test_names_below_nothing(void **state)
{
	struct bench *b = *state;
	unsigned int seed = 3;
	char name[256];

	b->nowhere = true;
	for (unsigned int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "tunnel.%08x%08x%08x%08x.%08x%08x", rand_r(&seed), rand_r(&seed),
			 rand_r(&seed), rand_r(&seed), rand_r(&seed), rand_r(&seed));
		lookup(b, BOT, name, strchr(name, '.') + 1, 0, START + i * S);
	}
	expect(b, BEHAVIOUR_NOWHERE);
}

static void test_machines_of_the_house_are_no_tunnel(void **state)
{
	struct bench *b = *state;
	char name[64];

	b->nowhere = true;
	for (unsigned int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "printer-%u.lan", i);
		lookup(b, BOT, name, name, i % 2 ? NXDOMAIN : 0, START + i * 17 * S);
	}
	assert_int_equal(b->n_told, 0);
}

/* n domains, each of so many letters; all but every exists-th do not exist. */
static void generate(struct bench *b, unsigned int n, unsigned int exists, uint64_t gap_ns, uint64_t from)
{
	unsigned int seed = 11;
	char name[64];

	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int k = 0; k < 14; k++)
			name[k] = "bcdfghjklmnpqrstvwxzae"[rand_r(&seed) % 22];
		strcpy(name + 14, ".example");
		lookup(b, BOT, name, name, exists && i % exists == exists - 1 ? 0 : NXDOMAIN, from + i * gap_ns);
	}
}

static void test_generated_names(void **state)
{
	struct bench *b = *state;

	others(b, 1, START - HOUR);
	generate(b, 30, 0, S, START);
	expect(b, BEHAVIOUR_DGA);
	assert_int_equal(b->verdict.checkins, 10); /* as early as that */
}

static void test_slowly_generated_names(void **state)
{
	struct bench *b = *state;

	others(b, 1, START - HOUR);
	generate(b, 30, 8, 20 * 60 * S, START); /* three an hour, some of which exist */
	assert_int_equal(b->n_told, 1);
	assert_int_equal(b->told, BEHAVIOUR_DGA);
}

static void test_typing_errors_are_no_generator(void **state)
{
	struct bench *b = *state;

	char name[64];

	others(b, 1, START - HOUR);
	for (unsigned int i = 0; i < 200; i++) { /* a quarter do not exist: an old list of links */
		snprintf(name, sizeof(name), "xkqjvbzrtw%u.example", i);
		lookup(b, BOT, name, name, i % 4 ? 0 : NXDOMAIN, START + i * 10 * S);
	}
	assert_int_equal(b->n_told, 0);
}

static void test_rare_failures_fade(void **state)
{
	struct bench *b = *state;

	others(b, 1, START - HOUR);
	generate(b, 40, 0, 24 * HOUR, START);
	assert_int_equal(b->n_told, 0);
}

static void test_names_below_a_domain_are_no_generator(void **state)
{
	struct bench *b = *state;
	char name[80], domain[64];

	others(b, 1, START - HOUR);
	for (unsigned int i = 0; i < 60; i++) { /* a resolver that denies advertisers */
		snprintf(domain, sizeof(domain), "adnetwork%u.example", i);
		snprintf(name, sizeof(name), "ads.%s", domain);
		lookup(b, BOT, name, domain, NXDOMAIN, START + i * S);
	}
	assert_int_equal(b->n_told, 0);
}

static void test_what_others_ask_too_is_no_generator(void **state)
{
	struct bench *b = *state;
	char name[64];

	others(b, 1, START - HOUR);
	for (unsigned int i = 0; i < 60; i++) { /* a list that is out of date, on two hosts */
		snprintf(name, sizeof(name), "xkqjvbzrtw%u.example", i);
		(void)query(b, "192.0.2.67", name, name, START + i * S - S / 2);
		lookup(b, BOT, name, name, NXDOMAIN, START + i * S);
	}
	assert_int_equal(b->n_told, 0);
}

static void test_a_dead_server_is_asked_for_again(void **state)
{
	struct bench *b = *state;

	for (unsigned int i = 0; i < 40; i++)
		lookup(b, BOT, "gone.example", "gone.example", i % 2 ? SERVFAIL : NXDOMAIN, START + i * 300 * S);
	expect(b, BEHAVIOUR_FAILING);
}

static void test_a_live_server_of_one_host_is_none(void **state)
{
	struct bench *b = *state;

	for (unsigned int i = 0; i < 40; i++)
		lookup(b, BOT, "mail.example", "mail.example", 0, START + i * 300 * S);
	assert_int_equal(b->n_told, 0);
}

/* A network of n clients that are there for two days before. */
static void regular_lookups(struct bench *b, unsigned int n)
{
	others(b, n, START - 48 * HOUR);
	for (unsigned int i = 0; i < 120; i++) {
		lookup(b, BOT, "quiet.example", "quiet.example", 0, START + i * 300 * S);
		if (i % 20 == 10)
			others(b, n, START + i * 300 * S + S);
	}
}

static void test_regular_lookups_in_a_network(void **state)
{
	regular_lookups(*state, 45);
	expect(*state, BEHAVIOUR_LOOKUPS);
}

/* Every 300 s, give or take; n clients, of whom the last asks now and then. */
static void loose_lookups(struct bench *b, bool both)
{
	unsigned int seed = 5;
	uint64_t at = START, then = START;

	others(b, 45, START - 48 * HOUR);
	for (unsigned int i = 0; i < 120; i++) {
		lookup(b, BOT, "loose.example", "loose.example", 0, at);
		if (both ? at >= then : i % 9 == i % 7)
			(void)query(b, "198.51.100.7", "loose.example", "loose.example", at + 20 * S);
		then = at;
		at += (150 + rand_r(&seed) % 300) * S;
		if (i % 20 == 10)
			others(b, 45, at);
	}
}

static void test_a_site_that_somebody_else_visits(void **state)
{
	loose_lookups(*state, false);
	assert_int_equal(((struct bench *)*state)->n_told, 0);
}

static void test_one_program_on_two_hosts(void **state)
{
	struct bench *b = *state;

	loose_lookups(b, true);
	assert_int_equal(b->n_told, 2);
	assert_int_equal(b->told, BEHAVIOUR_LOOKUPS);
}

/* One of two at random; `step` apart. */
static void lookups_in_turn(struct bench *b, bool random_gaps)
{
	unsigned int seed = 9;
	uint64_t at = START;
	char name[32];

	others(b, 45, START - 48 * HOUR);
	for (unsigned int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "turn%u.example", rand_r(&seed) % 3);
		lookup(b, BOT, name, name, 0, at);
		at += (random_gaps ? 20 + rand_r(&seed) % 1200 : 580 + rand_r(&seed) % 40) * S;
		if (i % 20 == 10)
			others(b, 45, at);
	}
}

static void test_lookups_in_turn(void **state)
{
	lookups_in_turn(*state, false);
	expect(*state, BEHAVIOUR_ROTATION);
}

static void test_lookups_without_a_turn(void **state)
{
	lookups_in_turn(*state, true);
	assert_int_equal(((struct bench *)*state)->n_told, 0);
}

static void test_regular_lookups_among_few(void **state)
{
	regular_lookups(*state, 20);
	assert_int_equal(((struct bench *)*state)->n_told, 0);
}

static void test_a_reader_is_none(void **state)
{
	struct bench *b = *state;
	uint64_t at = START;

	others(b, 45, START - 48 * HOUR);
	for (unsigned int i = 0; i < 120; i++) {
		lookup(b, BOT, "news.example", "news.example", 0, at);
		at += (20 + i * i * i % 7919) * S;
		if (i % 20 == 10)
			others(b, 45, at);
	}
	assert_int_equal(b->n_told, 0);
}

/* n answers of four addresses, each new ones in another /16, or all in one. */
static void changing(struct bench *b, unsigned int n, bool spread)
{
	char text[4][32];
	const char *addresses[5] = { text[0], text[1], text[2], text[3], NULL };

	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int k = 0; k < 4; k++)
			snprintf(text[k], sizeof(text[k]), "198.%u.%u.%u", spread ? (i * 4 + k) % 250 : 51, i % 250,
				 10 + k);
		(void)query(b, BOT, "flux.example", "flux.example", START + i * 130 * S + i * i % 50 * 97 * S);
		answer(b, BOT, "flux.example", "flux.example", 0, addresses, START + i * 130 * S + i * i % 50 * 97 * S);
	}
}

static void test_fast_flux(void **state)
{
	changing(*state, 30, true);
	expect(*state, BEHAVIOUR_FLUX);
}

static void test_a_delivery_network_is_none(void **state)
{
	changing(*state, 30, false);
	assert_int_equal(((struct bench *)*state)->n_told, 0);
}

/* The addresses of changing() are announced by n AS. */
static void announce(struct bench *b, unsigned int n)
{
	char path[64], error[512];
	int fd = memfd_create("pfx2as", MFD_CLOEXEC);

	for (unsigned int i = 0; i < 250; i++)
		dprintf(fd, "198.%u.0.0\t16\t%u\n", i, 64500 + i % n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	b->prefixes = prefixes_load(path, error, sizeof(error));
	close(fd);
	if (!b->prefixes)
		fail_msg("%s", error);
	profiles_free(b->p);
	b->p = profiles_new(&(struct profile_limits){ 10000, 10000, 1000, 0 }, b->prefixes);
}

static void test_fast_flux_in_many_systems(void **state)
{
	announce(*state, 7);
	changing(*state, 60, true);
	expect(*state, BEHAVIOUR_FLUX);
}

/* One of several AS, whose addresses alone make the score. */
static void test_a_wide_delivery_network_is_none(void **state)
{
	announce(*state, 6);
	changing(*state, 60, true);
	assert_int_equal(((struct bench *)*state)->n_told, 0);
}

static void test_how_names_look(void **state)
{
	static const char *const generated[] = { "lgurqmjleesnimjuwiic", "xkqjvbzrtw", "a3f9c1e07b5d", "q1w2e3r4t5" };
	static const char *const words[] = { "wikipedia", "strengthen", "internationalbank", "office365", "netflix2024",
					     "xn--bcher-kva8d", "bcdfgh" };

	(void)state;
	for (size_t i = 0; i < COUNT(generated); i++)
		if (!name_looks_generated(generated[i], strlen(generated[i])))
			fail_msg("%s", generated[i]);
	for (size_t i = 0; i < COUNT(words); i++)
		if (name_looks_generated(words[i], strlen(words[i])))
			fail_msg("%s", words[i]);
}

static void test_reversed_addresses(void **state)
{
	static const char *const yes[] = { "1.2.0.192", "1.2.0.192.zen", "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4" };
	static const char *const no[] = { "", "1.2.3", "1.2.3.256", "1.2.3.4x", "www", "1234.1.1.1", "a.b.c.d", "1.2.3.44444" };

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++)
		assert_true(name_is_reversed_address(yes[i], strlen(yes[i])));
	for (size_t i = 0; i < COUNT(no); i++)
		assert_false(name_is_reversed_address(no[i], strlen(no[i])));
}

static void test_the_walk(void **state)
{
	struct dga_walk w = { 0 };

	(void)state;
	dga_walk_step(&w, true, "abcdefgh", 8, START);
	assert_true(fabs(w.walk - log(14)) < 1e-12); /* ln(0.7 / 0.05) */
	assert_int_equal(w.since_ns, START);
	dga_walk_step(&w, false, NULL, 0, START);
	assert_true(fabs(w.walk - log(14) - log(0.3 / 0.95)) < 1e-12);
	assert_true(fabs(dga_walk_at(&w, START + DGA_HALF_LIFE_NS) - w.walk / 2) < 1e-12);
	dga_walk_step(&w, false, NULL, 0, START);
	dga_walk_step(&w, false, NULL, 0, START);
	assert_true(w.walk == 0 && w.names == 0);
	for (unsigned int i = 0; i < 1000; i++)
		dga_walk_step(&w, true, "abcdefgh", 8, START);
	assert_true(w.walk == DGA_WALK_MOST);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		T(test_long_names_are_a_tunnel),
		T(test_types_that_carry_are_a_tunnel),
		T(test_fingerprints_are_none),
		T(test_fingerprints_of_several_hosts_are_none),
		T(test_a_flood_of_fingerprints_is_a_tunnel),
		T(test_short_names_by_address_are_none),
		T(test_few_names_are_none),
		T(test_a_blocklist_is_none),
		T(test_what_all_ask_is_none),
		T(test_names_below_nothing),
		T(test_machines_of_the_house_are_no_tunnel),
		T(test_generated_names),
		T(test_slowly_generated_names),
		T(test_typing_errors_are_no_generator),
		T(test_rare_failures_fade),
		T(test_names_below_a_domain_are_no_generator),
		T(test_what_others_ask_too_is_no_generator),
		T(test_a_dead_server_is_asked_for_again),
		T(test_a_live_server_of_one_host_is_none),
		T(test_regular_lookups_in_a_network),
		T(test_regular_lookups_among_few),
		T(test_a_site_that_somebody_else_visits),
		T(test_one_program_on_two_hosts),
		T(test_lookups_in_turn),
		T(test_lookups_without_a_turn),
		T(test_a_reader_is_none),
		T(test_fast_flux),
		T(test_fast_flux_in_many_systems),
		T(test_a_wide_delivery_network_is_none),
		T(test_a_delivery_network_is_none),
		cmocka_unit_test(test_how_names_look),
		cmocka_unit_test(test_reversed_addresses),
		cmocka_unit_test(test_the_walk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
