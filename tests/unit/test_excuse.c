/* test_excuse.c: what explains a verdict: entries of metsuke allow, the built-in list of update domains, popularity; and
 * what a hostile host cannot make of them. */
#include "detect/allow.h"
#include "detect/builtin.h"
#include "detect/judge.h"
#include "detect/model.h"
#include "intel/intel.h"
#include "profiles.h"

#define S PROFILES_S
#define HOUR (3600 * S)
#define DAY (24 * HOUR)
#define START PROFILES_START
#define BOT "192.0.2.66"
#define SERVER "192.0.2.80" /* of exchange_request() */

struct bench {
	struct config config;
	struct profiles *p;
	struct judge *judge;
	struct allow *allow;
	struct intel *intel;
	struct anomaly told;
	unsigned int n_told;
	char path[64];
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	char error[512];

	assert_int_equal(config_init(&b->config), 0);
	b->p = profiles_of(1000, 1000, 1000, 0);
	b->judge = judge_new(&b->config, model_load("", error, sizeof(error)));
	assert_non_null(b->judge);
	strcpy(b->path, "/tmp/metsuke-excuse-XXXXXX");
	close(mkstemp(b->path));
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	profiles_free(b->p);
	judge_free(b->judge);
	intel_free(b->intel);
	allow_free(b->allow);
	config_free(&b->config);
	unlink(b->path);
	free(b);
	return 0;
}

static void put(struct bench *b, const char *text)
{
	FILE *f = fopen(b->path, "w");

	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void allow(struct bench *b, const char *lines)
{
	struct allow_report report;

	put(b, lines);
	judge_set_allow(b->judge, NULL);
	allow_free(b->allow);
	b->allow = allow_load(b->path, &report);
	assert_non_null(b->allow);
	assert_int_equal(report.refused, 0);
	judge_set_allow(b->judge, b->allow);
}

static void popular(struct bench *b, const char *lines)
{
	put(b, lines);
	free(b->config.popular);
	b->config.popular = strdup(b->path);
	b->intel = intel_load(&b->config, 1);
	assert_non_null(b->intel);
}

/* n check-ins two minutes apart at a host of the domain, from `from` on. */
static struct pair_profile *beacon(struct bench *b, const char *client, const char *host, const char *domain,
				   unsigned int n, uint64_t from)
{
	struct pair_profile *pair = NULL;

	for (unsigned int i = 0; i < n; i++) {
		pair = profiles_request(b->p, client, host, domain, "/gate", from + i * 120 * S);
		assert_non_null(pair);
		b->n_told += judge_message(b->judge, b->p, pair, &profiles_message, b->intel, &b->told) == JUDGE_TELL;
	}
	return pair;
}

static void answer(struct bench *b, const char *domain, const char *ip)
{
	(void)profiles_answer(b->p, BOT, domain, domain, 0, 300, (const char *const[]){ ip, NULL });
}

static void test_a_domain_that_is_allowed(void **state)
{
	struct bench *b = *state;
	struct pair_profile *pair;

	allow(b, "# ours\n{\"domain\":\"fine.example\",\"why\":\"backup\"}\n");
	pair = beacon(b, BOT, "a.fine.example", "fine.example", 40, START);
	assert_int_equal(pair->state.judgement, JUDGED_SOFTWARE);
	assert_int_equal(pair->state.excuse, EXCUSE_ALLOWED);
	assert_int_equal(b->n_told, 0);
	pair = beacon(b, BOT, "xfine.example", "xfine.example", 40, START); /* the near miss */
	assert_int_equal(pair->state.judgement, JUDGED_SUSPICIOUS);
	assert_int_equal(pair->state.excuse, EXCUSE_NONE);
	assert_int_equal(b->n_told, 1);
	assert_true(judge_counts(b->judge).excused[EXCUSE_ALLOWED] > 0);
}

static void test_a_host_below_a_domain(void **state)
{
	struct bench *b = *state;

	allow(b, "{\"domain\":\"www.fine.example\",\"why\":\"x\"}\n");
	(void)beacon(b, BOT, "www.fine.example", "fine.example", 20, START);
	assert_int_equal(b->n_told, 0);
	(void)beacon(b, BOT, "gate.fine.example", "fine.example", 20, START + HOUR);
	assert_int_equal(b->n_told, 1);
}

static void test_a_client_that_is_allowed(void **state)
{
	struct bench *b = *state;

	allow(b, "{\"client\":\"192.0.2.0/26\",\"domain\":\"fine.example\",\"why\":\"x\"}\n");
	(void)beacon(b, "192.0.2.63", "fine.example", "fine.example", 20, START);
	assert_int_equal(b->n_told, 0);
	(void)beacon(b, "192.0.2.63", "other.example", "other.example", 20, START);
	assert_int_equal(b->n_told, 1);
}

static void test_a_server_that_is_allowed(void **state)
{
	struct bench *b = *state;

	allow(b, "{\"server\":\"" SERVER "\",\"client\":\"" BOT "\",\"why\":\"x\"}\n");
	(void)beacon(b, BOT, "cc.example", "cc.example", 20, START);
	assert_int_equal(b->n_told, 0);
	allow(b, "{\"server\":\"192.0.2.81\",\"why\":\"x\"}\n");
	(void)beacon(b, BOT, "cc.example", "cc.example", 20, START + HOUR);
	assert_int_equal(b->n_told, 1);
}

/* By the messages' time; when it is over, as if for the first time, although it was told before. */
static void test_an_entry_expires(void **state)
{
	struct bench *b = *state;
	struct pair_profile *pair = beacon(b, BOT, "cc.example", "cc.example", 20, START);
	uint64_t first = pair->state.told_ns;

	assert_int_equal(b->n_told, 1);
	allow(b, "{\"domain\":\"cc.example\",\"until\":\"2023-11-15T00:13:20Z\",\"why\":\"x\"}\n"); /* START + 2 h */
	pair = beacon(b, BOT, "cc.example", "cc.example", 20, START + HOUR);
	assert_int_equal(pair->state.judgement, JUDGED_SOFTWARE);
	assert_int_equal(pair->state.told_ns, 0);
	assert_int_equal(pair->client->flagged, 0);
	pair = beacon(b, BOT, "cc.example", "cc.example", 20, START + 2 * HOUR);
	assert_int_equal(pair->state.judgement, JUDGED_SUSPICIOUS);
	assert_int_equal(b->n_told, 2);
	assert_true(pair->state.told_ns >= START + 2 * HOUR && pair->state.told_ns < first + DAY);
}

static void test_updates(void **state)
{
	struct bench *b = *state;
	struct pair_profile *pair;

	answer(b, "windowsupdate.com", SERVER);
	pair = beacon(b, BOT, "ctldl.windowsupdate.com", "windowsupdate.com", 40, START);
	assert_int_equal(pair->state.judgement, JUDGED_SOFTWARE);
	assert_int_equal(pair->state.excuse, EXCUSE_UPDATE);
	answer(b, "microsoft.com", SERVER);
	pair = beacon(b, BOT, "update.microsoft.com", "microsoft.com", 40, START);
	assert_int_equal(pair->state.judgement, JUDGED_SOFTWARE);
	assert_int_equal(b->n_told, 0);
	answer(b, "debian.org", SERVER); /* not one of its hosts for updates */
	pair = beacon(b, BOT, "people.debian.org", "debian.org", 40, START);
	assert_int_equal(pair->state.judgement, JUDGED_SUSPICIOUS);
	b->config.updates = false;
	judge_free(b->judge);
	b->judge = judge_new(&b->config, model_load("", (char[512]){ 0 }, 512));
	pair = beacon(b, "192.0.2.67", "ctldl.windowsupdate.com", "windowsupdate.com", 40, START + 2 * HOUR);
	assert_int_equal(pair->state.judgement, JUDGED_UNKNOWN); /* two clients: not yet known */
	assert_int_equal(pair->state.excuse, EXCUSE_NONE);
}

/* Whoever writes the vendor's name into his requests goes to an address that the name never led to. */
static void test_a_name_that_is_not_true(void **state)
{
	struct bench *b = *state;
	struct pair_profile *pair;

	popular(b, "1,popular.example\n");
	answer(b, "windowsupdate.com", "192.0.2.99");
	pair = beacon(b, BOT, "windowsupdate.com", "windowsupdate.com", 40, START);
	assert_int_equal(pair->state.judgement, JUDGED_SUSPICIOUS);
	assert_int_equal(b->n_told, 1);
	pair = beacon(b, BOT, "popular.example", "popular.example", 40, START + 50 * S); /* never answered at all */
	assert_int_equal(pair->state.judgement, JUDGED_SUSPICIOUS);
	assert_int_equal(b->n_told, 2);
}

static const struct evidence *evidence(const struct bench *b, const char *name)
{
	const struct verdict *v = b->told.verdict;

	for (size_t i = 0; i < v->n; i++)
		if (!strcmp(v->evidence[i].name, name))
			return &v->evidence[i];
	return NULL;
}

static void test_popular(void **state)
{
	struct bench *b = *state;
	struct pair_profile *pair;
	double plain;

	popular(b, "1,first.example\n10000,last.example\n10001,further.example\n5,github.com\n");
	for (const char *const *d = (const char *const[]){ "first.example", "last.example", NULL }; *d; d++) {
		answer(b, *d, SERVER);
		pair = beacon(b, BOT, *d, *d, 40, START);
		assert_int_equal(pair->state.judgement, JUDGED_SOFTWARE);
		assert_int_equal(pair->state.excuse, EXCUSE_POPULAR);
	}
	assert_int_equal(b->n_told, 0);
	answer(b, "other.example", SERVER);
	(void)beacon(b, BOT, "other.example", "other.example", 40, START);
	assert_int_equal(b->n_told, 1);
	assert_null(evidence(b, "popularity"));
	plain = b->told.verdict->score;
	answer(b, "further.example", SERVER);
	(void)beacon(b, BOT, "further.example", "further.example", 40, START + 50 * S);
	assert_int_equal(b->n_told, 2);
	assert_true(evidence(b, "popularity")->triggered);
	assert_true(evidence(b, "popularity")->value == 10001 && evidence(b, "popularity")->threshold == 10000);
	assert_true(b->told.verdict->score < plain);
	assert_true(fabs(log10(1 - plain) / log10(1 - b->told.verdict->score) - 1.2) < 0.01);
	answer(b, "github.com", SERVER); /* popular, and anybody puts anything there */
	(void)beacon(b, BOT, "github.com", "github.com", 40, START);
	assert_int_equal(b->n_told, 3);
}

/* Popularity comes from the file alone: what one client asks for, however often, changes nothing. */
static void test_nobody_makes_himself_popular(void **state)
{
	struct bench *b = *state;
	struct pair_profile *pair;

	popular(b, "1,first.example\n");
	answer(b, "cc.example", SERVER);
	for (unsigned int i = 0; i < 20000; i++)
		(void)profiles_query(b->p, BOT, "cc.example", "cc.example", START + i * S / 10);
	pair = beacon(b, BOT, "cc.example", "cc.example", 20, START + HOUR);
	assert_int_equal(popular_rank(b->intel->popular, "cc.example", 10), 0);
	assert_true(distinct_count(&pair->domain->clients) == 1);
	assert_int_equal(pair->state.judgement, JUDGED_SUSPICIOUS);
	assert_int_equal(b->n_told, 1);
}

/* Sixty long names below the domain, as a tunnel or a virus scanner asks for. Returns the pair. */
static struct pair_profile *ask_long_names(struct bench *b, const char *domain)
{
	struct pair_profile *pair = NULL;
	char name[128];

	for (unsigned int i = 0; i < 60; i++) {
		snprintf(name, sizeof(name), "d41d8cd98f00b204e9800998ecf8427e.%.*sd41d8cd98f00b204e9%02u.%s",
			 (int)(i % 5), "cafe", i, domain);
		pair = profiles_query(b->p, BOT, name, domain, START + HOUR + i * S);
		b->n_told += judge_message(b->judge, b->p, pair, &profiles_message, b->intel, &b->told) == JUDGE_TELL;
	}
	return pair;
}

/* A virus scanner asks for what it finds by name: its vendor's domain explains it, another one does not. */
static void test_lookups_of_a_scanner(void **state)
{
	struct bench *b = *state;
	struct pair_profile *pair;

	(void)profiles_query(b->p, BOT, "www.example.com", "example.com", START);
	pair = ask_long_names(b, "sophosxl.net");
	assert_int_equal(pair->state.judgement, JUDGED_SOFTWARE);
	assert_int_equal(pair->state.excuse, EXCUSE_UPDATE);
	assert_int_equal(b->n_told, 0);
	pair = ask_long_names(b, "tunnel.example");
	assert_int_equal(pair->state.judgement, JUDGED_SUSPICIOUS);
	assert_int_equal(b->n_told, 1);
}

static void test_builtin_lists(void **state)
{
	size_t len;

	for (enum builtin i = 0; i < N_BUILTINS; i++) {
		assert_int_equal(builtin_refused(i), 0);
		assert_true(builtin_count(i) > 50);
	}
	assert_non_null(builtin_match(BUILTIN_UPDATES, "a.b.windowsupdate.com", 21, &len));
	assert_int_equal(len, 17);
	assert_null(builtin_match(BUILTIN_UPDATES, "xwindowsupdate.com", 18, &len));
	assert_null(builtin_match(BUILTIN_UPDATES, "com", 3, &len));
	assert_null(builtin_match(BUILTIN_UPDATES, "", 0, &len));
	assert_null(builtin_match(BUILTIN_UPDATES, "windowsupdate.com.evil.example", 30, &len));
	/* What anybody can fill never explains. */
	assert_null(builtin_match(BUILTIN_UPDATES, "github.com", 10, &len));
	assert_non_null(builtin_match(BUILTIN_SHARED, "gist.github.com", 15, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_a_domain_that_is_allowed), TEST(test_a_host_below_a_domain),
		TEST(test_a_client_that_is_allowed), TEST(test_a_server_that_is_allowed),
		TEST(test_an_entry_expires),	     TEST(test_updates),
		TEST(test_a_name_that_is_not_true),  TEST(test_popular),
		TEST(test_lookups_of_a_scanner),
		TEST(test_nobody_makes_himself_popular), TEST(test_builtin_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
