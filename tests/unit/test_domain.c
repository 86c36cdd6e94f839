/* test_domain.c: where a name's registrable part begins. */
#include "observe/domain.h"

#include <libpsl.h>

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
	dprintf(fd, "// a list\norg\nshop.example\r\n\n  !own.wild.example\n*.wild.example trailing\n");
	close(fd);
	own = domains_new(path);
	unlink(path);
	assert_non_null(own);
	domains = own;
	assert_split("a.b.shop.example", "b.shop.example", "a", "shop.example");
	assert_split("a.b.c.wild.example", "b.c.wild.example", "a", "c.wild.example");
	assert_split("a.own.wild.example", "own.wild.example", "a", "wild.example");
	assert_split("a.b.notshop.example", "notshop.example", "a.b", "example");
	domains = saved;
	domains_free(own);
	assert_null(domains_new("/nonexistent/list"));
}

/* As the library alone has it: one label more than the longest suffix. */
static size_t registered_by_library(const psl_ctx_t *psl, const char *name)
{
	size_t registered = 0;

	while (name && !psl_is_public_suffix2(psl, name, PSL_TYPE_ANY)) {
		registered = strlen(name);
		name = strchr(name, '.');
		name = name ? name + 1 : NULL;
	}
	return registered;
}

static unsigned int assert_as_library(const psl_ctx_t *psl, const char *format, const char *rule)
{
	struct domain_parts parts;
	char name[512];

	snprintf(name, sizeof(name), format, rule);
	if (name[strspn(name, "0123456789.")] == '\0')
		return 0;
	domains_split(domains, unit_text(name), &parts);
	if (parts.registered.len != registered_by_library(psl, name))
		fail_msg("%s: registered %.*s", name, (int)parts.registered.len, parts.registered.at);
	return 1;
}

/* Every rule of the system's list, as a name and above it, below it and beside it. */
static void test_every_rule(void **state)
{
	static const char list[] = "/usr/share/publicsuffix/public_suffix_list.dat";
	FILE *file = fopen(list, "re");
	unsigned int n = 0;
	psl_ctx_t *psl;
	char line[512];

	if (!file) {
		print_message("no %s\n", list);
		skip();
	}
	psl = psl_latest(NULL);
	assert_non_null(psl);
	while (fgets(line, sizeof(line), file)) {
		char *rule = line;

		line[strcspn(line, " \r\n")] = '\0';
		if (!*line || !strncmp(line, "//", 2))
			continue;
		rule += *rule == '!';
		rule += !strncmp(rule, "*.", 2) ? 2 : 0;
		n += assert_as_library(psl, "%s", rule);
		n += assert_as_library(psl, "a.%s", rule);
		n += assert_as_library(psl, "b.a.%s", rule);
		n += assert_as_library(psl, "c.b.a.%s", rule);
		n += assert_as_library(psl, "x%s", rule);
		n += assert_as_library(psl, "www.x%s", rule);
		n += assert_as_library(psl, ".%s", rule);
		n += assert_as_library(psl, "a..%s", rule);
		n += assert_as_library(psl, "a.%s.", rule);
		n += assert_as_library(psl, "a.%s.com", rule);
	}
	assert_true(n > 10000);
	for (size_t i = 0; i < 2; i++) /* rules that the text has in Unicode: xn--55qx5d.cn, xn--p1ai */
		(void)assert_as_library(psl, i ? "a.b.%s" : "a.b.c.%s", i ? "xn--55qx5d.cn" : "xn--p1ai");
	assert_split("a.b.xn--55qx5d.cn", "b.xn--55qx5d.cn", "a", "xn--55qx5d.cn");
	psl_free(psl);
	fclose(file);
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
		cmocka_unit_test(test_every_rule),
	};

	return cmocka_run_group_tests_name("domain", tests, set_up, tear_down);
}
