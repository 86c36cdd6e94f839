/* test_judge.c: clients at domains, judged by the model that comes with the program: what is told, and what is not. */
#include "detect/judge.h"
#include "detect/model.h"
#include "intel/intel.h"
#include "profiles.h"

#define S PROFILES_S
#define HOUR (3600 * S)
#define START PROFILES_START
#define BOT "192.0.2.66"

struct bench {
	struct config config;
	struct profiles *p;
	struct judge *judge;
	struct intel *intel;
	struct anomaly told;
	unsigned int n_told;
	uint64_t told_at;
};

static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	char error[512];

	assert_int_equal(config_init(&b->config), 0);
	b->p = profiles_of(1000, 1000, 1000, 0);
	b->judge = judge_new(&b->config, model_load("", error, sizeof(error)));
	assert_non_null(b->judge);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	profiles_free(b->p);
	judge_free(b->judge);
	config_free(&b->config);
	intel_free(b->intel);
	free(b);
	return 0;
}

static struct pair_profile *ask(struct bench *b, const char *client, const char *domain, const char *target, uint64_t ns)
{
	struct pair_profile *pair = profiles_request(b->p, client, domain, domain, target, ns);

	assert_non_null(pair);
	if (judge_message(b->judge, b->p, pair, &profiles_message, b->intel, &b->told) == JUDGE_TELL) {
		b->n_told++;
		b->told_at = ns;
	}
	return pair;
}

/* n requests, a period apart, jitter parts of it more or less. */
static struct pair_profile *beacon(struct bench *b, const char *client, const char *domain, unsigned int n,
				   uint64_t period_ns, double jitter, uint64_t from)
{
	struct pair_profile *pair = NULL;
	unsigned int seed = 7;

	for (unsigned int i = 0; i < n; i++) {
		pair = ask(b, client, domain, "/gate", from);
		from += period_ns * (1 + jitter * (2.0 * rand_r(&seed) / RAND_MAX - 1));
	}
	return pair;
}

/* Pages of a reader: gaps of seconds, minutes, and a night. */
static struct pair_profile *reader(struct bench *b, const char *client, const char *domain, uint64_t from)
{
	static const unsigned int gaps[] = { 4, 41, 9, 130, 17, 3, 260, 25, 7, 1900, 12, 66, 5, 33, 40000, 18, 90, 6 };
	struct pair_profile *pair = NULL;
	char target[64];

	for (size_t i = 0; i < COUNT(gaps); i++) {
		snprintf(target, sizeof(target), "/%.*s", (int)(3 + i * 5 % 37), "an-article-about-something-or-other-of-today");
		pair = ask(b, client, domain, target, from);
		from += gaps[i] * S;
	}
	return pair;
}

/* A network in which everybody asks for something. */
static void others(struct bench *b, unsigned int n, uint64_t ns)
{
	char ip[32];

	for (unsigned int i = 1; i <= n; i++) {
		snprintf(ip, sizeof(ip), "198.51.100.%u", i);
		(void)profiles_query(b->p, ip, "www.example.com", "example.com", ns);
	}
}

static const struct evidence *evidence(const struct bench *b, const char *name)
{
	const struct verdict *v = b->told.verdict;

	for (size_t i = 0; i < v->n; i++)
		if (!strcmp(v->evidence[i].name, name))
			return &v->evidence[i];
	fail_msg("no evidence named %s", name);
	return NULL;
}

static void test_a_beacon_is_told_once(void **state)
{
	struct bench *b = *state;
	struct pair_profile *pair = beacon(b, BOT, "cc.example", 40, 120 * S, 0.1, START);
	double sum = 0;

	assert_int_equal(b->n_told, 1);
	assert_int_equal(pair->state.judgement, JUDGED_SUSPICIOUS);
	assert_int_equal(pair->client->flagged, 1);
	assert_ptr_equal(b->told.pair, pair);
	assert_int_equal(b->told.verdict->stages, 1 << STAGE_HTTP | 1 << STAGE_DNS);
	assert_true(b->told.verdict->score >= b->told.verdict->threshold);
	assert_true(evidence(b, "gap_cv")->triggered);
	assert_true(evidence(b, "gap_cv")->value < 0.1);
	assert_true(evidence(b, "gap_cv")->value < evidence(b, "gap_cv")->threshold);
	assert_false(evidence(b, "clients")->known); /* there is but one */
	assert_false(evidence(b, "networks")->known); /* no answer was seen */
	for (size_t i = 0; i < b->told.verdict->n; i++)
		sum += b->told.verdict->evidence[i].share;
	assert_true(fabs(sum - 1) < 1e-9);
}

/* Said with what is suspicious, and no part of the score. */
static void test_how_clear_the_rhythm_is(void **state)
{
	struct bench *b = *state;

	(void)beacon(b, BOT, "cc.example", 12, 60 * S, 0.05, START + HOUR);
	assert_int_equal(b->n_told, 1);
	assert_true(evidence(b, "fisher_g")->triggered && evidence(b, "fisher_g")->p < 1e-3);
	assert_true(evidence(b, "autocorrelation")->triggered);
	assert_true(evidence(b, "fisher_g")->share == 0 && evidence(b, "autocorrelation")->share == 0);
}

static void test_eleven_checkins_are_too_few(void **state)
{
	struct bench *b = *state;

	assert_int_equal(beacon(b, BOT, "cc.example", 11, 120 * S, 0, START)->state.judgement, JUDGED_UNKNOWN);
	assert_int_equal(b->n_told, 0);
	assert_int_equal(ask(b, BOT, "cc.example", "/gate", START + 11 * 120 * S)->state.judgement, JUDGED_SUSPICIOUS);
	assert_int_equal(b->n_told, 1);
}

/* Three requests within a second are one check-in. */
static void test_bursts_are_one_checkin(void **state)
{
	struct bench *b = *state;

	for (unsigned int i = 0; i < 8; i++)
		for (unsigned int k = 0; k < 3; k++)
			(void)ask(b, BOT, "cc.example", "/gate", START + i * 300 * S + k * S / 4);
	assert_int_equal(b->n_told, 0);
	for (unsigned int i = 8; i < 12; i++)
		(void)ask(b, BOT, "cc.example", "/gate", START + i * 300 * S);
	assert_int_equal(b->n_told, 1);
}

static void test_a_reader_is_ordinary(void **state)
{
	struct bench *b = *state;

	assert_int_equal(reader(b, BOT, "news.example", START)->state.judgement, JUDGED_ORDINARY);
	assert_int_equal(b->n_told, 0);
}

static void test_a_night_asleep(void **state)
{
	struct bench *b = *state;

	(void)beacon(b, BOT, "cc.example", 11, 60 * S, 0.2, START);
	(void)beacon(b, BOT, "cc.example", 20, 60 * S, 0.2, START + 10 * HOUR);
	assert_int_equal(b->n_told, 1);
	assert_false(evidence(b, "gap_cv")->triggered);
	assert_true(evidence(b, "gap_spread")->triggered);
}

/* Every hour or so at random, day and night for `days`, among so many others. */
static void at_random(struct bench *b, unsigned int n_others, unsigned int days)
{
	static const unsigned int minutes[] = { 3, 170, 12, 95, 1, 60, 200, 7, 30, 150, 4, 45, 110, 2, 80 };
	uint64_t at = START;

	for (unsigned int i = 0; at < START + days * 24 * HOUR; i++) {
		others(b, n_others, at);
		(void)ask(b, "192.0.2.1", "cc.example", "/gate", at);
		at += minutes[i * 7 % COUNT(minutes)] * 60 * S;
	}
}

/* No rhythm, but no person either. */
static void test_day_and_night(void **state)
{
	struct bench *b = *state;

	at_random(b, 40, 3);
	assert_int_equal(b->n_told, 1);
	assert_true(evidence(b, "persistence_4h")->triggered && evidence(b, "persistence_4h")->value >= 0.9);
	assert_true(evidence(b, "persistence_4h")->share > 0.3);
	assert_true(b->told_at >= START + 36 * HOUR);
	assert_false(evidence(b, "fisher_g")->triggered || evidence(b, "autocorrelation")->triggered);
}

static void test_day_and_night_on_one_host(void **state)
{
	struct bench *b = *state;

	at_random(b, 0, 3);
	assert_int_equal(b->n_told, 0);
}

static void test_a_day_is_too_little_for_day_and_night(void **state)
{
	struct bench *b = *state;

	at_random(b, 40, 1);
	assert_int_equal(b->n_told, 0);
}

static void test_nothing_in_the_first_minutes(void **state)
{
	struct bench *b = *state;

	assert_int_equal(beacon(b, BOT, "cc.example", 28, 10 * S, 0, START)->state.judgement, JUDGED_UNKNOWN);
	assert_int_equal(b->n_told, 0);
	assert_int_equal(beacon(b, BOT, "cc.example", 20, 10 * S, 0, START + 280 * S)->state.judgement, JUDGED_SUSPICIOUS);
	assert_true(b->told_at >= START + 300 * S);
}

/* In a network, a domain that everybody asks for is software's; whether few do is known after a day. */
static void test_who_else_asks(void **state)
{
	struct bench *b = *state;

	others(b, 60, START);
	assert_int_equal(beacon(b, BOT, "rare.example", 30, 600 * S, 0.1, START)->state.judgement, JUDGED_UNKNOWN);
	assert_int_equal(b->n_told, 0);
	for (unsigned int i = 1; i <= 8; i++) {
		char ip[32];

		snprintf(ip, sizeof(ip), "198.51.100.%u", i);
		(void)beacon(b, ip, "update.example", 20, 600 * S, 0.1, START);
	}
	assert_int_equal(profiles_find_pair(b->p, CLIENT_ADDRESS, "198.51.100.1", "update.example")->state.judgement,
			 JUDGED_UNKNOWN); /* nobody else was there yet */
	assert_int_equal(profiles_find_pair(b->p, CLIENT_ADDRESS, "198.51.100.8", "update.example")->state.judgement,
			 JUDGED_SOFTWARE);
	others(b, 60, START + 25 * HOUR);
	assert_int_equal(beacon(b, BOT, "rare.example", 10, 600 * S, 0.1, START + 25 * HOUR)->state.judgement,
			 JUDGED_SUSPICIOUS);
	assert_int_equal(b->n_told, 1);
	assert_true(evidence(b, "clients")->triggered);
	assert_true(evidence(b, "clients")->known);
	assert_int_equal(beacon(b, "198.51.100.8", "update.example", 10, 600 * S, 0.1, START + 25 * HOUR)->state.judgement,
			 JUDGED_SOFTWARE);
	assert_int_equal(b->n_told, 1);
}

/* A bot from the sensor's second hour on, for `hours`, among so many who are there all the time. */
static void on_the_first_day(struct bench *b, unsigned int n_others, uint64_t period_s, unsigned int hours)
{
	others(b, n_others, START);
	for (uint64_t at = 3600; at < 3600 * (uint64_t)hours; at += period_s) {
		(void)ask(b, BOT, "cc.example", "/gate", START + at * S);
		if (at % 1800 < period_s)
			others(b, n_others, START + at * S + S);
	}
}

/* After half of it, where eight gaps went by in which 22 others for each that asks could have asked. */
static void test_the_first_day(void **state)
{
	struct bench *b = *state;

	on_the_first_day(b, 45, 300, 16);
	assert_int_equal(b->n_told, 1);
	assert_true(b->told_at >= START + 12 * HOUR && b->told_at < START + 14 * HOUR);
}

static void test_half_of_the_first_day(void **state)
{
	on_the_first_day(*state, 45, 300, 12);
	assert_int_equal(((struct bench *)*state)->n_told, 0);
}

static void test_too_few_others_on_the_first_day(void **state)
{
	on_the_first_day(*state, 20, 300, 23);
	assert_int_equal(((struct bench *)*state)->n_told, 0);
}

/* Two infected hosts of twenty are few, three are not; of nineteen one is. */
static unsigned int told_of(struct bench *b, unsigned int infected, unsigned int n_clients)
{
	char ip[32];

	b->n_told = 0;
	others(b, n_clients, START);
	for (unsigned int i = 1; i <= infected; i++) {
		snprintf(ip, sizeof(ip), "198.51.100.%u", i);
		(void)beacon(b, ip, "cc.example", 15, 120 * S, 0.1, START);
	}
	others(b, n_clients, START + 25 * HOUR);
	for (unsigned int i = 1; i <= infected; i++) {
		snprintf(ip, sizeof(ip), "198.51.100.%u", i);
		(void)beacon(b, ip, "cc.example", 15, 120 * S, 0.1, START + 25 * HOUR);
	}
	profiles_free(b->p);
	b->p = profiles_of(1000, 1000, 1000, 0);
	return b->n_told;
}

static void test_a_pair_of_hosts(void **state)
{
	assert_int_equal(told_of(*state, 2, 20), 2);
	assert_int_equal(told_of(*state, 3, 20), 0);
	assert_int_equal(told_of(*state, 2, 19), 0);
	assert_int_equal(told_of(*state, 1, 19), 1);
}

/* A client goes through a list: n domains, each a second after the one before, every half an hour. others_too: another
 * client knows the last; late_s: all but the first so much later. Returns how many alerts that makes. */
static unsigned int told_of_a_list(struct bench *b, unsigned int n, bool others_too, unsigned int late_s)
{
	static const char *const address[] = { "203.0.113.80", NULL };
	char domain[32];

	b->n_told = 0;
	for (unsigned int turn = 0; turn < 58; turn++) /* more than a day, less than an alert again */
		for (unsigned int i = 0; i < n; i++) {
			uint64_t at = START + (turn * 1800 + i + (i ? late_s : 0)) * S;

			snprintf(domain, sizeof(domain), "feed%u.example", i);
			(void)profiles_query(b->p, BOT, domain, domain, at);
			(void)profiles_answer(b->p, BOT, domain, domain, 0, 300, address);
			(void)ask(b, BOT, domain, "/feed.xml", at);
			if (others_too)
				(void)profiles_query(b->p, "192.0.2.9", domain, domain, at + S / 2);
		}
	profiles_free(b->p);
	b->p = profiles_of(1000, 1000, 1000, 0);
	return b->n_told;
}

static void test_a_list_of_domains(void **state)
{
	assert_int_equal(told_of_a_list(*state, 1, true, 0), 1);
	assert_int_equal(told_of_a_list(*state, 3, true, 0), 1); /* two others: a bot and its spare servers, one story */
	assert_int_equal(told_of_a_list(*state, 4, true, 0), 0);
	assert_int_equal(told_of_a_list(*state, 4, false, 0), 1); /* nobody else knows any of them */
	assert_int_equal(told_of_a_list(*state, 5, true, 600), 1); /* the first comes at another time than the rest */
}

static void test_an_old_domain(void **state)
{
	struct bench *b = *state;

	(void)ask(b, "192.0.2.1", "old.example", "/", START - 31 * 24 * HOUR);
	assert_int_equal(beacon(b, BOT, "old.example", 40, 120 * S, 0, START)->state.judgement, JUDGED_SOFTWARE);
	(void)ask(b, "192.0.2.1", "young.example", "/", START - 29 * 24 * HOUR);
	assert_int_equal(beacon(b, BOT, "young.example", 40, 120 * S, 0, START)->state.judgement, JUDGED_SUSPICIOUS);
	assert_int_equal(b->n_told, 1);
}

/* More of the same is no news, however long it goes on. */
static void test_not_told_again_without_new_evidence(void **state)
{
	struct bench *b = *state;

	(void)beacon(b, BOT, "cc.example", 2000, 300 * S, 0.1, START); /* a week */
	assert_int_equal(b->n_told, 1);
}

/* A rhythm so much clearer that chance is a tenth of what it was: told again, once, and after the window. */
static void test_told_again_when_the_score_rises(void **state)
{
	struct bench *b = *state;
	struct pair_profile *pair = beacon(b, BOT, "cc.example", 30, 300 * S, 0.5, START);
	double first = pair->state.told_score;

	assert_int_equal(b->n_told, 1);
	(void)beacon(b, BOT, "cc.example", 270, 300 * S, 0, START + 30 * 300 * S);
	assert_int_equal(b->n_told, 1); /* within the day */
	(void)beacon(b, BOT, "cc.example", 2000, 300 * S, 0, START + 300 * 300 * S);
	assert_int_equal(b->n_told, 2);
	assert_true(1 - pair->state.told_score <= (1 - first) / 10);
}

/* A feature of the score that was inside its limit when it was told: here the domain's answers begin to change. */
static void test_told_again_for_another_feature(void **state)
{
	struct bench *b = *state;
	struct pair_profile *pair = beacon(b, BOT, "cc.example", 300, 300 * S, 0, START);

	assert_int_equal(b->n_told, 1);
	for (unsigned int i = 0; i < 40; i++) {
		char ip[4][16];
		const char *addresses[5] = { ip[0], ip[1], ip[2], ip[3], NULL };

		for (unsigned int k = 0; k < 4; k++)
			snprintf(ip[k], sizeof(ip[k]), "%u.%u.0.1", 20 + i, k);
		(void)profiles_answer(b->p, BOT, "cc.example", "cc.example", 0, 60, addresses);
	}
	assert_int_equal(b->n_told, 1);
	(void)beacon(b, BOT, "cc.example", 40, 300 * S, 0, START + 300 * 300 * S);
	assert_int_equal(b->n_told, 2);
	assert_true(evidence(b, "networks")->triggered);
	assert_true(pair->state.told_ns > START + 24 * HOUR);
	(void)beacon(b, BOT, "cc.example", 1000, 300 * S, 0, START + 340 * 300 * S);
	assert_int_equal(b->n_told, 2);
}

/* The clock goes back behind the last alert: that is no window that is over. */
static void test_not_told_again_in_the_past(void **state)
{
	struct bench *b = *state;
	struct pair_profile *pair = beacon(b, BOT, "cc.example", 12, 300 * S, 0, START + 48 * HOUR);

	assert_int_equal(b->n_told, 1);
	pair->state.told_evidence = 0; /* whatever comes is new */
	pair->state.next_checkins = 0;
	(void)ask(b, BOT, "cc.example", "/gate", START + 2 * HOUR);
	assert_int_equal(pair->state.judgement, JUDGED_SUSPICIOUS);
	assert_int_equal(b->n_told, 1);
}

static void test_severity(void **state)
{
	static const struct {
		double score;
		unsigned int severity;
	} rows[] = { { 0, 21 }, { 0.9, 47 }, { 0.99, 73 }, { 0.999, 99 }, { 0.9999, 99 }, { 1, 99 }, { 0.5, 28 } };
	unsigned int last = 0;

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(severity_of_score(rows[i].score), rows[i].severity);
	for (unsigned int i = 0; i <= 100000; i++) {
		unsigned int now = severity_of_score(i / 1e5);

		assert_true(now >= last && now <= 99);
		last = now;
	}
	assert_int_equal(severity_of_score(NAN), 99); /* what cannot be said is not played down */
}

/* Of lists, one that knows the domain and one that is sure that it is good. */
static struct intel *lists_of(struct bench *b, const char *name, bool allow)
{
	char path[] = "/tmp/metsuke-judge-XXXXXX";
	int fd = mkstemp(path);
	struct intel *in;

	dprintf(fd, "%s\n", name);
	close(fd);
	assert_int_equal(config_add_intel(&b->config, path), 0);
	b->config.lists.item[0].allow = allow;
	in = intel_load(&b->config, 1);
	unlink(path);
	assert_non_null(in);
	return in;
}

static void test_an_exception_is_not_suspicious(void **state)
{
	struct bench *b = *state;

	b->intel = lists_of(b, "update.example", true);
	assert_int_equal(beacon(b, BOT, "update.example", 40, 120 * S, 0, START)->state.judgement, JUDGED_SOFTWARE);
	assert_int_equal(b->n_told, 0);
	(void)beacon(b, BOT, "updates.example", 40, 120 * S, 0, START);
	assert_int_equal(b->n_told, 1);
}

static void test_what_is_listed_is_not_judged(void **state)
{
	struct bench *b = *state;
	struct pair_profile *pair = ask(b, BOT, "cc.example", "/", START);

	judge_listed(b->judge, b->p, pair, START);
	judge_listed(b->judge, b->p, pair, START);
	assert_int_equal(pair->client->flagged, 1);
	(void)beacon(b, BOT, "cc.example", 40, 120 * S, 0, START);
	assert_int_equal(pair->state.judgement, JUDGED_LISTED);
	assert_int_equal(b->n_told, 0);
}

/* A bot that turns into something else is no longer suspicious, and its client no longer flagged. */
static void test_a_verdict_is_revisited(void **state)
{
	struct bench *b = *state;
	struct pair_profile *pair = beacon(b, BOT, "cc.example", 14, 120 * S, 0, START);

	assert_int_equal(pair->client->flagged, 1);
	for (unsigned int i = 0; i < 8; i++)
		(void)reader(b, BOT, "cc.example", START + (i + 1) * 24 * HOUR);
	assert_int_equal(pair->state.judgement, JUDGED_ORDINARY);
	assert_int_equal(pair->client->flagged, 0);
}

/* However many rhythms a host makes up, the second has its bound, and none is forgotten. */
static void test_the_bound_of_a_second(void **state)
{
	struct bench *b = *state;
	char domain[32];

	profiles_free(b->p);
	b->p = profiles_of(4000, 4000, 100, 0);
	for (unsigned int t = 0; t < 13; t++)
		for (unsigned int i = 0; i < 3000; i++) {
			snprintf(domain, sizeof(domain), "d%u.example", i);
			(void)ask(b, BOT, domain, "/", START + t * 120 * S);
		}
	assert_int_equal(judge_counts(b->judge).judged, 3000);
	assert_int_equal(judge_counts(b->judge).postponed, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(test_a_beacon_is_told_once),	  TEST(test_eleven_checkins_are_too_few),
		TEST(test_bursts_are_one_checkin),	  TEST(test_a_reader_is_ordinary),
		TEST(test_a_night_asleep),		  TEST(test_nothing_in_the_first_minutes),
		TEST(test_who_else_asks),		  TEST(test_an_old_domain),
		TEST(test_not_told_again_without_new_evidence), TEST(test_told_again_when_the_score_rises),
		TEST(test_told_again_for_another_feature), TEST(test_not_told_again_in_the_past),
		TEST(test_severity),			  TEST(test_an_exception_is_not_suspicious),
		TEST(test_what_is_listed_is_not_judged),  TEST(test_a_verdict_is_revisited),
		TEST(test_the_bound_of_a_second),	  TEST(test_a_pair_of_hosts),
		TEST(test_the_first_day),		  TEST(test_half_of_the_first_day),
		TEST(test_too_few_others_on_the_first_day),
		TEST(test_a_list_of_domains),		  TEST(test_day_and_night), TEST(test_how_clear_the_rhythm_is),
		TEST(test_day_and_night_on_one_host),	  TEST(test_a_day_is_too_little_for_day_and_night),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
