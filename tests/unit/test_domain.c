/* test_domain.c: where a name's registrable part begins. */
#include "observe/domain.h"

#include "unit.h"

static struct domains *domains;

static void assert_split(const char *name, const char *registered, const char *subdomain, const char *suffix)
{
	struct domain_parts parts;

	/* The second time it comes from the cache. */
	for (int i = 0; i < 2; i++) {
		domains_split(domains, unit_text(name), &parts);
		assert_text(parts.registered, registered);
		assert_text(parts.subdomain, subdomain);
		assert_text(parts.suffix, suffix);
	}
}

static void test_suffixes(void **state)
{
	assert_split("example.org", "example.org", "", "org");
	assert_split("www.example.org", "example.org", "www", "org");
	assert_split("a.b.c.example.org", "example.org", "a.b.c", "org");
	assert_split("www.example.co.uk", "example.co.uk", "www", "co.uk");
	assert_split("example.uk", "example.uk", "", "uk");
}

static void test_private_suffix(void **state)
{
	assert_split("www.someone.github.io", "someone.github.io", "www", "github.io");
	assert_split("github.com", "github.com", "", "com");
}

static void test_wildcard_and_exception(void **state)
{
	assert_split("a.b.c.ck", "b.c.ck", "a", "c.ck");
	assert_split("www.ck", "www.ck", "", "ck");
}

/* A name that is a suffix has nothing registered in it. */
static void test_suffix_itself(void **state)
{
	assert_split("co.uk", "", "", "co.uk");
	assert_split("github.io", "", "", "github.io");
	assert_split("org", "", "", "org");
}

static void test_unknown_and_single_labels(void **state)
{
	assert_split("localhost", "", "", "localhost");
	assert_split("host.invalidtld", "host.invalidtld", "", "invalidtld");
}

static void test_no_names(void **state)
{
	assert_split("", "", "", "");
	assert_split(".", "", "", "");
	assert_split("192.0.2.1", "", "", "");
	assert_split("[2001:db8::1]", "", "", "");
	/* Next to an address: a label with a letter makes it a name. */
	assert_split("192.0.2.org", "2.org", "192.0", "org");
}

static void test_escaped_name(void **state)
{
	assert_split("a\\.b.example.org", "example.org", "a\\.b", "org");
	assert_split("\\255\\000.org", "\\255\\000.org", "", "org");
}

static void test_long_names(void **state)
{
	char name[1100];

	memset(name, 'a', sizeof(name));
	strcpy(name + 1015, ".org"); /* 1019 characters; a name of 255 bytes escaped has no more */
	assert_split(name, name, "", "org");
	memset(name, 'a', sizeof(name));
	strcpy(name + 1020, ".org"); /* 1024 */
	assert_split(name, "", "", "");
}

/* More names than slots, each asked for again after it was pushed out, against an instance that is asked
 * for the first time. */
static void test_cache_hit_equals_miss(void **state)
{
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 40000; i++) {
			char name[64], registered[32], label[16];
			struct domain_parts parts;

			snprintf(label, sizeof(label), "h%d", i);
			snprintf(registered, sizeof(registered), "n%d.%s", i % 977, i % 2 ? "co.uk" : "com");
			snprintf(name, sizeof(name), "%s.%s", label, registered);
			domains_split(domains, unit_text(name), &parts);
			assert_true(text_is(parts.registered, registered));
			assert_true(text_is(parts.subdomain, label));
			assert_true(text_is(parts.suffix, i % 2 ? "co.uk" : "com"));
		}
	}
}

static void test_own_list(void **state)
{
	char path[] = "/tmp/metsuke-psl-XXXXXX";
	int fd = mkstemp(path);
	struct domains *own, *saved = domains;

	assert_true(fd >= 0);
	dprintf(fd, "// a list\norg\nshop.example\n");
	close(fd);
	own = domains_new(path);
	unlink(path);
	assert_non_null(own);
	domains = own;
	assert_split("a.b.shop.example", "b.shop.example", "a", "shop.example");
	domains = saved;
	domains_free(own);
	assert_null(domains_new("/nonexistent/list"));
}

static int set_up(void **state)
{
	domains = domains_new(NULL);
	return domains ? 0 : -1;
}

static int tear_down(void **state)
{
	domains_free(domains);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suffixes),
		cmocka_unit_test(test_private_suffix),
		cmocka_unit_test(test_wildcard_and_exception),
		cmocka_unit_test(test_suffix_itself),
		cmocka_unit_test(test_unknown_and_single_labels),
		cmocka_unit_test(test_no_names),
		cmocka_unit_test(test_escaped_name),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_cache_hit_equals_miss),
		cmocka_unit_test(test_own_list),
	};

	return cmocka_run_group_tests_name("domain", tests, set_up, tear_down);
}
