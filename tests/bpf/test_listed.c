/* test_listed.c: which records the loaded programs take for listed: those go by the urgent ring, all others by the
 * bulk ring; both are as they are without lists. Each case has its near miss. */
#include <stdio.h>
#include <string.h>

#include "capture/native.h"
#include "tap.h"
#include "testrun.h"
#include "packets.h"

static struct seen kernel, native;
static struct testrun *t;
static struct native *n;
static struct settings settings = { .dns_ports = { 53 }, .http = 1, .wakeup_bytes = 1 << 30 };

static const __u8 plain_ip[] = { 203, 0, 113, 9 };

static void add_name(struct indicators *set, const char *name, unsigned int how)
{
	(void)indicators_add_name(set, 0, name, strlen(name), how, NULL);
}

static void add_ip4(struct indicators *set, const __u8 ip[4], unsigned int bits)
{
	__u8 mapped[16] = { [10] = 0xff, [11] = 0xff };

	memcpy(mapped + 12, ip, 4);
	(void)indicators_add_network(set, 0, mapped, 96 + bits, INDICATOR_NETWORK, NULL);
}

static struct indicators *new_set(void)
{
	static const struct indicator_list list = { .name = "list" };
	struct indicators *set = indicators_new();

	(void)indicators_add_list(set, &list);
	return set;
}

/* What the cases below are about, and enough else that filter and buckets have something to hold. */
static struct indicators *make_set(void)
{
	static const __u8 listed[] = { 198, 51, 100, 7 }, network[] = { 198, 51, 101, 0 },
			  v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 7 };
	struct indicators *set = new_set();
	char name[64];

	for (unsigned int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%u.other.test", i);
		add_name(set, name, INDICATOR_SELF | INDICATOR_CHILDREN);
	}
	add_name(set, "evil.example", INDICATOR_SELF | INDICATOR_CHILDREN);
	add_name(set, "deep.sub.bad.example", INDICATOR_SELF | INDICATOR_CHILDREN);
	add_name(set, "fine.example", INDICATOR_SELF | INDICATOR_ALLOW);
	add_ip4(set, listed, 32);
	add_ip4(set, network, 24);
	(void)indicators_add_network(set, 0, v6, 128, INDICATOR_NETWORK, NULL);
	return set;
}

/* The frame by both hooks; is it urgent? */
static void expect(const char *what, const struct pkt *p, bool urgent)
{
	for (enum hook hook = HOOK_XDP; hook < N_HOOKS; hook++) {
		const char *wrong = testrun_look(t, hook, LINK_ETHERNET, p->data, p->len, 0, &kernel);

		seen_native(&native, n, p->data, p->len, LINK_ETHERNET);
		if (!wrong)
			wrong = seen_unsound(&kernel, p->len);
		if (!wrong && kernel.rec.head.kind == RECORD_DNS)
			kernel.rec.dns.listed = 0; /* the kernel's word alone */
		if (!wrong)
			wrong = seen_difference(&kernel, &native);
		if (!wrong && kernel.urgent != urgent)
			wrong = urgent ? "it went by the bulk ring" : "it went by the urgent ring";
		if (!tap_result(!wrong, "%s: %s: %s", hook_names[hook], what, urgent ? "urgent" : "not urgent")) {
			tap_note("%s", wrong);
			tap_hex(p->data, p->len);
		}
	}
}

static struct pkt *message(__u32 flags, const char *name)
{
	static struct pkt p;

	memset(&p, 0, sizeof(p));
	pkt_eth(&p);
	pkt_ip4(&p, 0);
	pkt_udp(&p, flags & 0x8000 ? 53 : 40000, flags & 0x8000 ? 40000 : 53);
	pkt_dns(&p, flags);
	pkt_question(&p, name, 1);
	return &p;
}

static void query(const char *name, bool urgent)
{
	char what[300];

	snprintf(what, sizeof(what), "query for %s", name);
	expect(what, message(0x0100, name), urgent);
}

static void test_questions(void)
{
	query("evil.example", true);
	query("EVIL.example", true);
	query("www.evil.example", true);
	query("a.b.c.d.evil.example", true);
	query("deep.sub.bad.example", true);
	query("n19999.other.test", true);
	query("x.n7.other.test", true);
	query("0.1.2.3.4.5.6.7.8.9.a.b.c.d.e.f.g.h.evil.example", true);
	query("notevil.example", false);
	query("evil.example.org", false);
	query("evil.exampl", false);
	query("sub.bad.example", false);
	query("n20000.other.test", false);
	query("other.test", false);
	query("example", false);
	query("", false);
	query("fine.example", false);
}

/* The owner of an answer spelled out. */
static void full_record(struct pkt *p, const char *owner, __u32 type, const void *rdata, unsigned int len)
{
	pkt_count(p, PKT_ANSWER);
	pkt_name(p, owner);
	pkt_put16(p, type);
	pkt_put16(p, 1);
	pkt_put32(p, 300);
	pkt_put16(p, len);
	pkt_bytes(p, rdata, len);
}

static void test_answers(void)
{
	static const __u8 listed[] = { 198, 51, 100, 7 }, near[] = { 198, 51, 100, 8 },
			  in_net[] = { 198, 51, 101, 200 }, v6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 7 },
			  near6[16] = { 0x20, 1, 0xd, 0xb8, [15] = 8 };
	struct pkt *p;

	p = message(0x8180, "www.evil.example");
	pkt_record(p, PKT_ANSWER, 1, plain_ip, 4);
	expect("response to a listed name", p, true);
	p = message(0x8183, "www.evil.example");
	expect("response without records to a listed name", p, true);
	p = message(0x8180, "www.good.example");
	pkt_record(p, PKT_ANSWER, 1, plain_ip, 4);
	expect("response to another name", p, false);
	p = message(0x8180, "www.good.example");
	pkt_record(p, PKT_ANSWER, 1, plain_ip, 4);
	pkt_record(p, PKT_ANSWER, 1, listed, 4);
	expect("listed address in the second answer", p, true);
	p = message(0x8180, "www.good.example");
	pkt_record(p, PKT_ANSWER, 1, near, 4);
	expect("the address beside it", p, false);
	p = message(0x8180, "www.good.example");
	pkt_record(p, PKT_ANSWER, 1, in_net, 4);
	expect("address in a listed network", p, true);
	p = message(0x8180, "www.good.example");
	pkt_record(p, PKT_ANSWER, 28, v6, 16);
	expect("listed IPv6 address", p, true);
	p = message(0x8180, "www.good.example");
	pkt_record(p, PKT_ANSWER, 28, near6, 16);
	expect("the IPv6 address beside it", p, false);
	p = message(0x8180, "www.good.example");
	full_record(p, "www.good.example", 5, "\3www\4evil\7example", 18);
	full_record(p, "www.evil.example", 1, plain_ip, 4);
	expect("CNAME to a listed name", p, true);
	p = message(0x8180, "www.good.example");
	pkt_record(p, PKT_ANSWER, 5, "\4evil\xc0\x15", 7); /* ...example of the question */
	expect("CNAME to a listed name, compressed", p, true);
	p = message(0x8180, "www.good.example");
	pkt_record(p, PKT_ANSWER, 5, "\5vevil\xc0\x15", 8);
	expect("CNAME to a look-alike, compressed", p, false);
	p = message(0x8180, "www.good.example");
	full_record(p, "cdn.evil.example", 1, plain_ip, 4);
	expect("listed owner of an answer", p, true);
	p = message(0x8180, "www.good.example");
	full_record(p, "cdn.devil.example", 1, plain_ip, 4);
	expect("look-alike owner of an answer", p, false);
	p = message(0x8180, "www.good.example");
	pkt_record(p, PKT_ANSWER, 5, "\4evil\xc0\x30", 7);
	expect("CNAME with a pointer that does not point back", p, false);
}

static struct pkt *request(const char *host)
{
	static struct pkt p;

	memset(&p, 0, sizeof(p));
	pkt_eth(&p);
	pkt_ip4(&p, 0);
	pkt_tcp(&p, 40000, 80, 1000, 12);
	pkt_http(&p, "GET", "/gate.php", host);
	return &p;
}

static void test_hosts(void)
{
	static const struct {
		const char *host;
		bool urgent;
	} rows[] = {
		{ "evil.example", true },
		{ "www.EVIL.example", true },
		{ "www.evil.example:8080", true },
		{ " \twww.evil.example \t", true },
		{ "evil.example.", true },
		{ "notevil.example", false },
		{ "evil.example.org", false },
		{ "good.example", false },
		{ "", false },
		{ "[2001:db8::7]", false },
		{ "evil-example", false },
		{ "evil.example@good.example", false },
		{ "good.example@evil.example", true },
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char what[64];

		snprintf(what, sizeof(what), "request, Host '%s'", rows[i].host);
		expect(what, request(rows[i].host), rows[i].urgent);
	}
}

static struct pkt *request_line(const char *method, const char *target)
{
	static struct pkt p;

	memset(&p, 0, sizeof(p));
	pkt_eth(&p);
	pkt_ip4(&p, 0);
	pkt_tcp(&p, 40000, 3128, 1000, 12);
	pkt_http(&p, method, target, "proxy.example");
	return &p;
}

/* Through a proxy the target names the host, whatever the Host field says. */
static void test_targets(void)
{
	expect("absolute target, listed", request_line("GET", "http://www.evil.example/a"), true);
	expect("absolute target, listed, no path", request_line("GET", "HTTP://evil.example"), true);
	expect("absolute target, listed, port and query", request_line("POST", "http://evil.example:8080?x"),
	       true);
	expect("absolute target, listed, behind a user", request_line("GET", "http://good.example@evil.example/"),
	       true);
	expect("absolute target, look-alike", request_line("GET", "http://notevil.example/"), false);
	expect("a listed name in the path of another", request_line("GET", "http://good.example/evil.example"),
	       false);
	expect("a listed name in a path", request_line("GET", "/http://evil.example/"), false);
	expect("CONNECT to a listed name", request_line("CONNECT", "evil.example:443"), true);
	expect("CONNECT to a look-alike", request_line("CONNECT", "devil.example:443"), false);
	expect("OPTIONS of all", request_line("OPTIONS", "*"), false);
}

static struct pkt *tcp_to(const __u8 ip[4], __u8 flags)
{
	static struct pkt p;

	memset(&p, 0, sizeof(p));
	pkt_eth(&p);
	pkt_ip4(&p, 0);
	pkt_tcp(&p, 40000, 6667, 1000, 12);
	memcpy(p.data + p.ip + 16, ip, 4);
	p.data[p.l4 + 13] = flags;
	return &p;
}

/* A connection start is a record where its address is of interest, and nothing otherwise. */
static void connection(const char *what, const struct pkt *p, bool wanted)
{
	for (enum hook hook = HOOK_XDP; hook < N_HOOKS; hook++) {
		const char *wrong = testrun_look(t, hook, LINK_ETHERNET, p->data, p->len, 0, &kernel);

		if (!wrong)
			wrong = seen_unsound(&kernel, p->len);
		if (!wrong && kernel.outcome != (wanted ? OUTCOME_syn : OUTCOME_not_http))
			wrong = outcome_name(kernel.outcome);
		if (!wrong && wanted &&
		    (kernel.rec.head.kind != RECORD_SYN || kernel.rec.syn.tcp_flags != 2 || !kernel.urgent))
			wrong = "the record is not what it should be";
		if (!tap_result(!wrong, "%s: %s", hook_names[hook], what))
			tap_note("%s", wrong);
	}
}

static void test_connections(void)
{
	static const __u8 listed[] = { 198, 51, 100, 7 }, near[] = { 198, 51, 100, 6 },
			  in_net[] = { 198, 51, 101, 1 }, near_net[] = { 198, 51, 102, 1 },
			  answered[] = { 203, 0, 113, 77 };
	struct pkt *p;

	connection("SYN to a listed address", tcp_to(listed, 2), true);
	connection("SYN to an address in a listed network", tcp_to(in_net, 2), true);
	connection("SYN to the address beside it", tcp_to(near, 2), false);
	connection("SYN to the network beside it", tcp_to(near_net, 2), false);
	connection("SYN-ACK to a listed address", tcp_to(listed, 0x12), false);
	connection("ACK to a listed address", tcp_to(listed, 0x10), false);
	connection("SYN to an address that no listed name led to", tcp_to(answered, 2), false);
	p = message(0x8180, "good.example");
	pkt_record(p, PKT_ANSWER, 1, answered, 4);
	expect("an unlisted name leads there", p, false);
	connection("SYN to it", tcp_to(answered, 2), false);
	p = message(0x8180, "c2.evil.example");
	pkt_record(p, PKT_ANSWER, 1, answered, 4);
	expect("a listed name leads there", p, true);
	connection("SYN to what a listed name led to", tcp_to(answered, 2), true);
	p = request("good.example");
	memcpy(p->data + p->ip + 16, answered, 4);
	expect("request to what a listed name led to", p, true);
	p = request("good.example");
	memcpy(p->data + p->ip + 16, listed, 4);
	expect("request to a listed address", p, true);
	p = tcp_to(listed, 2);
	pkt_text(p, "GET / HTTP/1.1\r\nHost: good.example\r\n\r\n");
	expect("SYN that carries a request to a listed address is that request", p, true);
}

/* Another set takes the place of the first; none at all leaves everything as it was before lists. */
static void test_swaps(void)
{
	static const __u8 listed[] = { 198, 51, 100, 7 };
	struct indicators *other = new_set(), *empty = new_set();

	add_name(other, "second.example", INDICATOR_SELF | INDICATOR_CHILDREN);
	tap_result(!testrun_lists(t, other), "another set");
	query("www.second.example", true);
	query("evil.example", false);
	connection("SYN to what was listed before", tcp_to(listed, 2), false);
	tap_result(!testrun_lists(t, empty), "an empty set");
	query("www.second.example", false);
	connection("SYN without lists", tcp_to(listed, 2), false);
	indicators_free(other);
	indicators_free(empty);
}

int main(void)
{
	struct indicators *set = make_set();
	struct settings native_settings = settings;

	t = testrun_new(0);
	if (!t)
		return 1;
	n = native_new(&native_settings);
	testrun_reset(t, &settings);
	query("evil.example", false); /* no lists yet */
	tap_result(!testrun_lists(t, set), "a set of lists");
	test_questions();
	test_answers();
	test_hosts();
	test_targets();
	test_connections();
	test_swaps();
	native_free(n);
	testrun_free(t);
	indicators_free(set);
	return tap_end();
}
