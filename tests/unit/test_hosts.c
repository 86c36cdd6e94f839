/* test_hosts.c: what each client has asked, and what of it is told to the map. */
#include "profile/hosts.h"

#include "exchange.h"

static struct hosts *hosts;
static struct observation o;

struct told {
	unsigned int n_put, n_drop;
	struct host_key put_key, drop_key;
	struct host_counts counts;
};

static int set_up(void **state)
{
	hosts = hosts_new();
	return hosts ? 0 : -1;
}

static int tear_down(void **state)
{
	hosts_free(hosts);
	return 0;
}

static void on_put(void *ctx, const struct host_key *key, const struct host_counts *counts)
{
	struct told *told = ctx;

	told->n_put++;
	told->put_key = *key;
	told->counts = *counts;
}

static void on_drop(void *ctx, const struct host_key *key)
{
	struct told *told = ctx;

	assert_int_equal(told->n_put, 0); /* room is made before it is taken */
	told->n_drop++;
	told->drop_key = *key;
}

static struct told sync_all(void)
{
	struct told told = { 0 };

	hosts_sync(hosts, on_put, on_drop, &told);
	return told;
}

/* The client with this number asks. */
static void ask(unsigned int n)
{
	exchange_query(&o);
	memcpy(o.source.ip + 12, &n, 4);
	hosts_add(hosts, &o);
}

static void test_counts(void **state)
{
	struct told told;

	exchange_query(&o);
	hosts_add(hosts, &o);
	hosts_add(hosts, &o);
	exchange_response(&o);
	hosts_add(hosts, &o);
	o.dns.rcode = 3;
	hosts_add(hosts, &o);
	o.dns.rcode = 2; /* SERVFAIL is no NXDOMAIN */
	hosts_add(hosts, &o);
	exchange_request(&o);
	o.time_ns -= 5; /* older: the last sight stays */
	hosts_add(hosts, &o);
	told = sync_all();
	assert_int_equal(told.n_put, 1);
	assert_int_equal(told.n_drop, 0);
	assert_memory_equal(told.put_key.ip, o.source.ip, 16);
	assert_int_equal(told.counts.dns_queries, 2);
	assert_int_equal(told.counts.nxdomain, 1);
	assert_int_equal(told.counts.http_requests, 1);
	assert_int_equal(told.counts.last_seen_ns, EXCHANGE_NS + 1000000);
	assert_int_equal(hosts_count(hosts), 1);
}

static void test_only_changed_ones_are_told(void **state)
{
	struct told told;

	for (unsigned int i = 0; i < 10; i++)
		ask(i);
	assert_int_equal(sync_all().n_put, 10);
	assert_int_equal(sync_all().n_put, 0);
	ask(4);
	told = sync_all();
	assert_int_equal(told.n_put, 1);
	assert_int_equal(told.counts.dns_queries, 2);
	assert_int_equal(told.put_key.ip[12], 4);
}

static void test_eviction(void **state)
{
	struct told told;

	for (unsigned int i = 0; i < HOSTS_MAX; i++)
		ask(i);
	assert_int_equal(hosts_count(hosts), HOSTS_MAX);
	assert_int_equal(hosts_evicted(hosts), 0);
	assert_int_equal(sync_all().n_put, HOSTS_MAX);
	ask(0); /* 1 is the one silent for longest now */
	ask(HOSTS_MAX);
	assert_int_equal(hosts_count(hosts), HOSTS_MAX);
	assert_int_equal(hosts_evicted(hosts), 1);
	told = sync_all();
	assert_int_equal(told.n_drop, 1);
	assert_int_equal(told.n_put, 2);
	assert_int_equal(told.drop_key.ip[12], 1);
	/* It comes back with fresh counts. */
	ask(1);
	told = sync_all();
	assert_int_equal(told.n_drop, 1);
	assert_int_equal(told.counts.dns_queries, 1);
}

/* The map as the kernel would have it, by client number. */
static bool in_map[4 * HOSTS_MAX];
static unsigned int map_size, map_refused;

static unsigned int client(const struct host_key *key)
{
	unsigned int n;

	memcpy(&n, key->ip + 12, 4);
	return n;
}

static void map_put(void *ctx, const struct host_key *key, const struct host_counts *counts)
{
	bool *there = &in_map[client(key)];

	if (!*there && map_size == HOSTS_MAX) {
		map_refused++;
		return;
	}
	map_size += !*there;
	*there = true;
}

static void map_drop(void *ctx, const struct host_key *key)
{
	map_size -= in_map[client(key)];
	in_map[client(key)] = false;
}

/* A flood of new clients between two syncs leaves nothing behind that is never taken out. */
static void test_the_map_follows(void **state)
{
	for (unsigned int i = 0; i < HOSTS_MAX; i++)
		ask(i);
	hosts_sync(hosts, map_put, map_drop, NULL);
	for (unsigned int i = HOSTS_MAX; i < 4 * HOSTS_MAX; i++)
		ask(i);
	assert_int_equal(hosts_count(hosts), HOSTS_MAX);
	assert_int_equal(hosts_evicted(hosts), 3 * HOSTS_MAX);
	hosts_sync(hosts, map_put, map_drop, NULL);
	assert_int_equal(map_refused, 0);
	assert_int_equal(map_size, HOSTS_MAX);
	for (unsigned int i = 0; i < 4 * HOSTS_MAX; i++)
		assert_int_equal(in_map[i], i >= 3 * HOSTS_MAX);
	assert_int_equal(sync_all().n_put, 0);
}

#define with_hosts(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_hosts(test_counts),
		with_hosts(test_only_changed_ones_are_told),
		with_hosts(test_eviction),
		with_hosts(test_the_map_follows),
	};

	return cmocka_run_group_tests_name("hosts", tests, NULL, NULL);
}
