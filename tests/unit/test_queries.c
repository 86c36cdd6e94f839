/* test_queries.c: responses find their query, and only theirs. */
#include "observe/queries.h"

#include "exchange.h"

#define SECOND 1000000000ULL

static struct queries *q;
static struct observation o;
static const struct owner_key nobody;
static const struct owner_key somebody = { .start_ns = 7, .tgid = 42, .uid = 1000, .quality = OWNER_SOCKET };

static int set_up(void **state)
{
	q = queries_new(256);
	return q ? 0 : -1;
}

static int tear_down(void **state)
{
	queries_free(q);
	return 0;
}

static void add_query(void)
{
	exchange_query(&o);
	queries_add(q, &o, &nobody);
}

static void test_join(void **state)
{
	const struct query *found;

	exchange_query(&o);
	o.ifindex = 3;
	o.direction = DIRECTION_OUTBOUND;
	o.forwarded = true;
	memcpy(o.mac, "\2\0\0\0\0\1", 6);
	queries_add(q, &o, &somebody);
	exchange_response(&o);
	found = queries_find(q, &o);
	assert_non_null(found);
	assert_int_equal(found->time_ns, EXCHANGE_NS);
	assert_int_equal(found->owner.tgid, 42);
	assert_int_equal(found->bytes, 29);
	assert_int_equal(found->ifindex, 3);
	assert_int_equal(found->direction, DIRECTION_OUTBOUND);
	assert_true(found->forwarded);
	assert_memory_equal(found->mac, "\2\0\0\0\0\1", 6);
	assert_int_equal(found->client.port, 40000);
	/* A second response, as some servers send it. */
	o.time_ns += SECOND;
	assert_non_null(queries_find(q, &o));
}

static void test_nothing_asked(void **state)
{
	exchange_response(&o);
	assert_null(queries_find(q, &o));
}

static void test_near_misses(void **state)
{
	add_query();
	exchange_response(&o);
	o.dns.id ^= 1;
	assert_null(queries_find(q, &o));
	exchange_response(&o);
	o.dns.type = 28;
	assert_null(queries_find(q, &o));
	exchange_response(&o);
	o.dns.question = unit_text("example.or");
	assert_null(queries_find(q, &o));
	exchange_response(&o);
	o.dns.question = unit_text("example.orh");
	assert_null(queries_find(q, &o));
	exchange_response(&o);
	o.source.port++;
	assert_null(queries_find(q, &o));
	exchange_response(&o);
	o.destination.port++;
	assert_null(queries_find(q, &o));
	exchange_response(&o);
	unit_ip(o.source.ip, "192.0.2.2");
	assert_null(queries_find(q, &o));
	exchange_response(&o);
	unit_ip(o.destination.ip, "192.0.2.54");
	assert_null(queries_find(q, &o));
	exchange_response(&o);
	exchange_endpoints(&o, "192.0.2.53", 53, "192.0.2.1", 40000);
	assert_null(queries_find(q, &o));
	exchange_response(&o);
	assert_non_null(queries_find(q, &o));
}

static void test_duplicate_keeps_first_time(void **state)
{
	add_query();
	exchange_query(&o);
	o.time_ns += 2 * SECOND;
	queries_add(q, &o, &somebody); /* the first came before its socket was known */
	exchange_query(&o);
	o.time_ns += 3 * SECOND;
	queries_add(q, &o, &nobody);
	exchange_response(&o);
	o.time_ns += 3 * SECOND;
	assert_int_equal(queries_find(q, &o)->time_ns, EXCHANGE_NS);
	assert_int_equal(queries_find(q, &o)->owner.tgid, 42);
	assert_int_equal(queries_evicted(q), 0);
}

/* The same question from the same port with the same id, after its answer, is another lookup. */
static void test_asked_again_after_the_answer(void **state)
{
	add_query();
	exchange_response(&o);
	assert_non_null(queries_find(q, &o));
	exchange_query(&o);
	o.time_ns += 5 * SECOND;
	queries_add(q, &o, &nobody);
	exchange_response(&o);
	o.time_ns += 5 * SECOND;
	assert_int_equal(queries_find(q, &o)->time_ns, EXCHANGE_NS + 5 * SECOND);
	assert_int_equal(queries_evicted(q), 0);
}

static void test_timeout(void **state)
{
	add_query();
	exchange_response(&o);
	o.time_ns = EXCHANGE_NS + 30 * SECOND;
	assert_non_null(queries_find(q, &o));
	o.time_ns++;
	assert_null(queries_find(q, &o));
	/* A query after that is a new one. */
	exchange_query(&o);
	o.time_ns += 30 * SECOND + 1;
	queries_add(q, &o, &nobody);
	exchange_response(&o);
	o.time_ns += 31 * SECOND;
	assert_int_equal(queries_find(q, &o)->time_ns, EXCHANGE_NS + 30 * SECOND + 1);
	assert_int_equal(queries_evicted(q), 0);
}

/* A response cannot come before its query; captures may hold them so. */
static void test_response_before_query(void **state)
{
	add_query();
	exchange_response(&o);
	o.time_ns = EXCHANGE_NS;
	assert_non_null(queries_find(q, &o));
	o.time_ns = EXCHANGE_NS - 1;
	assert_null(queries_find(q, &o));
}

/* Many more lookups than there is room for: all of the last ones are there or counted. */
static void test_eviction_is_counted(void **state)
{
	enum { N = 5000 };
	unsigned int found = 0;

	for (int i = 0; i < N; i++) {
		exchange_query(&o);
		o.time_ns += i;
		o.dns.id = i;
		queries_add(q, &o, &nobody);
	}
	for (int i = 0; i < N; i++) {
		exchange_response(&o);
		o.dns.id = i;
		found += queries_find(q, &o) != NULL;
	}
	assert_int_equal(found + queries_evicted(q), N);
	assert_in_range(found, 200, 256);
	/* The newest is always there. */
	exchange_response(&o);
	o.dns.id = N - 1;
	assert_non_null(queries_find(q, &o));
}

/* What is too old to matter makes room without being counted. */
static void test_old_ones_make_room(void **state)
{
	for (int i = 0; i < 5000; i++) {
		exchange_query(&o);
		o.time_ns += i * 31 * SECOND;
		o.dns.id = i;
		queries_add(q, &o, &nobody);
	}
	assert_int_equal(queries_evicted(q), 0);
}

static void test_ipv6_and_no_question(void **state)
{
	exchange_query(&o);
	exchange_endpoints(&o, "2001:db8::1", 40000, "2001:db8::53", 53);
	o.dns.question = unit_text("");
	o.dns.has_question = false;
	queries_add(q, &o, &nobody);
	exchange_response(&o);
	exchange_endpoints(&o, "2001:db8::1", 40000, "2001:db8::53", 53);
	assert_null(queries_find(q, &o));
	o.dns.question = unit_text("");
	assert_non_null(queries_find(q, &o));
}

#define with_table(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_table(test_join),		   with_table(test_nothing_asked),
		with_table(test_near_misses),	   with_table(test_duplicate_keeps_first_time),
		with_table(test_asked_again_after_the_answer),
		with_table(test_timeout),	   with_table(test_response_before_query),
		with_table(test_eviction_is_counted), with_table(test_old_ones_make_room),
		with_table(test_ipv6_and_no_question),
	};

	return cmocka_run_group_tests_name("queries", tests, NULL, NULL);
}
