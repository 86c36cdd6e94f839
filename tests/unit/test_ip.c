/* test_ip.c: addresses as text, as glibc writes them. */
#include "support/ip.h"

#include "unit.h"

static void assert_as_glibc(const uint8_t ip[16])
{
	char expected[INET6_ADDRSTRLEN], text[IP_TEXT + 1];

	assert_non_null(inet_ntop(AF_INET6, ip, expected, sizeof(expected)));
	text[ip6_text(ip, text)] = '\0';
	assert_string_equal(text, expected);
}

static void test_ip6(void **state)
{
	static const char *const known[] = { "::", "::1", "1::", "2001:db8::1", "2001:db8:0:1:1:1:1:1", "0:1::",
					     "::1:0:0:0:1:0", "1:0:0:2::", "1:0:0:2:3::", "::1.2.3.4",
					     "::ffff:1.2.3.4", "::fffe:1.2.3.4", "::0.0.1.0", "::1:0:0",
					     "fe80::1234:56ff:fe78:9abc", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" };
	uint8_t ip[16];

	for (size_t i = 0; i < COUNT(known); i++) {
		assert_int_equal(inet_pton(AF_INET6, known[i], ip), 1);
		assert_as_glibc(ip);
	}
}

/* Every pattern of words that are zero, with words of one to four digits between. */
static void test_ip6_zeros(void **state)
{
	for (unsigned int pattern = 0; pattern < 256; pattern++) {
		for (unsigned int digits = 0; digits < 16; digits += 4) {
			uint8_t ip[16] = { 0 };

			for (int i = 0; i < 8; i++) {
				unsigned int word = (pattern + i + 1) << digits & 0xffff;

				ip[2 * i] = pattern >> i & 1 ? word >> 8 : 0;
				ip[2 * i + 1] = pattern >> i & 1 ? word : 0;
			}
			assert_as_glibc(ip);
			ip[10] = ip[11] = 0xff;
			assert_as_glibc(ip);
		}
	}
}

static void test_ip4(void **state)
{
	for (unsigned int n = 0; n < 256; n++) {
		uint8_t ip[4] = { n, 255 - n, n / 2, n };
		char expected[INET_ADDRSTRLEN], text[17];

		assert_non_null(inet_ntop(AF_INET, ip, expected, sizeof(expected)));
		text[ip4_text(ip, text)] = '\0';
		assert_string_equal(text, expected);
	}
}

/* The mapped form is IPv4 to everybody else. */
static void test_mapped(void **state)
{
	char text[IP_TEXT + 1];
	uint8_t ip[16];

	unit_ip(ip, "192.0.2.7");
	text[ip_text(ip, text)] = '\0';
	assert_string_equal(text, "192.0.2.7");
	unit_ip(ip, "::192.0.2.7");
	text[ip_text(ip, text)] = '\0';
	assert_string_equal(text, "::192.0.2.7");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_ip6_zeros),
		cmocka_unit_test(test_ip4),
		cmocka_unit_test(test_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
