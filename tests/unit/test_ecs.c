/* test_ecs.c: messages as lines; jansson reads them back, tests/schema.py holds them to docs/events.md. */
#include "output/ecs.h"

#include "capture/owner.h"
#include "ecs_reader.h"
#include "output/community_id.h"

static struct observation o;

static struct process process = {
	.key = { .start_ns = 5, .tgid = 4242, .uid = 1000, .quality = OWNER_SOCKET },
	.pid = 4242,
	.ppid = 4200,
	.start_ns = EXCHANGE_NS - 1000000000,
	.name = "curl",
	.executable = "/usr/bin/curl",
	.command_line = "curl http://example.org/",
	.parent_name = "bash",
	.user = "alice",
	.container = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	.entity_id = "01234567-4242-1700000000123456789",
};

static void write_line(void)
{
	ecs_observation(ecs, &b, &o);
	take_line();
}

static void test_query(void **state)
{
	exchange_query(&o);
	write_line();
	assert_field("@timestamp", "2023-11-14T22:13:20.123456Z");
	assert_field("event.action", "dns-query");
	assert_list("event.category", "network");
	assert_list("event.type", "connection protocol");
	assert_field("event.id", "00c0ffee00c0ffee-000001");
	assert_number("event.sequence", 1);
	assert_field("agent.id", "agent-7");
	assert_field("host.name", "sensor-1");
	assert_field("observer.hostname", "sensor-1");
	assert_field("network.direction", "egress");
	assert_field("network.transport", "udp");
	assert_field("source.ip", "192.0.2.1");
	assert_number("source.port", 40000);
	assert_number("source.bytes", 29);
	assert_field("destination.ip", "192.0.2.53");
	assert_absent("destination.bytes");
	assert_list("related.ip", "192.0.2.1 192.0.2.53");
	assert_list("related.hosts", "example.org");
	assert_field("dns.id", "4660");
	assert_field("dns.op_code", "QUERY");
	assert_list("dns.header_flags", "RD");
	assert_field("dns.question.name", "example.org");
	assert_absent("dns.response_code");
	assert_absent("event.outcome");
	assert_absent("tags");
	assert_absent("metsuke");
	assert_absent("process");
	assert_absent("source.mac");
	assert_absent("network.vlan");
	assert_absent("observer.ingress");
}

static void test_sequence(void **state)
{
	exchange_query(&o);
	write_line();
	write_line();
	assert_number("event.sequence", 2);
	assert_field("event.id", "00c0ffee00c0ffee-000002");
	for (int i = 3; i < 1000000; i++) {
		ecs_observation(ecs, &b, &o);
		b.len = 0;
	}
	write_line();
	assert_field("event.id", "00c0ffee00c0ffee-1000000");
	write_line();
	assert_field("event.id", "00c0ffee00c0ffee-1000001");
}

static void test_response(void **state)
{
	exchange_response(&o);
	o.query_ns = EXCHANGE_NS;
	o.source_bytes = 29;
	o.dns.domain.registered = o.dns.question;
	o.dns.domain.suffix = unit_text("org");
	o.dns.n_answers = 3;
	o.dns.answers[0] = (struct dns_answer){ o.dns.question, unit_text("a.example.org"), NULL, 4294967295u, 5, 1 };
	o.dns.answers[1] = (struct dns_answer){ unit_text("a.example.org"), unit_text("192.0.2.7"), BYTES("\xc0\0\2\7"),
						.type = 1, .class = 1 };
	o.dns.answers[1].ttl = 60;
	o.dns.answers[2] = (struct dns_answer){ unit_text("a.example.org"), unit_text("2001:db8::7"),
						(const uint8_t *)"\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\7", 60, 28, 1 };
	write_line();
	assert_field("event.outcome", "success");
	assert_field("event.start", "2023-11-14T22:13:20.123456Z");
	assert_field("event.end", "2023-11-14T22:13:20.124456Z");
	assert_number("event.duration", 1000000);
	assert_field("source.ip", "192.0.2.1"); /* who asked */
	assert_number("source.bytes", 29);
	assert_number("destination.bytes", 45);
	assert_field("dns.type", "answer");
	assert_field("dns.response_code", "NOERROR");
	assert_list("dns.header_flags", "RD RA");
	assert_field("dns.answers.0.type", "CNAME");
	assert_number("dns.answers.0.ttl", 4294967295);
	assert_field("dns.answers.1.data", "192.0.2.7");
	assert_list("dns.resolved_ip", "192.0.2.7 2001:db8::7");
	assert_list("related.ip", "192.0.2.1 192.0.2.53 192.0.2.7 2001:db8::7");
	assert_list("related.hosts", "example.org a.example.org");
	assert_field("dns.question.registered_domain", "example.org");
	assert_absent("dns.question.subdomain");
}

static void assert_outcome(uint16_t flags, uint16_t rcode, const char *outcome, const char *code)
{
	exchange_response(&o);
	o.dns.flags = flags;
	o.dns.rcode = rcode;
	write_line();
	assert_field("event.outcome", outcome);
	assert_field("dns.response_code", code);
	assert_absent("event.start");
	assert_absent("event.duration");
}

static void test_outcomes(void **state)
{
	assert_outcome(0x8180, 0, "success", "NOERROR");
	assert_outcome(0x8183, 3, "failure", "NXDOMAIN");
	assert_outcome(0x8180, 16, "failure", "BADVERS");
	assert_outcome(0x8380, 0, "unknown", "NOERROR");
	assert_outcome(0x8383, 3, "unknown", "NXDOMAIN");
}

static void test_header_flags(void **state)
{
	exchange_response(&o);
	o.dns.flags = 0xffff;
	o.dns.edns = o.dns.edns_do = true;
	o.dns.edns_size = 1232;
	write_line();
	assert_list("dns.header_flags", "AA TC RD RA AD CD DO");
	assert_field("dns.op_code", "OPCODE15");
	assert_number("metsuke.dns.edns.udp_size", 1232);
	o.dns.flags = 0x8040; /* the reserved bit has no name */
	o.dns.edns = o.dns.edns_do = false;
	write_line();
	assert_list("dns.header_flags", "");
	assert_absent("metsuke");
}

static void test_no_question(void **state)
{
	exchange_query(&o);
	o.dns.has_question = false;
	o.dns.question = unit_text("");
	write_line();
	assert_field("dns.question.name", "");
	assert_field("dns.question.type", "");
	assert_absent("related.hosts");
	o.dns.has_question = true;
	o.dns.question = unit_text(".");
	o.dns.type = 2;
	write_line();
	assert_field("dns.question.name", ".");
	assert_field("dns.question.type", "NS");
	assert_absent("related.hosts");
}

static void test_forwarded(void **state)
{
	static const struct {
		enum direction direction;
		const char *name;
	} rows[] = { { DIRECTION_OUTBOUND, "outbound" },
		     { DIRECTION_INBOUND, "inbound" },
		     { DIRECTION_INTERNAL, "internal" },
		     { DIRECTION_EXTERNAL, "external" } };

	exchange_query(&o);
	o.forwarded = true;
	for (size_t i = 0; i < COUNT(rows); i++) {
		o.direction = rows[i].direction;
		write_line();
		assert_field("network.direction", rows[i].name);
		assert_list("tags", "forwarded");
		assert_absent("host");
	}
	o.forwarded = false;
	o.direction = DIRECTION_INGRESS;
	write_line();
	assert_field("network.direction", "ingress");
	assert_field("host.id", "0123456789abcdef");
}

static void test_process(void **state)
{
	exchange_query(&o);
	o.process = &process;
	o.quality = OWNER_SOCKET;
	write_line();
	assert_number("process.pid", 4242);
	assert_field("process.name", "curl");
	assert_field("process.start", "2023-11-14T22:13:19.123456Z");
	assert_field("process.entity_id", process.entity_id);
	assert_number("process.parent.pid", 4200);
	assert_field("user.id", "1000");
	assert_field("user.name", "alice");
	assert_list("related.user", "alice");
	assert_field("container.id", process.container);
	assert_field("metsuke.owner.quality", "socket");
	o.quality = OWNER_PRIMED;
	write_line();
	assert_field("metsuke.owner.quality", "primed");
	exchange_response(&o);
	o.process = &process;
	o.quality = OWNER_CACHED;
	write_line();
	assert_field("metsuke.owner.quality", "cached");
}

/* A process of which nothing but its key is known. */
static void test_bare_process(void **state)
{
	struct process bare = { .key = process.key, .pid = 4242, .start_ns = 1, .entity_id = "x" };

	exchange_query(&o);
	o.process = &bare;
	o.quality = OWNER_SOCKET;
	write_line();
	assert_number("process.pid", 4242);
	assert_field("user.id", "1000");
	assert_absent("process.name");
	assert_absent("process.parent");
	assert_absent("user.name");
	assert_absent("related.user");
	assert_absent("container");
}

static void test_where_it_was_seen(void **state)
{
	exchange_query(&o);
	o.family = 6;
	exchange_endpoints(&o, "2001:db8::1", 40000, "2001:db8::53", 53);
	o.ifindex = 1;
	o.vlan = 4094;
	o.tunnel = 2;
	memcpy(o.mac, "\0\1\x9a\xbc\xde\xff", 6);
	write_line();
	assert_field("network.type", "ipv6");
	assert_field("source.ip", "2001:db8::1");
	assert_field("observer.ingress.interface.name", "lo");
	assert_field("observer.ingress.interface.id", "1");
	assert_field("network.vlan.id", "4094");
	assert_field("source.mac", "00-01-9A-BC-DE-FF");
	assert_field("metsuke.tunnel.type", "ipip");
	o.ifindex = 0x7fffffff; /* gone */
	o.tunnel = 1;
	write_line();
	assert_absent("observer.ingress");
	assert_field("metsuke.tunnel.type", "gre");
	o.tunnel = 4;
	write_line();
	assert_field("metsuke.tunnel.type", "vxlan");
}

static void test_community_id_is_the_flows(void **state)
{
	char id[COMMUNITY_ID_TEXT];
	struct community_flow flow = { .sport = 53, .dport = 40000, .proto = 17 };

	exchange_response(&o);
	write_line();
	memcpy(flow.saddr, o.destination.ip, 16);
	memcpy(flow.daddr, o.source.ip, 16);
	community_id(&flow, 0, id);
	assert_field("network.community_id", id);
}

static void test_marks(void **state)
{
	exchange_query(&o);
	o.marks = MARK_truncated | MARK_pointer | MARK_rdata;
	write_line();
	assert_list("metsuke.marks", "truncated pointer rdata");
	o.marks = 0xffff; /* bits without a name are left out */
	write_line();
	assert_list("metsuke.marks", "truncated oversize label_type name_length pointer too_many udp_length first_fragment "
				     "no_version incomplete field_length pointer_loop rdata control_bytes");
}

static void test_related_is_bounded(void **state)
{
	static uint8_t address[MAX_ANSWERS][4];
	static char text[MAX_ANSWERS][16]; /* names and addresses by turns */

	exchange_response(&o);
	o.dns.n_answers = MAX_ANSWERS;
	for (int i = 0; i < MAX_ANSWERS; i++) {
		struct dns_answer *a = &o.dns.answers[i];

		memcpy(address[i], (uint8_t[]){ 10, 0, i >> 8, i }, 4);
		snprintf(text[i], sizeof(text[i]), i % 2 ? "10.0.%d.%d" : "n%d-%d.org", i >> 8, i & 255);
		*a = (struct dns_answer){ o.dns.question, unit_text(text[i]), NULL, 1, 5, 1 };
		if (i % 2)
			*a = (struct dns_answer){ o.dns.question, unit_text(text[i]), address[i], 1, 1, 1 };
	}
	write_line();
	assert_int_equal(json_array_size(at("dns.answers")), MAX_ANSWERS);
	assert_int_equal(json_array_size(at("dns.resolved_ip")), MAX_ANSWERS / 2);
	assert_int_equal(json_array_size(at("related.ip")), 64);
	assert_int_equal(json_array_size(at("related.hosts")), 32);
}

static void test_request(void **state)
{
	exchange_request(&o);
	o.http.method = unit_text("POST");
	o.http.target = unit_text("/a/b.tar.gz?q=1/2.x&r");
	o.http.host = unit_text("www.example.org");
	o.http.host_port = 8080;
	o.http.domain.registered = unit_text("example.org");
	o.http.domain.subdomain = unit_text("www");
	o.http.domain.suffix = unit_text("org");
	o.http.agent = unit_text("curl/8");
	o.http.has_agent = o.http.has_referrer = true;
	o.http.referrer = unit_text("");
	o.http.content_length = 100;
	write_line();
	assert_field("event.action", "http-request");
	assert_list("event.category", "network web");
	assert_list("event.type", "connection protocol access");
	assert_field("network.protocol", "http");
	assert_field("destination.domain", "www.example.org");
	assert_list("related.hosts", "www.example.org");
	assert_field("http.version", "1.1");
	assert_field("http.request.method", "POST");
	assert_number("http.request.bytes", 118);
	assert_number("http.request.body.bytes", 100);
	assert_field("http.request.referrer", "");
	assert_field("url.original", "/a/b.tar.gz?q=1/2.x&r");
	assert_field("url.full", "http://www.example.org:8080/a/b.tar.gz?q=1/2.x&r");
	assert_field("url.path", "/a/b.tar.gz");
	assert_field("url.query", "q=1/2.x&r");
	assert_field("url.extension", "gz");
	assert_number("url.port", 8080);
	assert_field("url.domain", "www.example.org");
	assert_field("url.subdomain", "www");
	assert_field("user_agent.original", "curl/8");
	assert_absent("source.bytes");
}

static void test_bare_request(void **state)
{
	exchange_request(&o);
	o.destination.port = 8000;
	o.http.minor = -1;
	o.http.head_len = 0;
	write_line();
	assert_field("http.version", "0.9");
	assert_field("url.path", "/");
	assert_number("url.port", 8000);
	assert_absent("url.full");
	assert_absent("url.domain");
	assert_absent("url.query");
	assert_absent("url.extension");
	assert_absent("user_agent");
	assert_absent("related.hosts");
	assert_absent("destination.domain");
	assert_absent("http.request.bytes");
	assert_absent("http.request.body");
	assert_absent("http.request.referrer");
}

static void test_request_lengths(void **state)
{
	exchange_request(&o);
	o.http.content_length = 0;
	write_line();
	assert_number("http.request.bytes", 18);
	assert_number("http.request.body.bytes", 0);
	o.http.chunked = true; /* nobody knows before its end */
	write_line();
	assert_absent("http.request.bytes");
}

static void assert_url(const char *target, const char *host, const char *full, const char *path, const char *query,
		       const char *extension)
{
	exchange_request(&o);
	o.http.target = unit_text(target);
	o.http.host = unit_text(host);
	write_line();
	assert_field("url.original", target);
	assert_field("url.path", path);
	full ? assert_field("url.full", full) : assert_absent("url.full");
	query ? assert_field("url.query", query) : assert_absent("url.query");
	extension ? assert_field("url.extension", extension) : assert_absent("url.extension");
}

static void test_urls(void **state)
{
	assert_url("/", "h", "http://h/", "/", NULL, NULL);
	assert_url("/?", "h", "http://h/?", "/", "", NULL);
	assert_url("/a.b/c", "h", "http://h/a.b/c", "/a.b/c", NULL, NULL);
	assert_url("/a.", "h", "http://h/a.", "/a.", NULL, NULL);
	assert_url("/.htaccess", "h", "http://h/.htaccess", "/.htaccess", NULL, "htaccess");
	assert_url("/x?a.b", "h", "http://h/x?a.b", "/x", "a.b", NULL);
	assert_url("http://p.org/a/b.js?c", "h", "http://p.org/a/b.js?c", "/a/b.js", "c", "js");
	assert_url("http://p.org", "h", "http://p.org", "", NULL, NULL);
	assert_url("*", "h", NULL, "*", NULL, NULL);
	assert_url("", "h", NULL, "", NULL, NULL);
	exchange_request(&o);
	o.http.host = unit_text("h");
	o.http.host_port = 80;
	o.destination.port = 3128;
	write_line();
	assert_field("url.full", "http://h/");
	assert_number("url.port", 80);
}

/* What JSON has to escape, and what would end a line. */
static void test_hostile_text(void **state)
{
	static const char hostile[] = "a\"b\\c\n{\"event\":1}\r\t\1\x7f</script>\xc3\xa4\\u0041";
	char *was[] = { process.name, process.executable, process.command_line, process.parent_name, process.user };

	process.name = process.executable = process.command_line = process.parent_name = process.user = (char *)hostile;
	exchange_query(&o);
	o.process = &process;
	o.quality = OWNER_SOCKET;
	o.dns.question = unit_text("\\\"\\\\\\009\\255.\"]}");
	write_line();
	assert_field("dns.question.name", "\\\"\\\\\\009\\255.\"]}");
	assert_field("process.name", hostile);
	assert_field("process.executable", hostile);
	assert_field("process.command_line", hostile);
	assert_field("process.parent.name", hostile);
	assert_field("user.name", hostile);
	assert_list("related.user", hostile);
	exchange_request(&o);
	o.http.agent = o.http.referrer = unit_text("\"}\\");
	o.http.has_agent = o.http.has_referrer = true;
	write_line();
	assert_field("user_agent.original", "\"}\\");
	assert_field("http.request.referrer", "\"}\\");
	process.name = was[0];
	process.executable = was[1];
	process.command_line = was[2];
	process.parent_name = was[3];
	process.user = was[4];
}

/* One line of each kind that has every field. */
static void fill(struct observation *full)
{
	full->process = &process;
	full->quality = OWNER_SOCKET;
	full->ifindex = 1;
	full->vlan = 1;
	full->tunnel = 1;
	full->marks = MARK_truncated;
	memcpy(full->mac, "\2\0\0\0\0\1", 6);
}

static void fill_dns(struct observation *full)
{
	fill(full);
	full->dns.domain = (struct domain_parts){ unit_text("b.c"), unit_text("a"), unit_text("c") };
	full->dns.edns = true;
	full->dns.n_answers = 1;
	full->dns.answers[0] = (struct dns_answer){ unit_text("x"), unit_text("192.0.2.1"), BYTES("\xc0\0\2\1"),
						    .type = 1, .class = 1 };
}

/* Dropped: nothing was accessed, and for the sensor it is a success. */
static void test_denied(void **state)
{
	exchange_query(&o);
	o.denied = DENIED_LISTED;
	write_line();
	assert_list("event.type", "connection protocol denied");
	assert_field("event.action", "dns-query");
	assert_field("event.outcome", "success");
	assert_field("metsuke.denied", "listed");
	exchange_request(&o);
	o.denied = DENIED_FLAGGED;
	write_line();
	assert_list("event.category", "network web");
	assert_list("event.type", "connection protocol denied");
	assert_field("event.action", "http-request");
	assert_field("event.outcome", "success");
	assert_field("metsuke.denied", "flagged");
	o.denied = DENIED_NOT;
	write_line();
	assert_list("event.type", "connection protocol access");
	assert_absent("event.outcome");
	assert_absent("metsuke");
}

static void test_every_field_is_documented(void **state)
{
	exchange_query(&o);
	fill_dns(&o);
	o.denied = DENIED_LISTED;
	write_line();
	exchange_response(&o);
	fill_dns(&o);
	o.query_ns = EXCHANGE_NS;
	o.source_bytes = 29;
	write_line();
	exchange_request(&o);
	fill(&o);
	o.http.host = unit_text("a.b.c");
	o.http.domain = (struct domain_parts){ unit_text("b.c"), unit_text("a"), unit_text("c") };
	o.denied = DENIED_LISTED;
	write_line();
	o.denied = DENIED_NOT;
	o.process = NULL;
	o.forwarded = true;
	write_line();
	exchange_response(&o);
	o.forwarded = true;
	write_line();
	assert_documented();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_ecs(test_query),
		with_ecs(test_sequence),
		with_ecs(test_response),
		with_ecs(test_outcomes),
		with_ecs(test_header_flags),
		with_ecs(test_no_question),
		with_ecs(test_forwarded),
		with_ecs(test_process),
		with_ecs(test_bare_process),
		with_ecs(test_where_it_was_seen),
		with_ecs(test_community_id_is_the_flows),
		with_ecs(test_marks),
		with_ecs(test_related_is_bounded),
		with_ecs(test_request),
		with_ecs(test_bare_request),
		with_ecs(test_request_lengths),
		with_ecs(test_urls),
		with_ecs(test_hostile_text),
		with_ecs(test_denied),
		with_ecs(test_every_field_is_documented),
	};

	return cmocka_run_group_tests_name("ecs", tests, NULL, clean_up);
}
