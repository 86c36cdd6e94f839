/* test_role.c: resolvers and proxies among the clients: who is one, who is not, and what it changes. */
#include "detect/verdict.h"
#include "profile/role.h"
#include "profiles.h"
#include "support/buf.h"

#define S PROFILES_S
#define T PROFILES_START
#define RESOLVER "192.0.2.53" /* whom exchange_query() asks */
#define PROXY "192.0.2.80"    /* where exchange_request() goes */

static void numbered(char ip[16], unsigned int i)
{
	snprintf(ip, 16, "198.51.100.%u", i);
}

/* A client asks the resolver, which asks on the outside. */
static void resolve(struct profiles *p, const char *client, const char *domain)
{
	(void)profiles_query(p, client, domain, domain, T);
	(void)profiles_answer(p, client, domain, domain, 0, 300, (const char *const[]){ "203.0.113.1", NULL });
}

static void ask_outside(struct profiles *p, const char *domain)
{
	struct observation *o = &profiles_message;

	exchange_query(o);
	unit_ip(o->source.ip, RESOLVER);
	unit_ip(o->destination.ip, "203.0.113.53");
	o->dns.question = unit_text(domain);
	profiles_split(&o->dns.domain, domain, domain);
	o->time_ns = T;
	(void)profiles_add(p, o);
}

static void fetch(struct profiles *p, const char *client, bool absolute)
{
	struct observation *o = &profiles_message;

	exchange_request(o);
	unit_ip(o->source.ip, client);
	o->http.host = unit_text("www.example.org");
	profiles_split(&o->http.domain, "www.example.org", "example.org");
	o->http.host_in_target = absolute;
	o->time_ns = T;
	(void)profiles_add(p, o);
}

static enum client_role role(struct profiles *p, const char *client)
{
	const struct client_profile *c = profiles_find_client(p, CLIENT_ADDRESS, client);

	assert_non_null(c);
	return role_of(c);
}

static void test_a_resolver(void **state)
{
	struct profiles *p = profiles_of(1000, 1000, 1000, 0);
	char ip[16];

	for (unsigned int i = 1; i <= 3; i++) {
		ask_outside(p, "example.org");
		assert_int_equal(role(p, RESOLVER), ROLE_NONE); /* two others are not enough */
		for (unsigned int k = 0; k < 10; k++) {
			numbered(ip, i);
			resolve(p, ip, "example.org");
		}
	}
	assert_int_equal(role(p, RESOLVER), ROLE_RESOLVER);
	assert_int_equal(role(p, ip), ROLE_NONE);
	assert_string_equal(role_name(ROLE_RESOLVER), "resolver");
	assert_null(role_name(ROLE_NONE));
	profiles_free(p);
}

/* It answers from what it knows, and asks nobody: a server, not a client that speaks for others. */
static void test_a_name_server_is_no_client(void **state)
{
	struct profiles *p = profiles_of(1000, 1000, 1000, 0);
	char ip[16];

	for (unsigned int i = 1; i <= 9; i++) {
		numbered(ip, i);
		resolve(p, ip, "example.org");
	}
	assert_null(profiles_find_client(p, CLIENT_ADDRESS, RESOLVER));
	(void)profiles_request(p, RESOLVER, "www.example.org", "example.org", "/", T); /* it fetches something */
	for (unsigned int i = 1; i <= 9; i++) {
		numbered(ip, i);
		resolve(p, ip, "example.org");
	}
	assert_int_equal(role(p, RESOLVER), ROLE_NONE);
	profiles_free(p);
}

static void test_a_proxy(void **state)
{
	struct profiles *p = profiles_of(1000, 1000, 1000, 0);
	char ip[16];

	(void)profiles_request(p, PROXY, "www.example.org", "example.org", "/", T);
	for (unsigned int i = 1; i <= 9; i++) {
		numbered(ip, i);
		fetch(p, ip, false); /* a web server */
	}
	assert_int_equal(role(p, PROXY), ROLE_NONE);
	for (unsigned int i = 1; i <= 3; i++) {
		assert_int_equal(role(p, PROXY), ROLE_NONE);
		numbered(ip, i);
		fetch(p, ip, true);
	}
	assert_int_equal(role(p, PROXY), ROLE_PROXY);
	profiles_free(p);
}

/* One bot behind a resolver is one client that knows its domain, and not two. */
static void test_prevalence(void **state)
{
	struct profiles *p = profiles_of(1000, 1000, 1000, 0);
	char ip[16];

	for (unsigned int i = 1; i <= 4; i++) {
		numbered(ip, i);
		resolve(p, ip, "example.org");
		ask_outside(p, "example.org");
	}
	resolve(p, "198.51.100.66", "cc.example");
	ask_outside(p, "cc.example");
	assert_true(distinct_count(&profiles_find_domain(p, "cc.example")->clients) == 1);
	assert_non_null(profiles_find_pair(p, CLIENT_ADDRESS, RESOLVER, "cc.example")); /* it is profiled all the same */
	assert_true(distinct_count(&profiles_find_domain(p, "example.org")->clients) == 5); /* known before its role */
	profiles_free(p);
}

static void test_restart_and_join(void **state)
{
	struct profiles *p = profiles_of(1000, 1000, 1000, 0), *q = profiles_of(1000, 1000, 1000, 0);
	struct buf bytes = { 0 }, again = { 0 };
	struct client_profile *c;
	char ip[16];

	for (unsigned int i = 1; i <= 3; i++) {
		numbered(ip, i);
		ask_outside(p, "example.org");
		resolve(p, ip, "example.org");
		ask_outside(q, "example.org");
	}
	profile_pack_client(profiles_find_client(p, CLIENT_ADDRESS, RESOLVER), &bytes);
	assert_int_equal(profiles_load_client(q, CLIENT_ADDRESS, RESOLVER, bytes.data, bytes.len), 0); /* joined */
	c = profiles_find_client(q, CLIENT_ADDRESS, RESOLVER);
	assert_int_equal(role_of(c), ROLE_RESOLVER);
	profiles_free(q);
	q = profiles_of(1000, 1000, 1000, 0);
	assert_int_equal(profiles_load_client(q, CLIENT_ADDRESS, RESOLVER, bytes.data, bytes.len), 0);
	profiles_loaded(q);
	profile_pack_client(profiles_find_client(q, CLIENT_ADDRESS, RESOLVER), &again);
	assert_int_equal(again.len, bytes.len);
	assert_memory_equal(again.data, bytes.data, bytes.len);
	buf_free(&bytes);
	buf_free(&again);
	profiles_free(p);
	profiles_free(q);
}

/* What a resolver or proxy is told of is one step less severe, and never below the least. */
static void test_severity(void **state)
{
	struct client_profile c = { .queries = 1, .kind = CLIENT_ADDRESS };
	struct domain_profile d = { 0 };
	struct pair_profile pair = { .client = &c, .domain = &d };
	struct verdict v = { .score = 0.99 };
	struct anomaly a = { .client = &c, .pair = &pair, .verdict = &v };

	assert_int_equal(anomaly_severity(&a), 73);
	c.asked_by.n = ROLE_LEAST;
	assert_int_equal(anomaly_severity(&a), 47);
	v.score = 0.5;
	assert_int_equal(anomaly_severity(&a), SEVERITY_LEAST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_resolver),  cmocka_unit_test(test_a_name_server_is_no_client),
		cmocka_unit_test(test_a_proxy),	    cmocka_unit_test(test_prevalence),
		cmocka_unit_test(test_restart_and_join), cmocka_unit_test(test_severity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
