/* test_profile.c: one message into the profiles it belongs to, and the features that come of them. */
#include "capture/owner.h"
#include "profile/features.h"
#include "profiles.h"

#define A "192.0.2.1"
#define B "192.0.2.2"
#define S PROFILES_S
#define T PROFILES_START

static struct profiles *p;

static int set_up(void **state)
{
	p = profiles_of(100, 100, 100, 0);
	return 0;
}

static int tear_down(void **state)
{
	profiles_free(p);
	return 0;
}

static double value(const char *feature, const struct pair_profile *pair)
{
	enum feature_id id = feature_find(feature);

	assert_true(id < N_FEATURES);
	return feature_of_pair(id, pair, p).value;
}

static uint64_t samples(const char *feature, const struct pair_profile *pair)
{
	return feature_of_pair(feature_find(feature), pair, p).n;
}

#define assert_feature(pair, feature, expected)                                                                   \
	assert_true(fabs(value(feature, pair) - (expected)) <= 1e-9 * fmax(1, fabs((double)(expected))))
#define assert_no_feature(pair, feature) assert_true(isnan(value(feature, pair)))

static void test_queries(void **state)
{
	struct pair_profile *pair = profiles_query(p, A, "www.example.org", "example.org", T);

	assert_string_equal(pair->client->key, A);
	assert_int_equal(pair->client->kind, CLIENT_ADDRESS);
	assert_string_equal(pair->domain->key, "example.org");
	assert_ptr_equal(profiles_query(p, A, "api.example.org", "example.org", T + 60 * S), pair);
	assert_ptr_not_equal(profiles_query(p, B, "api.example.org", "example.org", T + 60 * S), pair);
	assert_ptr_not_equal(profiles_query(p, A, "example.net", "example.net", T + 90 * S), pair);
	assert_feature(pair, "queries", 2);
	assert_feature(pair, "dns_gap_mean_s", 60);
	assert_feature(pair, "requests", 0);
	assert_feature(pair, "names", 2);
	assert_feature(pair, "name_length_mean", 15);
	assert_feature(pair, "clients", 2);
	assert_feature(pair, "client_share", 1);
	assert_feature(pair, "client_domains", 2);
	assert_feature(pair, "age_s", 90);
	assert_no_feature(pair, "dns_gap_sd_s");
	assert_no_feature(pair, "gap_mean_s");
	assert_no_feature(pair, "urls");
	assert_no_feature(pair, "addresses_mean");
	assert_no_feature(pair, "nx_share");
	assert_int_equal(pair->domain->asked[ASKED_A], 3);
	assert_int_equal(profiles_now(p), T + 90 * S);
	assert_int_equal(profiles_since(p), T);
	assert_ptr_equal(profiles_find_pair(p, CLIENT_ADDRESS, A, "example.org"), pair);
	assert_null(profiles_find_pair(p, CLIENT_PROGRAM, A, "example.org"));
	assert_null(profiles_find_pair(p, CLIENT_ADDRESS, B, "example.net"));
}

/* Names that nobody can register are counted for their client, and make no domain; the near miss does. */
static void test_names_that_are_no_domains(void **state)
{
	assert_null(profiles_query(p, A, "4.3.2.1.in-addr.arpa", "1.in-addr.arpa", T));
	assert_null(profiles_query(p, A, "printer.local", "printer.local", T));
	assert_null(profiles_query(p, A, "wpad", NULL, T));
	assert_null(profiles_answer(p, A, "wpad", NULL, 3, 0, NULL));
	assert_int_equal(profiles_count(p).domains, 0);
	assert_int_equal(profiles_count(p).other_names, 4);
	assert_int_equal(profiles_find_client(p, CLIENT_ADDRESS, A)->other_names, 4);
	assert_int_equal(profiles_find_client(p, CLIENT_ADDRESS, A)->nxdomain, 0);
	assert_non_null(profiles_query(p, A, "printer.local.example", "local.example", T));
	assert_non_null(profiles_query(p, A, "arpa.example", "arpa.example", T));
	assert_non_null(profiles_query(p, A, "x.notlocal", "x.notlocal", T));
	assert_int_equal(profiles_count(p).other_names, 4);
}

static void test_syn_is_nothing(void **state)
{
	exchange_request(&profiles_message);
	profiles_message.kind = OBSERVED_SYN;
	assert_null(profiles_add(p, &profiles_message));
	assert_int_equal(profiles_count(p).clients, 0);
	assert_int_equal(profiles_now(p), 0);
}

static void test_clients(void **state)
{
	struct process process = { .name = (char *)"bot", .executable = (char *)"/usr/bin/bot" };
	struct pair_profile *pair;

	profiles_query(p, A, "example.org", "example.org", T);
	profiles_message.process = &process;
	pair = profiles_add(p, &profiles_message);
	assert_string_equal(pair->client->key, "/usr/bin/bot");
	assert_int_equal(pair->client->kind, CLIENT_PROGRAM);
	process.executable = NULL;
	assert_string_equal(profiles_add(p, &profiles_message)->client->key, "bot");
	process.name = NULL;
	assert_string_equal(profiles_add(p, &profiles_message)->client->key, A);
	/* A program with the name of an address is not that address. */
	process.name = (char *)A;
	assert_int_equal(profiles_add(p, &profiles_message)->client->kind, CLIENT_PROGRAM);
	assert_int_equal(profiles_count(p).clients, 4);
	assert_feature(pair, "clients", 4);
}

static void test_responses(void **state)
{
	static const char *const one[] = { "198.18.1.1", "198.18.1.2", NULL },
				 *const two[] = { "198.18.1.2", "198.19.0.1", NULL },
				 *const six[] = { "2001:db8::1", NULL };
	struct pair_profile *pair;

	assert_null(profiles_answer(p, A, "www.example.org", "example.org", 0, 300, one)); /* nobody asked */
	pair = profiles_query(p, A, "www.example.org", "example.org", T);
	assert_no_feature(pair, "fresh_mean");
	assert_ptr_equal(profiles_answer(p, A, "www.example.org", "example.org", 0, 60, two), pair);
	assert_ptr_equal(profiles_answer(p, A, "www.example.org", "example.org", 0, 60, NULL), pair);
	assert_feature(pair, "addresses_mean", 2);
	assert_int_equal(samples("addresses_mean", pair), 2);
	assert_feature(pair, "fresh_mean", 1); /* of one response: the first of all is no change */
	assert_int_equal(samples("fresh_mean", pair), 1);
	assert_feature(pair, "ttl_mean_s", 180);
	assert_feature(pair, "ttl_min_s", 60);
	assert_feature(pair, "ttl_sd_s", sqrt(2 * 120 * 120));
	assert_feature(pair, "ips", 3);
	assert_feature(pair, "networks", 2); /* 198.18/16 and 198.19/16 */
	assert_no_feature(pair, "systems");
	assert_feature(pair, "nx_share", 0);
	profiles_answer(p, A, "www.example.org", "example.org", 0, 0, six);
	assert_feature(pair, "networks", 3);
	assert_feature(pair, "ttl_min_s", 0);
	assert_int_equal(pair->domain->responses, 4);
	assert_int_equal(pair->client->responses, 4);
}

static void test_nxdomain(void **state)
{
	struct pair_profile *pair = profiles_ask_number(p, A, 0, T);

	for (unsigned int i = 0; i < 6; i++) {
		char name[32];

		snprintf(name, sizeof(name), "example-%u.org", i / 2);
		profiles_answer(p, A, name, name, i < 4 ? 3 : 2, 0, NULL); /* SERVFAIL is no NXDOMAIN */
	}
	assert_feature(pair, "client_nxdomain", 4);
	assert_feature(pair, "client_nx_domains", 2);
	assert_feature(pair, "client_nx_share", 4 / 6.0);
	assert_feature(pair, "nx_share", 1);
}

static void test_requests(void **state)
{
	struct pair_profile *pair = profiles_request(p, A, "www.example.org", "example.org", "/a", T);

	assert_no_feature(pair, "url_length_sd");
	profiles_request(p, A, "www.example.org", "example.org", "/a", T + 60 * S);
	profiles_request(p, A, "api.example.org", "example.org", "/a", T + 120 * S); /* another URL */
	profiles_request(p, A, "www.example.org", "example.org", "/bcde", T + 180 * S);
	profiles_message.http.method = unit_text("POST");
	profiles_message.http.agent = unit_text("Mozilla/5.0 (X11)");
	profiles_message.http.has_agent = true;
	profiles_message.time_ns = T + 240 * S;
	profiles_add(p, &profiles_message);
	profiles_message.http.agent = unit_text("Mozilla/5.0"); /* no browser says only that */
	profiles_message.http.method = unit_text("post");
	profiles_message.time_ns = T + 310 * S;
	assert_ptr_equal(profiles_add(p, &profiles_message), pair);
	assert_feature(pair, "requests", 6);
	assert_feature(pair, "urls", 3);
	assert_feature(pair, "url_length_mean", 3.5);
	assert_feature(pair, "url_length_sd", sqrt(6 * 2.25 / 5));
	assert_feature(pair, "agents", 3);
	assert_feature(pair, "no_agent_share", 4 / 6.0);
	assert_feature(pair, "browser_share", 1 / 6.0);
	assert_feature(pair, "get_share", 4 / 6.0);
	assert_feature(pair, "post_share", 1 / 6.0);
	assert_feature(pair, "checkins", 6);
	assert_feature(pair, "gap_mean_s", 62);
	assert_feature(pair, "gap_sd_s", sqrt(20));
	assert_feature(pair, "gap_cv", sqrt(20) / 62);
	assert_feature(pair, "gap_median_s", 60);
	assert_feature(pair, "gap_mad_s", 0);
	assert_int_equal(samples("gap_cv", pair), 5);
	assert_feature(pair, "pair_age_s", 310);
	assert_feature(pair, "clients", 1);
}

static void test_sites_without_a_name(void **state)
{
	assert_string_equal(profiles_request(p, A, "", NULL, "/", T)->domain->key, "192.0.2.80");
	assert_string_equal(profiles_request(p, A, "192.0.2.9", NULL, "/", T)->domain->key, "192.0.2.9");
	/* Dridex; then what may be a name, in any script. */
	assert_string_equal(profiles_request(p, A, "1qmm edu", NULL, "/", T)->domain->key, "192.0.2.80");
	assert_string_equal(profiles_request(p, A, "a/b", NULL, "/", T)->domain->key, "192.0.2.80");
	assert_string_equal(profiles_request(p, A, "b\xc3\xbc" "ro_1", NULL, "/", T)->domain->key, "b\xc3\xbc" "ro_1");
	assert_string_equal(profiles_request(p, A, "[2001:DB8:0::1]", NULL, "/", T)->domain->key, "2001:db8::1");
	assert_string_equal(profiles_request(p, A, "intranet", NULL, "/", T)->domain->key, "intranet");
	assert_string_equal(profiles_request(p, A, "intranet.", NULL, "/", T)->domain->key, "intranet");
	assert_string_equal(profiles_request(p, A, "1.2.3.4.5", NULL, "/", T)->domain->key, "1.2.3.4.5");
	assert_int_equal(profiles_count(p).domains, 6);
}

static void test_clocks_that_jump_back(void **state)
{
	struct pair_profile *pair = profiles_request(p, A, "a.example", "a.example", "/", T);

	profiles_request(p, A, "a.example", "a.example", "/", T - 3600 * S);
	profiles_request(p, A, "a.example", "a.example", "/", T + 60 * S);
	assert_int_equal(profiles_count(p).backwards, 1);
	assert_feature(pair, "gap_mean_s", 60);
	assert_int_equal(profiles_now(p), T + 60 * S);
	assert_int_equal(profiles_since(p), T - 3600 * S);
	assert_feature(pair, "pair_age_s", 3660);
}

static void test_persistence(void **state)
{
	struct pair_profile *pair = NULL;

	for (unsigned int hour = 0; hour < 12; hour++)
		pair = hour % 2 ? profiles_request(p, A, "a.example", "a.example", "/", T + 3600 * S * hour)
				: profiles_query(p, A, "a.example", "a.example", T + 3600 * S * hour);
	assert_feature(pair, "persistence_1h", 1); /* of either */
	assert_feature(pair, "persistence_4h", 0.4);
	assert_feature(pair, "persistence", 1);
	assert_int_equal(samples("persistence_1h", pair), 10);
	assert_int_equal(samples("persistence_4h", pair), 4);
	pair = profiles_query(p, B, "a.example", "a.example", T);
	assert_feature(pair, "persistence", 0.1);
	assert_int_equal(samples("persistence_1h", pair), 1);
}

static void test_every_feature_of_nothing(void **state)
{
	struct pair_profile *pair = profiles_query(p, A, "a.example", "a.example", T);

	for (unsigned int id = 0; id < N_FEATURES; id++) {
		struct measure m = feature_of_pair(id, pair, p);

		assert_int_equal(feature_find(features[id].name), id);
		assert_false(isinf(m.value));
		if (features[id].of != OF_DOMAIN)
			assert_true(isnan(feature_of_domain(id, pair->domain, p).value));
		if (features[id].of != OF_CLIENT)
			assert_true(isnan(feature_of_client(id, pair->client, p).value));
	}
	assert_int_equal(feature_find("no_such"), N_FEATURES);
}

#define with_profiles(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_profiles(test_queries),
		with_profiles(test_names_that_are_no_domains),
		with_profiles(test_syn_is_nothing),
		with_profiles(test_clients),
		with_profiles(test_responses),
		with_profiles(test_nxdomain),
		with_profiles(test_requests),
		with_profiles(test_sites_without_a_name),
		with_profiles(test_clocks_that_jump_back),
		with_profiles(test_persistence),
		with_profiles(test_every_feature_of_nothing),
	};

	return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
