/* test_allow.c: the file of what is allowed: lines that are entries, lines that are not, and what they hold for. */
#include "detect/allow.h"
#include "unit.h"

static const char *why_not(const char *line)
{
	static char why[ALLOW_REASON];
	struct allow_entry e;
	bool good = allow_parse(line, strlen(line), &e, why);

	allow_entry_free(&e);
	return good ? NULL : why;
}

static void test_refused(void **state)
{
	static const struct {
		const char *line, *why;
	} rows[] = {
		{ "x", "expected" },
		{ "[]", "one JSON object" },
		{ "{\"domain\":\"a.example\"}", "why is missing" },
		{ "{\"domain\":\"a.example\",\"why\":\"\"}", "why is missing" },
		{ "{\"domain\":\"a.example\",\"why\":7}", "why: expected text" },
		{ "{\"why\":\"x\"}", "neither a domain nor a server nor a client" },
		{ "{\"domain\":\"com\",\"why\":\"x\"}", "'com' is a top-level domain" },
		{ "{\"domain\":\"intranet\",\"why\":\"x\"}", "'intranet' is a top-level domain" },
		{ "{\"domain\":\"co.uk\",\"why\":\"x\"}", "public suffix" },
		{ "{\"domain\":\"github.io\",\"why\":\"x\"}", "public suffix" },
		{ "{\"domain\":\".\",\"why\":\"x\"}", "neither a domain name" },
		{ "{\"domain\":\"*\",\"why\":\"x\"}", "neither a domain name" },
		{ "{\"domain\":\"a b\",\"why\":\"x\"}", "neither a domain name" },
		{ "{\"domain\":\"192.0.2.1\",\"why\":\"x\"}", "domain: not a name" },
		{ "{\"server\":\"a.example\",\"why\":\"x\"}", "server: not an address" },
		{ "{\"server\":\"0.0.0.0/0\",\"why\":\"x\"}", "holds everybody" },
		{ "{\"client\":\"::/8\",\"why\":\"x\"}", "holds everybody" },
		{ "{\"client\":\"curl\",\"why\":\"x\"}", "neither an address" },
		{ "{\"client\":\"a.example\",\"why\":\"x\"}", "neither an address" },
		{ "{\"domain\":\"/bin/x\",\"client\":\"/bin/y\",\"why\":\"x\"}", "a program is the client already" },
		{ "{\"domain\":\"a.example\",\"server\":\"192.0.2.1\",\"why\":\"x\"}", "expected one of them" },
		{ "{\"domain\":\"a.example\",\"until\":\"soon\",\"why\":\"x\"}", "until: 'soon' is no time" },
		{ "{\"domain\":\"a.example\",\"unitl\":\"2026-01-01\",\"why\":\"x\"}", "unknown key 'unitl'" },
		{ "{\"domain\":\"a.example\",\"listed\":1,\"why\":\"x\"}", "listed: expected true or false" },
		{ "{\"domain\":\"a.example\",\"why\":\"a\\nb\"}", "without control characters" },
		{ "{\"domain\":\"a.example\",\"domain\":\"b.example\",\"why\":\"x\"}", "duplicate" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *why = why_not(rows[i].line);

		if (!why || !strstr(why, rows[i].why))
			fail_msg("%s: %s", rows[i].line, why ? why : "taken");
	}
}

static void test_taken(void **state)
{
	static const char *const rows[] = {
		"{\"domain\":\"A.Example.\",\"why\":\"x\"}",
		"{\"domain\":\"com\",\"wide\":true,\"why\":\"x\"}",
		"{\"domain\":\"someone.github.io\",\"why\":\"x\"}",
		"{\"domain\":\"b\\u00fccher.example\",\"why\":\"x\"}",
		"{\"server\":\"198.51.100.0/24\",\"why\":\"x\"}",
		"{\"server\":\"2001:db8::1\",\"client\":\"2001:db8::/32\",\"why\":\"x\",\"listed\":true}",
		"{\"client\":\"/usr/bin/check mk\",\"why\":\"x\",\"by\":\"alice (uid 1000)\",\"said\":\"2026-01-01T00:00:00Z\"}",
		"{\"client\":\"0.0.0.0/0\",\"wide\":true,\"why\":\"x\",\"id\":\"whatever\"}",
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		char why[ALLOW_REASON];
		struct allow_entry e, again;
		char *line, *line_again;

		if (!allow_parse(rows[i], strlen(rows[i]), &e, why))
			fail_msg("%s: %s", rows[i], why);
		line = allow_line(&e);
		assert_true(allow_parse(line, strlen(line), &again, why)); /* what is written is read */
		line_again = allow_line(&again);
		assert_string_equal(line, line_again);
		assert_int_equal(strlen(e.id), 8);
		free(line);
		free(line_again);
		allow_entry_free(&e);
		allow_entry_free(&again);
	}
}

/* The id is of what it is about, not of why, until when, or by whom. */
static void test_ids(void **state)
{
	static const char *const same[] = { "{\"domain\":\"a.example\",\"why\":\"x\"}",
					    "{\"why\":\"y\",\"until\":\"2030-01-01\",\"domain\":\"A.example.\"}" };
	static const char *const other[] = { "{\"domain\":\"b.example\",\"why\":\"x\"}",
					     "{\"domain\":\"a.example\",\"client\":\"192.0.2.1\",\"why\":\"x\"}",
					     "{\"domain\":\"a.example\",\"client\":\"192.0.2.0/31\",\"why\":\"x\"}",
					     "{\"server\":\"192.0.2.1\",\"why\":\"x\"}",
					     "{\"client\":\"192.0.2.1\",\"why\":\"x\"}",
					     "{\"client\":\"/a.example\",\"why\":\"x\"}" };
	char id[2 + COUNT(other)][ALLOW_ID], why[ALLOW_REASON];

	for (size_t i = 0; i < COUNT(id); i++) {
		const char *line = i < 2 ? same[i] : other[i - 2];
		struct allow_entry e;

		assert_true(allow_parse(line, strlen(line), &e, why));
		strcpy(id[i], e.id);
		allow_entry_free(&e);
		for (size_t k = 0; k < i; k++)
			assert_true(!strcmp(id[i], id[k]) == (i == 1 && k == 0));
	}
}

static struct allow *load(const char *text, struct allow_report *report)
{
	char path[] = "/tmp/metsuke-allow-XXXXXX";
	int fd = mkstemp(path);
	struct allow *a;

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	a = allow_load(path, report);
	unlink(path);
	assert_non_null(a);
	return a;
}

static void test_a_file(void **state)
{
	struct allow_report report;
	struct said said;
	struct allow *a;
	const char *text;

	said_start(&said);
	a = load("# kept by hand\r\n\n{\"domain\":\"a.example\",\"why\":\"x\"}\r\n{\"domain\":\"com\",\"why\":\"x\"}\nrubbish\n"
		 "{\"domain\":\"b.example\",\"why\":\"x\"}",
		 &report);
	text = said_end(&said);
	assert_int_equal(report.entries, 2);
	assert_int_equal(report.refused, 2);
	assert_non_null(strstr(text, ":4: 'com' is a top-level domain"));
	assert_non_null(strstr(text, ":5: "));
	assert_int_equal(allow_count(a), 2);
	assert_string_equal(allow_get(a, 1)->domain, "b.example");
	allow_free(a);
	a = allow_load("/nowhere/allow.jsonl", &report); /* nothing was allowed yet */
	assert_int_equal(allow_count(a), 0);
	allow_free(a);
	said_start(&said);
	assert_null(allow_load("/tmp", &report));
	text = said_end(&said);
	assert_non_null(strstr(text, "/tmp: "));
}

static void test_bounds(void **state)
{
	size_t size = ALLOW_BYTES + 16, at = 0;
	char *text = malloc(size);
	struct allow_report report;
	struct said said;
	struct allow *a;

	for (unsigned int i = 0; i < ALLOW_MOST + 3; i++)
		at += sprintf(text + at, "{\"domain\":\"n%u.example\",\"why\":\"x\"}\n", i);
	said_start(&said);
	a = load(text, &report);
	assert_int_equal(report.entries, ALLOW_MOST);
	assert_int_equal(report.refused, 3);
	allow_free(a);
	(void)said_end(&said);
	free(text);
}

static bool holds(const char *line, const char *name, const char *domain, const char *server, const char *program,
		  const char *client, uint64_t seconds, bool listed)
{
	struct allow_report report;
	struct allow *a = load(line, &report);
	uint8_t ip[2][16];
	struct allow_question q = { .domain = domain, .program = program, .time_ns = seconds * 1000000000, .listed = listed };
	bool is;

	if (name)
		q.name = unit_text(name);
	if (server)
		unit_ip(ip[0], server);
	if (client)
		unit_ip(ip[1], client);
	q.server = server ? ip[0] : NULL;
	q.client = client ? ip[1] : NULL;
	assert_int_equal(report.entries, 1);
	is = allow_match(a, &q);
	allow_free(a);
	return is;
}

static void test_what_it_holds_for(void **state)
{
	const char *domain = "{\"domain\":\"fine.example\",\"why\":\"x\"}";
	const char *client = "{\"domain\":\"fine.example\",\"client\":\"192.0.2.64/26\",\"why\":\"x\"}";
	const char *program = "{\"client\":\"/usr/bin/agent\",\"why\":\"x\"}";
	const char *server = "{\"server\":\"198.51.100.128/25\",\"why\":\"x\"}";
	const char *until = "{\"domain\":\"fine.example\",\"until\":\"1970-01-01T00:10:00Z\",\"why\":\"x\"}";
	const char *listed = "{\"domain\":\"fine.example\",\"listed\":true,\"why\":\"x\"}";

	assert_true(holds(domain, "fine.example", NULL, NULL, NULL, NULL, 1, false));
	assert_true(holds(domain, "a.b.fine.example", NULL, NULL, NULL, NULL, 1, false));
	assert_true(holds(domain, NULL, "fine.example", NULL, NULL, NULL, 1, false));
	assert_false(holds(domain, "unfine.example", "example", NULL, NULL, NULL, 1, false));
	assert_false(holds(domain, "example", NULL, NULL, NULL, NULL, 1, false));
	assert_false(holds(domain, NULL, NULL, NULL, NULL, NULL, 1, false));
	assert_true(holds(client, "fine.example", NULL, NULL, NULL, "192.0.2.127", 1, false));
	assert_false(holds(client, "fine.example", NULL, NULL, NULL, "192.0.2.128", 1, false));
	assert_false(holds(client, "fine.example", NULL, NULL, NULL, NULL, 1, false));
	assert_false(holds(client, "other.example", NULL, NULL, NULL, "192.0.2.127", 1, false));
	assert_true(holds(program, "any.example", NULL, NULL, "/usr/bin/agent", NULL, 1, false));
	assert_false(holds(program, "any.example", NULL, NULL, "/usr/bin/agent2", NULL, 1, false));
	assert_false(holds(program, "any.example", NULL, NULL, NULL, "192.0.2.1", 1, false));
	assert_true(holds(server, "any.example", NULL, "198.51.100.200", NULL, NULL, 1, false));
	assert_false(holds(server, "any.example", NULL, "198.51.100.100", NULL, NULL, 1, false));
	assert_false(holds(server, "any.example", NULL, NULL, NULL, NULL, 1, false)); /* a lookup has none */
	assert_true(holds(until, "fine.example", NULL, NULL, NULL, NULL, 599, false));
	assert_false(holds(until, "fine.example", NULL, NULL, NULL, NULL, 600, false));
	assert_false(holds(domain, "fine.example", NULL, NULL, NULL, NULL, 1, true));
	assert_true(holds(listed, "fine.example", NULL, NULL, NULL, NULL, 1, true));
	assert_true(holds(listed, "fine.example", NULL, NULL, NULL, NULL, 1, false));
	assert_null(allow_match(NULL, &(struct allow_question){ 0 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused), cmocka_unit_test(test_taken),  cmocka_unit_test(test_ids),
		cmocka_unit_test(test_a_file),	cmocka_unit_test(test_bounds), cmocka_unit_test(test_what_it_holds_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
