/* test_text.c: lines for people. */
#include "output/text.h"

#include <time.h>

#include "capture/owner.h"
#include "detect/known.h"
#include "exchange.h"

static struct buf b;
static struct observation o;

static void assert_line(bool color, const char *expected)
{
	b.len = 0;
	text_observation(&b, &o, color);
	buf_char(&b, '\0');
	assert_string_equal(b.data, expected);
}

static void test_lookup(void **state)
{
	exchange_query(&o);
	assert_line(false, "22:13:20.123  192.0.2.1                 dns ?  A     example.org\n");
	o.dns.type = 48; /* as wide as its column */
	assert_line(false, "22:13:20.123  192.0.2.1                 dns ?  DNSKEY example.org\n");
	exchange_response(&o);
	o.query_ns = EXCHANGE_NS;
	o.dns.n_answers = 1;
	o.dns.answers[0].data = unit_text("192.0.2.7");
	assert_line(false, "22:13:20.124  192.0.2.1                 dns =  A     example.org  192.0.2.7  (1.0 ms)\n");
	o.dns.n_answers = 0;
	o.dns.rcode = 3;
	o.query_ns = 0;
	assert_line(false, "22:13:20.124  192.0.2.1                 dns =  A     example.org  NXDOMAIN\n");
}

static void test_many_and_long_answers(void **state)
{
	exchange_response(&o);
	o.dns.n_answers = 6;
	for (int i = 0; i < 6; i++)
		o.dns.answers[i].data = unit_text("a");
	o.dns.answers[1].data = unit_text("123456789012345678901234567890123456789012345678901234567890");
	o.dns.answers[2].data = unit_text("1234567890123456789012345678901234567890123456789012345678901");
	assert_line(false, "22:13:20.124  192.0.2.1                 dns =  A     example.org  a, "
			   "123456789012345678901234567890123456789012345678901234567890, "
			   "123456789012345678901234567890123456789012345678901234567890..., a and 2 more\n");
}

static void test_request(void **state)
{
	exchange_request(&o);
	o.http.host = unit_text("example.org");
	assert_line(false, "22:13:20.123  192.0.2.1                 http   GET   example.org/\n");
	o.http.host = unit_text("");
	o.destination.port = 8080;
	o.marks = MARK_incomplete;
	assert_line(false, "22:13:20.123  192.0.2.1                 http   GET   192.0.2.80:8080/  [odd]\n");
	o.http.host_in_target = true; /* as sent to a proxy */
	o.http.target = unit_text("http://example.org/");
	o.marks = 0;
	assert_line(false, "22:13:20.123  192.0.2.1                 http   GET   http://example.org/\n");
}

static void test_denied(void **state)
{
	static const struct indicator_list list = { .name = "cc" };
	struct alert a = { .o = &o, .match = { .list = &list }, .matched = unit_text("example.org") };

	exchange_query(&o);
	o.denied = DENIED_LISTED;
	assert_line(false, "22:13:20.123  192.0.2.1                 dns ?  A     example.org  DENIED (listed)\n");
	b.len = 0;
	text_alert(&b, &a, false);
	buf_char(&b, '\0');
	assert_string_equal(b.data, "22:13:20.123  192.0.2.1                 ALERT  example.org  list cc  DENIED (listed)\n");
	o.denied = DENIED_FLAGGED;
	assert_line(false, "22:13:20.123  192.0.2.1                 dns ?  A     example.org  DENIED (flagged)\n");
}

static void test_process(void **state)
{
	struct process p = { .pid = 42, .name = "curl" };

	exchange_query(&o);
	o.process = &p;
	assert_line(false, "22:13:20.123  curl[42]                  dns ?  A     example.org\n");
	p.name = NULL;
	assert_line(false, "22:13:20.123  ?[42]                     dns ?  A     example.org\n");
}

/* Nothing that a process calls itself moves the cursor, sets a title or ends the line. */
static void test_control_characters(void **state)
{
	struct process p = { .pid = 42, .name = "\033]0;x\007\n\r\x7f\xc2\x9b\xc2\xa0\xc3\xa4" };

	exchange_query(&o);
	o.process = &p;
	assert_line(false, "22:13:20.123  ?]0;x??????\xc2\xa0\xc3\xa4[42]       dns ?  A     example.org\n");
}

static void test_color(void **state)
{
	exchange_query(&o);
	b.len = 0;
	text_observation(&b, &o, true);
	buf_char(&b, '\0');
	assert_non_null(strstr(b.data, "\033[36mdns ?\033[0m"));
	assert_int_equal(b.data[b.len - 2], '\n');
}

static void assert_alert(const struct alert *a, const char *expected)
{
	b.len = 0;
	text_alert(&b, a, false);
	buf_char(&b, '\0');
	assert_string_equal(b.data, expected);
}

/* A connection has no line of its own; the alert says what it was. */
static void test_alert(void **state)
{
	static const struct indicator_list list = { .name = "cc" };
	static const uint8_t ip[16] = { [10] = 0xff, 0xff, 192, 0, 2, 80 };
	struct alert a = { .o = &o, .match = { .list = &list }, .matched_ip = ip };

	exchange_request(&o);
	assert_alert(&a, "22:13:20.123  192.0.2.1                 ALERT  192.0.2.80  list cc\n");
	o.kind = OBSERVED_SYN;
	o.destination.port = 6667;
	assert_alert(&a, "22:13:20.123  192.0.2.1                 ALERT  connection to 192.0.2.80 port 6667  list cc\n");
	a.chain_sequence = 1;
	a.chain_name = unit_text("evil.example");
	assert_alert(&a, "22:13:20.123  192.0.2.1                 ALERT  connection to 192.0.2.80 port 6667, which "
			 "was the answer to evil.example  list cc\n");
}

static int set_up(void **state)
{
	setenv("TZ", "UTC", 1);
	tzset();
	return 0;
}

static int tear_down(void **state)
{
	buf_free(&b);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),	cmocka_unit_test(test_many_and_long_answers),
		cmocka_unit_test(test_request), cmocka_unit_test(test_process), cmocka_unit_test(test_denied),
		cmocka_unit_test(test_control_characters), cmocka_unit_test(test_color), cmocka_unit_test(test_alert),
	};

	return cmocka_run_group_tests_name("text", tests, set_up, tear_down);
}
