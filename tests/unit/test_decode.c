/* test_decode.c: records as they come off the ring, built by hand. */
#include "observe/decode.h"

#include "dns.h"
#include "http.h"
#include "packets.h"
#include "unit.h"

static struct domains *domains;
static struct arena arena;
static struct {
	struct observation o;
	uint8_t behind[64];
} room;
#define o room.o

struct whole_record {
	struct record rec;
	uint8_t bytes[8192];
};

static struct whole_record r;

/* A DNS record of the message that pkt holds. */
static void dns_record(const struct pkt *p)
{
	memset(&r.rec, 0, sizeof(r.rec));
	r.rec.head.version = RECORD_VERSION;
	r.rec.head.kind = RECORD_DNS;
	r.rec.head.family = 4;
	r.rec.head.proto = 17;
	r.rec.head.len = sizeof(r.rec) + p->len;
	r.rec.dns.wire_len = p->len;
	memcpy(r.bytes, p->data, p->len);
}

/* NULL: the field is not there. */
static void http_record(const char *const field[N_HTTP_FIELDS], int minor)
{
	size_t at = 0;

	memset(&r.rec, 0, sizeof(r.rec));
	r.rec.head.version = RECORD_VERSION;
	r.rec.head.kind = RECORD_HTTP;
	r.rec.head.proto = 6;
	for (int i = 0; i < N_HTTP_FIELDS; i++) {
		if (!field[i])
			continue;
		r.rec.http.have |= 1 << i;
		r.rec.http.field_len[i] = strlen(field[i]);
		memcpy(r.bytes + at, field[i], strlen(field[i]));
		at += strlen(field[i]);
	}
	r.rec.http.minor = minor;
	r.rec.http.head_len = 100;
	r.rec.head.len = sizeof(r.rec) + at;
}

static void request(const char *target, const char *host)
{
	const char *const field[N_HTTP_FIELDS] = { "GET", target, host };

	http_record(field, 1);
}

static void decode(void)
{
	memset(&room, 0xa5, sizeof(room)); /* what the last one left */
	assert_true(record_is_sound(&r.rec, r.rec.head.len));
	decode_record(&r.rec, domains, &arena, &o);
}

static void test_sound(void **state)
{
	struct pkt p = { 0 };
	size_t len;

	pkt_dns(&p, 0x0100);
	dns_record(&p);
	len = r.rec.head.len;
	assert_true(record_is_sound(&r.rec, len));
	assert_false(record_is_sound(&r.rec, len - 1));
	assert_false(record_is_sound(&r.rec, len + 1));
	assert_false(record_is_sound(&r.rec, 0));
	assert_false(record_is_sound(&r.rec, sizeof(r.rec) - 1));
	r.rec.head.len++;
	assert_false(record_is_sound(&r.rec, len));
	r.rec.head.len--;
	r.rec.head.version++;
	assert_false(record_is_sound(&r.rec, len));
	r.rec.head.version--;
	for (int kind = 0; kind < 256; kind++) {
		r.rec.head.kind = kind;
		if (kind != RECORD_DNS && kind != RECORD_HTTP_PART)
			assert_false(record_is_sound(&r.rec, len));
	}
}

static void test_sound_dns(void **state)
{
	struct pkt p = { 0 };

	pkt_dns(&p, 0);
	dns_record(&p);
	r.rec.dns.wire_len--;
	assert_false(record_is_sound(&r.rec, r.rec.head.len));
	r.rec.dns.wire_len += 2;
	assert_false(record_is_sound(&r.rec, r.rec.head.len));
	r.rec.dns.wire_len = DNS_HEADER - 1;
	r.rec.head.len = sizeof(r.rec) + DNS_HEADER - 1;
	assert_false(record_is_sound(&r.rec, r.rec.head.len));
}

static void test_sound_http(void **state)
{
	request("/", "example.org");
	for (int i = 0; i < N_HTTP_FIELDS; i++) {
		r.rec.http.field_len[i]++;
		assert_false(record_is_sound(&r.rec, r.rec.head.len));
		r.rec.http.field_len[i]--;
	}
	assert_true(record_is_sound(&r.rec, r.rec.head.len));
	r.rec.http.field_len[HTTP_HOST]--;
	assert_false(record_is_sound(&r.rec, r.rec.head.len));
	/* Sums are not taken in 16 bits. */
	r.rec.http.field_len[HTTP_AGENT] = 0x8000;
	r.rec.http.field_len[HTTP_REFERRER] = 0x8001;
	assert_false(record_is_sound(&r.rec, r.rec.head.len));
}

static void test_sound_part(void **state)
{
	memset(&r.rec, 0, sizeof(r.rec));
	r.rec.head.version = RECORD_VERSION;
	r.rec.head.kind = RECORD_HTTP_PART;
	r.rec.head.len = sizeof(r.rec) + 5;
	r.rec.raw.wire_len = 5;
	assert_true(record_is_sound(&r.rec, r.rec.head.len));
	r.rec.raw.wire_len = 4;
	assert_false(record_is_sound(&r.rec, r.rec.head.len));
	r.rec.raw.wire_len = 6;
	assert_false(record_is_sound(&r.rec, r.rec.head.len));
	r.rec.raw.wire_len = 0;
	r.rec.head.len = sizeof(r.rec);
	assert_false(record_is_sound(&r.rec, r.rec.head.len));
}

static void test_query(void **state)
{
	struct pkt p = { 0 };

	pkt_dns(&p, 0x0100);
	pkt_question(&p, "WWW.example.co.uk", 28);
	dns_record(&p);
	r.rec.head.marks = MARK_oversize;
	r.rec.head.vlan = 11;
	r.rec.head.tunnel = 4;
	decode();
	assert_int_equal(o.kind, OBSERVED_DNS_QUERY);
	assert_int_equal(o.marks, MARK_oversize);
	assert_int_equal(o.vlan, 11);
	assert_int_equal(o.tunnel, 4);
	assert_int_equal(o.dns.id, 0x1234);
	assert_int_equal(o.dns.flags, 0x0100);
	assert_true(o.dns.has_question);
	assert_text(o.dns.question, "www.example.co.uk");
	assert_text(o.dns.domain.registered, "example.co.uk");
	assert_int_equal(o.dns.type, 28);
	assert_int_equal(o.dns.class, 1);
	assert_int_equal(o.dns.n_answers, 0);
	assert_false(o.dns.edns);
}

static void test_response(void **state)
{
	struct pkt p = { 0 };

	pkt_dns(&p, 0x8583);
	pkt_question(&p, "example.org", 1);
	pkt_record(&p, PKT_ANSWER, 5, "\1a\xc0\xc", 4);
	pkt_record(&p, PKT_ANSWER, 1, "\xc0\0\2\1", 4);
	pkt_record(&p, PKT_ANSWER, 1, "\xc0\0\2", 3);
	pkt_record(&p, PKT_ANSWER, 28, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	dns_record(&p);
	r.rec.dns.edns = 1;
	r.rec.dns.edns_rcode = 1;
	r.rec.dns.edns_flags = 0x8000;
	r.rec.dns.edns_size = 1232;
	decode();
	assert_int_equal(o.kind, OBSERVED_DNS_RESPONSE);
	assert_int_equal(o.dns.rcode, 0x13);
	assert_true(o.dns.edns_do);
	assert_int_equal(o.dns.edns_size, 1232);
	assert_int_equal(o.dns.n_answers, 4);
	assert_text(o.dns.answers[0].name, "example.org");
	assert_text(o.dns.answers[0].data, "a.example.org");
	assert_null(o.dns.answers[0].addr);
	assert_int_equal(o.dns.answers[0].ttl, 300);
	assert_text(o.dns.answers[1].data, "192.0.2.1");
	assert_non_null(o.dns.answers[1].addr);
	assert_null(o.dns.answers[2].addr); /* three bytes are no address */
	assert_non_null(o.dns.answers[3].addr);
	assert_int_equal(o.marks, MARK_rdata);
}

/* Owner names that point to the question, into it, beside it, and past it. */
static void test_owner_names(void **state)
{
	static const struct {
		unsigned int pointer;
		const char *name;
	} rows[] = { { 12, "www.example.org" }, { 16, "example.org" }, { 24, "org" }, { 28, "." } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct pkt p = { 0 };

		pkt_dns(&p, 0x8180);
		pkt_question(&p, "wWw.example.ORG", 1);
		pkt_pointer(&p, rows[i].pointer);
		pkt_put16(&p, 1);
		pkt_put16(&p, 1);
		pkt_put32(&p, 60);
		pkt_put16(&p, 4);
		pkt_bytes(&p, "\xc0\0\2\1", 4);
		pkt_count(&p, PKT_ANSWER);
		dns_record(&p);
		decode();
		assert_int_equal(o.dns.n_answers, 1);
		assert_text(o.dns.answers[0].name, rows[i].name);
		assert_text(o.dns.answers[0].data, "192.0.2.1");
		assert_int_equal(o.dns.answers[0].ttl, 60);
		assert_int_equal(o.marks, 0);
	}
}

static void test_no_question(void **state)
{
	struct pkt p = { 0 };

	pkt_dns(&p, 0x8000);
	dns_record(&p);
	decode();
	assert_false(o.dns.has_question);
	assert_text(o.dns.question, "");
	assert_int_equal(o.marks, 0);
	/* An answer without a question is read. */
	pkt_count(&p, PKT_ANSWER);
	pkt_bytes(&p, "\0\0\1\0\1\0\0\0\0\0\4\xc0\0\2\1", 15);
	dns_record(&p);
	decode();
	assert_int_equal(o.dns.n_answers, 1);
	assert_text(o.dns.answers[0].name, ".");
	assert_int_equal(o.marks, 0);
}

static void test_several_questions(void **state)
{
	struct pkt p = { 0 };

	pkt_dns(&p, 0x8000);
	pkt_question(&p, "a.org", 1);
	pkt_question(&p, "b.org", 2);
	pkt_record(&p, PKT_ANSWER, 1, "\xc0\0\2\1", 4);
	dns_record(&p);
	decode();
	assert_text(o.dns.question, "a.org");
	assert_int_equal(o.dns.type, 1);
	assert_int_equal(o.dns.n_answers, 1);
	assert_int_equal(o.marks, 0);
}

/* A response cut anywhere behind its header: sound, marked, and what is whole is there. */
static void test_every_truncation(void **state)
{
	struct pkt p = { 0 };
	unsigned int whole, question;

	pkt_dns(&p, 0x8000);
	pkt_question(&p, "example.org", 1);
	question = p.len;
	pkt_record(&p, PKT_ANSWER, 1, "\xc0\0\2\1", 4);
	pkt_record(&p, PKT_ANSWER, 5, "\1a\xc0\xc", 4);
	whole = p.len;
	for (p.len = 12; p.len <= whole; p.len++) {
		dns_record(&p);
		decode();
		assert_int_equal(o.marks, p.len == whole ? 0 : MARK_truncated);
		assert_int_equal(o.dns.has_question, p.len >= question);
		assert_int_equal(o.dns.n_answers, (p.len >= question + 16) + (p.len == whole));
		assert_int_equal(o.dns.id, 0x1234);
	}
}

/* More answers than are kept: the smallest records, 11 bytes each. */
static void test_too_many_answers(void **state)
{
	struct pkt p = { 0 };

	pkt_dns(&p, 0x8000);
	for (int i = 0; i < MAX_ANSWERS; i++) {
		pkt_count(&p, PKT_ANSWER);
		pkt_bytes(&p, "\0\0\1\0\1\0\0\0\0\0\0", 11);
	}
	dns_record(&p);
	decode();
	assert_int_equal(o.dns.n_answers, MAX_ANSWERS);
	assert_int_equal(o.marks, 0);
	pkt_count(&p, PKT_ANSWER);
	pkt_bytes(&p, "\0\0\1\0\1\0\0\0\0\0\0", 11);
	dns_record(&p);
	decode();
	assert_int_equal(o.dns.n_answers, MAX_ANSWERS);
	assert_int_equal(o.marks, MARK_too_many);
	for (size_t i = 0; i < sizeof(room.behind); i++)
		assert_int_equal(room.behind[i], 0xa5);
	assert_int_equal(arena.used, MAX_ANSWERS);
}

static void test_request(void **state)
{
	const char *const field[N_HTTP_FIELDS] = { "POST",	     "/a?b=c#d",      "\t WWW.Example.org:8080 ",
						   " curl/8 \xc3\xa4", " http://x/ \"", " 42 " };

	http_record(field, 1);
	decode();
	assert_int_equal(o.kind, OBSERVED_HTTP_REQUEST);
	assert_text(o.http.method, "POST");
	assert_text(o.http.target, "/a?b=c#d");
	assert_text(o.http.host, "www.example.org");
	assert_int_equal(o.http.host_port, 8080);
	assert_text(o.http.domain.registered, "example.org");
	assert_text(o.http.agent, "curl/8 %C3%A4");
	assert_text(o.http.referrer, "http://x/ \"");
	assert_int_equal(o.http.content_length, 42);
	assert_int_equal(o.http.minor, 1);
	assert_int_equal(o.http.head_len, 100);
	assert_true(o.http.has_agent && o.http.has_referrer);
	assert_int_equal(o.marks, 0);
}

static void test_request_without_fields(void **state)
{
	request("/", NULL);
	decode();
	assert_text(o.http.host, "");
	assert_int_equal(o.http.host_port, 0);
	assert_false(o.http.has_agent || o.http.has_referrer || o.http.chunked);
	assert_int_equal(o.http.content_length, -1);
	assert_int_equal(o.http.domain.registered.len, 0);
}

static void test_request_escapes(void **state)
{
	request("/a b\"c\\d%41\x7f\xff", "a\"b\\c d\xe4");
	decode();
	assert_text(o.http.target, "/a%20b%22c%5Cd%41%7F%FF");
	assert_text(o.http.host, "a%22b%5cc d%e4"); /* lower case, as every host */
	assert_int_equal(o.marks, 0);
	request("/a\tb", "x");
	decode();
	assert_text(o.http.target, "/a%09b");
	assert_int_equal(o.marks, 0);
	request("/a\x1b[31m", "x");
	decode();
	assert_text(o.http.target, "/a%1B[31m");
	assert_int_equal(o.marks, MARK_control_bytes);
}

static void assert_host(const char *value, const char *host, uint32_t port)
{
	request("/", value);
	decode();
	assert_text(o.http.host, host);
	assert_int_equal(o.http.host_port, port);
}

static void test_hosts(void **state)
{
	assert_host("example.org", "example.org", 0);
	assert_host("example.org:1", "example.org", 1);
	assert_host("example.org:65535", "example.org", 65535);
	assert_host("example.org:65536", "example.org", 0);
	assert_host("example.org:99999999999999999999", "example.org", 0);
	assert_host("example.org:", "example.org", 0);
	assert_host("example.org:8x", "example.org:8x", 0);
	assert_host("192.0.2.1:80", "192.0.2.1", 80);
	assert_host("[2001:db8::1]", "[2001:db8::1]", 0);
	assert_host("[2001:db8::1]:8080", "[2001:db8::1]", 8080);
	assert_host("2001:db8::1", "2001:db8::1", 0); /* wrong, but no port */
	assert_host(":80", ":80", 0);
	assert_host("", "", 0);
	assert_host(" \t", "", 0);
}

static void assert_named(const char *method, const char *target, const char *host, uint32_t port)
{
	const char *const field[N_HTTP_FIELDS] = { method, target, "field.example.org:81" };

	http_record(field, 1);
	decode();
	assert_text(o.http.host, host);
	assert_int_equal(o.http.host_port, port);
	assert_text(o.http.target, target);
	assert_int_equal(o.http.host_in_target, strcmp(host, "field.example.org") != 0);
}

/* RFC 9112 3.2.2: with an absolute target, the Host field counts for nothing. */
static void test_host_in_target(void **state)
{
	assert_named("GET", "http://Target.example.net/a", "target.example.net", 0);
	assert_text(o.http.domain.registered, "example.net");
	assert_named("GET", "HTTP://target.example.net:8080?b=/", "target.example.net", 8080);
	assert_named("GET", "http://field.example.org@target.example.net:8080/@x", "target.example.net", 8080);
	assert_named("GET", "http://[2001:db8::1]:8080/", "[2001:db8::1]", 8080);
	assert_named("CONNECT", "target.example.net:443", "target.example.net", 443);
	assert_named("GET", "/http://target.example.net/", "field.example.org", 81);
	assert_named("GET", "http:///a", "field.example.org", 81);
	assert_named("GET", "target.example.net:443", "field.example.org", 81);
	assert_named("GET", "*", "field.example.org", 81);
	request("http://target.example.net/", NULL);
	decode();
	assert_text(o.http.host, "target.example.net");
}

static void test_host_with_a_last_dot(void **state)
{
	request("/", "www.Example.co.uk.:80");
	decode();
	assert_text(o.http.host, "www.example.co.uk.");
	assert_text(o.http.domain.registered, "example.co.uk");
	assert_text(o.http.domain.subdomain, "www");
	assert_text(o.http.domain.suffix, "co.uk");
	request("/", ".");
	decode();
	assert_int_equal(o.http.domain.registered.len, 0);
}

static void assert_target(const char *value, int minor, const char *target)
{
	const char *const field[N_HTTP_FIELDS] = { "GET", value };

	http_record(field, minor);
	decode();
	assert_text(o.http.target, target);
	assert_int_equal(o.http.minor, minor == HTTP_NO_VERSION ? -1 : minor);
}

static void test_odd_versions(void **state)
{
	assert_target("/", HTTP_NO_VERSION, "/");
	assert_target("/ HTTP/1.", HTTP_NO_VERSION, "/");
	assert_target("/ HTTP/", HTTP_NO_VERSION, "/");
	assert_target("/ HTTP/2.0", HTTP_NO_VERSION, "/");
	assert_target("/a b HTTP/1.1x", HTTP_NO_VERSION, "/a%20b");
	/* The last one ends the target. */
	assert_target("/?q= HTTP/1.1 HTTP/9", HTTP_NO_VERSION, "/?q=%20HTTP/1.1");
	/* Next to it. */
	assert_target("/HTTP/1.", HTTP_NO_VERSION, "/HTTP/1.");
	assert_target("/ http/1.", HTTP_NO_VERSION, "/%20http/1.");
	assert_target("/ HTTP", HTTP_NO_VERSION, "/%20HTTP");
	/* With its version found, the target is left alone. */
	assert_target("/ HTTP/1.", 1, "/%20HTTP/1.");
}

static void test_content_lengths(void **state)
{
	static const struct {
		const char *value;
		int64_t n;
	} rows[] = { { "0", 0 },
		     { " 7\t", 7 },
		     { "999999999999999999", 999999999999999999 },
		     { "1000000000000000000", -1 },
		     { "", -1 },
		     { "-1", -1 },
		     { "+1", -1 },
		     { "1 2", -1 },
		     { "0x10", -1 },
		     { "12abc", -1 } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *const field[N_HTTP_FIELDS] = { [HTTP_METHOD] = "POST", [HTTP_TARGET] = "/",
							   [HTTP_LENGTH] = rows[i].value };

		http_record(field, 0);
		decode();
		assert_int_equal(o.http.content_length, rows[i].n);
	}
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
		cmocka_unit_test(test_sound),
		cmocka_unit_test(test_sound_dns),
		cmocka_unit_test(test_sound_http),
		cmocka_unit_test(test_sound_part),
		cmocka_unit_test(test_query),
		cmocka_unit_test(test_response),
		cmocka_unit_test(test_owner_names),
		cmocka_unit_test(test_no_question),
		cmocka_unit_test(test_several_questions),
		cmocka_unit_test(test_every_truncation),
		cmocka_unit_test(test_too_many_answers),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_request_without_fields),
		cmocka_unit_test(test_request_escapes),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_host_in_target),
		cmocka_unit_test(test_host_with_a_last_dot),
		cmocka_unit_test(test_odd_versions),
		cmocka_unit_test(test_content_lengths),
	};

	return cmocka_run_group_tests_name("decode", tests, set_up, tear_down);
}
