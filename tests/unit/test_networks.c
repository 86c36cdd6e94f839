/* test_networks.c: address ranges. */
#include "observe/networks.h"

#include "unit.h"

static struct networks *make(const char *const *items, size_t n)
{
	struct config_list list = { 0 };
	struct networks *networks;

	for (size_t i = 0; i < n; i++)
		assert_int_equal(config_list_add(&list, items[i]), 0);
	networks = networks_new(&list);
	config_list_clear(&list);
	return networks;
}

static void assert_contains(const char *range, const char *address, bool expected)
{
	struct networks *n = make(&range, 1);
	uint8_t ip[16];

	assert_non_null(n);
	unit_ip(ip, address);
	if (networks_contain(n, ip) != expected)
		fail_msg("%s %s %s", range, expected ? "does not contain" : "contains", address);
	networks_free(n);
}

static void test_edges(void **state)
{
	assert_contains("10.0.0.0/8", "10.0.0.0", true);
	assert_contains("10.0.0.0/8", "10.255.255.255", true);
	assert_contains("10.0.0.0/8", "9.255.255.255", false);
	assert_contains("10.0.0.0/8", "11.0.0.0", false);
	assert_contains("172.16.0.0/12", "172.31.255.255", true);
	assert_contains("172.16.0.0/12", "172.32.0.0", false);
	assert_contains("192.0.2.128/25", "192.0.2.127", false);
	assert_contains("192.0.2.128/25", "192.0.2.128", true);
	assert_contains("192.0.2.1/32", "192.0.2.1", true);
	assert_contains("192.0.2.1/32", "192.0.2.0", false);
	assert_contains("fe80::/10", "febf::1", true);
	assert_contains("fe80::/10", "fec0::1", false);
	assert_contains("2001:db8::1/128", "2001:db8::1", true);
	assert_contains("2001:db8::1/128", "2001:db8::", false);
}

static void test_everything_of_a_family(void **state)
{
	assert_contains("0.0.0.0/0", "198.51.100.7", true);
	assert_contains("0.0.0.0/0", "2001:db8::1", false);
	assert_contains("::/0", "2001:db8::1", true);
	assert_contains("::/0", "198.51.100.7", true); /* as ::ffff:0:0/96 */
}

/* An IPv4 range says nothing of an IPv6 address with the same bytes. */
static void test_families_apart(void **state)
{
	assert_contains("192.0.2.0/24", "::c000:201", false);
	assert_contains("192.0.2.0/24", "64:ff9b::c000:201", false);
}

static void test_host_bits_do_not_matter(void **state)
{
	assert_contains("10.1.2.3/8", "10.9.9.9", true);
}

static void test_several(void **state)
{
	static const char *const two[] = { "10.0.0.0/8", "fc00::/7" };
	struct networks *n = make(two, 2), *none = make(NULL, 0);
	uint8_t ip[16];

	unit_ip(ip, "fd00::1");
	assert_true(networks_contain(n, ip));
	assert_false(networks_contain(none, ip));
	unit_ip(ip, "192.0.2.1");
	assert_false(networks_contain(n, ip));
	networks_free(n);
	networks_free(none);
}

static void test_no_networks(void **state)
{
	static const char *const bad[] = { "",		  "10.0.0.0",	  "10.0.0.0/",	     "10.0.0.0/33",   "10.0.0/8",
					   "10.0.0.0/-1", "10.0.0.0/8x", "2001:db8::/129", "example.org/8", "/8",
					   "1.2.3.4.5/8", "10.0.0.256/8" };

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct said said;
		struct networks *n;

		said_start(&said);
		n = make(&bad[i], 1);
		said_end(&said);
		if (n)
			fail_msg("'%s' is taken for a network", bad[i]);
		assert_non_null(strstr(said.text, "is not a network"));
		assert_non_null(strstr(said.text, bad[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_everything_of_a_family),
		cmocka_unit_test(test_families_apart),
		cmocka_unit_test(test_host_bits_do_not_matter),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_no_networks),
	};

	return cmocka_run_group_tests_name("networks", tests, NULL, NULL);
}
