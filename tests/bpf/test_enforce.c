/* test_enforce.c: which packets the loaded programs drop, and what they say of them. Each case has its near miss, and
 * whatever is dropped is told like any other: one outcome, one record, which says why. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tap.h"
#include "testrun.h"
#include "packets.h"

enum { LIST, TOLD, EXCEPTIONS };

static const struct settings watching = { .dns_ports = { 53 }, .http = 1, .wakeup_bytes = 1 << 30 };
static struct seen seen;
static struct testrun *t;
static unsigned int ingress; /* of the packets that the TC program sees */

static const char *const words[] = { "passes", "denied: listed", "denied: flagged" };

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static void enforce(enum enforce_mode mode)
{
	testrun_settings(t)->enforce = mode;
	testrun_settings(t)->enforce_lease_ns = now_ns() + 3600 * 1000000000ULL;
	testrun_settings(t)->enforce_deadline_ns = 0;
}

static void add_name(struct indicators *set, int list, const char *name, unsigned int how)
{
	(void)indicators_add_name(set, list, name, strlen(name), how, NULL);
}

static void add_network(struct indicators *set, int list, const __u8 ip[4], unsigned int bits)
{
	__u8 mapped[16] = { [10] = 0xff, [11] = 0xff };

	memcpy(mapped + 12, ip, 4);
	(void)indicators_add_network(set, list, mapped, 96 + bits, INDICATOR_NETWORK, NULL);
}

#define WHOLE (INDICATOR_SELF | INDICATOR_CHILDREN)
#define LABELS15 "1.2.3.4.5.6.7.8.9.a.b.c.d.long.example"
#define LABELS16 "1.2.3.4.5.6.7.8.9.a.b.c.d.e.tall.example"

static struct indicators *make_set(void)
{
	static const struct indicator_list lists[] = { [LIST] = { .name = "list" },
						       [TOLD] = { .name = "told", .only_told = true },
						       [EXCEPTIONS] = { .name = "exceptions", .allow = true } };
	static const __u8 allowed[] = { 198, 51, 100, 0 }, listed[] = { 198, 51, 100, 128 };
	struct indicators *set = indicators_new();
	char name[64];

	for (unsigned int i = 0; i < 3; i++)
		(void)indicators_add_list(set, &lists[i]);
	for (unsigned int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "n%u.other.test", i);
		add_name(set, LIST, name, WHOLE);
	}
	add_name(set, LIST, "evil.example", WHOLE);
	add_name(set, LIST, "exact.example", INDICATOR_SELF);
	add_name(set, LIST, "below.example", INDICATOR_CHILDREN);
	add_name(set, LIST, "halves.example", INDICATOR_CHILDREN);
	add_name(set, TOLD, "halves.example", INDICATOR_SELF);
	add_name(set, TOLD, "told.example", WHOLE);
	add_name(set, TOLD, "both.example", WHOLE);
	add_name(set, LIST, "both.example", WHOLE);
	add_name(set, LIST, LABELS15, WHOLE);
	add_name(set, LIST, LABELS16, WHOLE);
	add_name(set, LIST, "top", WHOLE);
	add_name(set, EXCEPTIONS, "good.evil.example", WHOLE);
	add_name(set, EXCEPTIONS, "self.evil.example", INDICATOR_SELF);
	add_name(set, EXCEPTIONS, "kids.evil.example", INDICATOR_CHILDREN);
	add_name(set, EXCEPTIONS, "0.1.2.3.4.5.6.7.8.9.a.b.c.d.fine.evil.example", WHOLE);
	add_name(set, EXCEPTIONS, "fine.example", WHOLE);
	add_network(set, EXCEPTIONS, allowed, 24);
	add_network(set, LIST, listed, 25);
	return set;
}

/* The frame by one hook. */
static void expect_by(enum hook hook, const char *what, const struct pkt *p, enum denied denied)
{
	const char *wrong = testrun_look(t, hook, LINK_ETHERNET, p->data, p->len, hook == HOOK_TC ? ingress : 0, &seen);

	if (!wrong)
		wrong = seen_unsound(&seen, p->len);
	if (!wrong && !seen.n_records)
		wrong = "there is no record of it";
	if (!wrong && seen.dropped != (denied != DENIED_NOT))
		wrong = seen.dropped ? "it was dropped" : "it was let go";
	if (!wrong && seen.rec.denied != denied)
		wrong = words[seen.rec.denied];
	if (!wrong && (seen.denied_listed != (denied == DENIED_LISTED) ||
		       seen.denied_flagged != (denied == DENIED_FLAGGED)))
		wrong = "the counters say another thing";
	if (!tap_result(!wrong, "%s: %s: %s", hook_names[hook], what, words[denied])) {
		tap_note("%s", wrong);
		tap_hex(p->data, p->len);
	}
}

static void expect(const char *what, const struct pkt *p, enum denied denied)
{
	for (enum hook hook = HOOK_XDP; hook < N_HOOKS; hook++)
		expect_by(hook, what, p, denied);
}

static struct pkt *message(__u32 flags, __u32 sport, __u32 dport, const char *name)
{
	static struct pkt p;

	memset(&p, 0, sizeof(p));
	pkt_eth(&p);
	pkt_ip4(&p, 0);
	pkt_udp(&p, sport, dport);
	pkt_dns(&p, flags);
	pkt_question(&p, name, 1);
	return &p;
}

static struct pkt *query(const char *name)
{
	return message(0x0100, 40000, 53, name);
}

static void asked(const char *name, enum denied denied)
{
	char what[300];

	snprintf(what, sizeof(what), "query for %s", name);
	expect(what, query(name), denied);
}

static struct pkt *segment(__u32 seq)
{
	static struct pkt p;

	memset(&p, 0, sizeof(p));
	pkt_eth(&p);
	pkt_ip4(&p, 0);
	pkt_tcp(&p, 40000, 80, seq, 12);
	return &p;
}

static struct pkt *request(const char *method, const char *target, const char *host)
{
	struct pkt *p = segment(1000);

	pkt_http(p, method, target, host);
	return p;
}

static void requested(const char *host, enum denied denied)
{
	char what[300];

	snprintf(what, sizeof(what), "request, Host '%s'", host);
	expect(what, request("GET", "/gate", host), denied);
}

static void test_queries(void)
{
	asked("evil.example", DENIED_LISTED);
	asked("EVIL.Example", DENIED_LISTED);
	asked("c2.evil.example", DENIED_LISTED);
	asked("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.evil.example", DENIED_LISTED);
	asked("n4999.other.test", DENIED_LISTED);
	asked("name.top", DENIED_LISTED);
	asked("top", DENIED_LISTED);
	asked("notevil.example", DENIED_NOT);
	asked("evil.example.org", DENIED_NOT);
	asked("n5000.other.test", DENIED_NOT);
	asked("example", DENIED_NOT);
	asked("", DENIED_NOT);
}

/* Of a list that says only the name, or only what is below it; of lists that are only told; of one and the other. */
static void test_entries(void)
{
	asked("exact.example", DENIED_LISTED);
	asked("www.exact.example", DENIED_NOT);
	asked("below.example", DENIED_NOT);
	asked("www.below.example", DENIED_LISTED);
	asked("told.example", DENIED_NOT);
	asked("www.told.example", DENIED_NOT);
	asked("both.example", DENIED_LISTED);
	asked("www.both.example", DENIED_LISTED);
	asked("halves.example", DENIED_NOT);
	asked("www.halves.example", DENIED_LISTED);
	asked(LABELS15, DENIED_LISTED);
	asked("0." LABELS15, DENIED_LISTED);
	asked(LABELS16, DENIED_NOT); /* not told from longer ones here */
	asked("0." LABELS16, DENIED_NOT);
}

static void test_exceptions(void)
{
	asked("good.evil.example", DENIED_NOT);
	asked("www.good.evil.example", DENIED_NOT);
	asked("ungood.evil.example", DENIED_LISTED);
	asked("self.evil.example", DENIED_NOT);
	asked("www.self.evil.example", DENIED_LISTED);
	asked("kids.evil.example", DENIED_LISTED);
	asked("www.kids.evil.example", DENIED_NOT);
	asked("0.1.2.3.4.5.6.7.8.9.a.b.c.d.fine.evil.example", DENIED_NOT);
	asked("x.1.2.3.4.5.6.7.8.9.a.b.c.d.fine.evil.example", DENIED_NOT); /* not told from it here */
	asked("x.fine.evil.example", DENIED_LISTED);
	asked("fine.example", DENIED_NOT);
}

/* What is no lookup of that name. */
static void test_other_messages(void)
{
	struct pkt *p = message(0x8180, 53, 40000, "evil.example");

	pkt_record(p, PKT_ANSWER, 1, "\xcb\0\x71\1", 4);
	expect("response for a listed name", p, DENIED_NOT);
	expect("query from the port, not to it", message(0x0100, 53, 40000, "evil.example"), DENIED_NOT);
	p = query("evil.example");
	pkt_poke16(p, p->payload + PKT_QUESTION, 0);
	expect("query that counts no question", p, DENIED_NOT);
	p = query("www.good.example");
	pkt_record(p, PKT_ANSWER, 5, "\4evil\xc0\x15", 7); /* CNAME evil.example */
	expect("query with a listed name in its answers", p, DENIED_NOT);
	p = query("www.good.example");
	pkt_poke8(p, p->payload + 12 + 4, 0x45); /* a label type that no one knows: where does the name end? */
	expect("query whose name cannot be read", p, DENIED_NOT);
	p = segment(1000);
	pkt_text(p, "GET / HTTP/1.1\r\nHost: good.example\r\nReferer: http://evil.example/\r\n\r\n");
	expect("request from a page of a listed name", p, DENIED_NOT);
}

static void test_requests(void)
{
	requested("evil.example", DENIED_LISTED);
	requested("c2.EVIL.example:8080", DENIED_LISTED);
	requested(" evil.example ", DENIED_LISTED);
	requested("evil.example.", DENIED_LISTED);
	requested("good.example@evil.example", DENIED_LISTED);
	requested("evil.example..", DENIED_NOT);
	requested("evil..example", DENIED_NOT);
	requested(".evil.example", DENIED_NOT);
	requested("notevil.example", DENIED_NOT);
	requested("evil.example.org", DENIED_NOT);
	requested("good.evil.example", DENIED_NOT);
	requested("www.exact.example", DENIED_NOT);
	requested("told.example", DENIED_NOT);
	requested("", DENIED_NOT);
	expect("absolute target, listed", request("GET", "http://evil.example/a", "proxy.example"), DENIED_LISTED);
	expect("absolute target, look-alike", request("GET", "http://devil.example/a", "evil.example"), DENIED_NOT);
	expect("CONNECT to a listed name", request("CONNECT", "evil.example:443", "evil.example"), DENIED_LISTED);
	expect("CONNECT to an exception", request("CONNECT", "good.evil.example:443", "x"), DENIED_NOT);
}

/* A host longer than the programs read: its beginning is no name. */
static void test_long_host(void)
{
	struct pkt *p = segment(1000);

	pkt_text(p, "GET http://");
	for (int i = 0; i < 121; i++)
		pkt_text(p, "a.");
	pkt_text(p, "evil.example.");
	expect("target that ends in a listed name", (pkt_text(p, "/ HTTP/1.1\r\n\r\n"), p), DENIED_LISTED);
	p = segment(1000);
	pkt_text(p, "GET http://");
	for (int i = 0; i < 121; i++)
		pkt_text(p, "a.");
	pkt_text(p, "evil.example.org/ HTTP/1.1\r\n\r\n");
	expect("target with a listed name where reading ends", p, DENIED_NOT);
}

/* A head over several segments: the first one decides, if it holds the whole Host field. */
static void test_segments(void)
{
	for (enum hook hook = HOOK_XDP; hook < N_HOOKS; hook++) {
		struct pkt *p = segment(1000);
		unsigned int len;

		testrun_reset(t, &watching);
		testrun_settings(t)->syn = 1;
		enforce(ENFORCE_LISTED);
		pkt_text(p, "GET /a HTTP/1.1\r\nHost: www.evil.example\r\nCookie: ");
		len = p->len - p->payload;
		expect_by(hook, "first segment, with Host", p, DENIED_LISTED);
		p = segment(1000 + len);
		pkt_text(p, "more\r\nHost: evil.example\r\n\r\n");
		expect_by(hook, "second segment", p, DENIED_NOT);
		p = segment(1000);
		pkt_text(p, "GET /a HTTP/1.1\r\nHost: www.evil.example");
		expect_by(hook, "first segment, Host cut", p, DENIED_NOT);
		p = segment(1000);
		pkt_text(p, "GET /a HTTP/1.1\r\nHost: www.devil.example\r\nCookie: ");
		expect_by(hook, "first segment, Host of a look-alike", p, DENIED_NOT);
	}
	testrun_reset(t, &watching);
	testrun_settings(t)->syn = 1;
}

/* The sender of all these frames is 192.0.2.1. */
static const struct flagged_key host = { .type = FLAGGED_HOST, .ip = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 1 } };
static const struct flagged_key neighbour = { .type = FLAGGED_HOST,
					      .ip = { [10] = 0xff, [11] = 0xff, 192, 0, 2, 2 } };

static void flag(const struct flagged_key *key, enum flagged_effect effect)
{
	const struct flagged f = { .verdict = VERDICT_SUSPICIOUS, .effect = effect };

	testrun_flag(t, key, &f);
}

/* Out of TC with a flagged host's address: forwarded for it, or this machine's own, which does not count. */
static void test_flagged(void)
{
	static const __u8 allowed[] = { 198, 51, 100, 7 }, listed[] = { 198, 51, 100, 200 },
			  other[] = { 198, 51, 99, 200 };
	struct pkt *p;

	flag(&neighbour, EFFECT_BLOCKED);
	asked("www.good.example", DENIED_NOT);
	flag(&host, EFFECT_TOLD);
	asked("www.good.example", DENIED_NOT);
	flag(&host, EFFECT_BLOCKED);
	expect_by(HOOK_TC, "own query, the machine's address is flagged", query("www.good.example"), DENIED_NOT);
	ingress = 1;
	asked("www.good.example", DENIED_FLAGGED);
	asked("", DENIED_FLAGGED);
	asked("evil.example", DENIED_LISTED);
	asked("good.evil.example", DENIED_NOT);
	asked("www.fine.example", DENIED_NOT);
	requested("www.good.example", DENIED_FLAGGED);
	requested("", DENIED_FLAGGED);
	requested("www.fine.example", DENIED_NOT);
	p = message(0x8180, 53, 40000, "www.good.example");
	expect("response of a flagged host", p, DENIED_NOT);
	p = request("GET", "/", "www.good.example");
	memcpy(p->data + p->ip + 16, allowed, 4);
	expect("request to an excepted network", p, DENIED_NOT);
	memcpy(p->data + p->ip + 16, listed, 4);
	expect("request to a listed network in it", p, DENIED_NOT);
	memcpy(p->data + p->ip + 16, other, 4);
	expect("request to the network beside it", p, DENIED_FLAGGED);
	p = query("www.good.example");
	memcpy(p->data + p->ip + 16, allowed, 4);
	expect("query to a server in an excepted network", p, DENIED_FLAGGED);
	enforce(ENFORCE_LISTED);
	asked("www.good.example", DENIED_NOT);
	asked("evil.example", DENIED_LISTED);
	enforce(ENFORCE_FLAGGED);
	testrun_flag(t, &host, NULL);
	asked("www.good.example", DENIED_NOT);
	ingress = 0;
}

/* The same over IPv6, and inside a tag. */
static void test_other_packets(void)
{
	static const struct flagged_key host6 = { .type = FLAGGED_HOST,
						  .ip = { 0x20, 1, 0xd, 0xb8, [15] = 1 } };
	static const char *const names[] = { "www.evil.example", "www.good.example" };
	static struct pkt p;

	for (int blocked = 0; blocked < 2; blocked++) {
		for (int tagged = 0; tagged < 2; tagged++) {
			for (int name = 0; name < 2; name++) {
				char what[64];

				memset(&p, 0, sizeof(p));
				pkt_eth(&p);
				if (tagged)
					pkt_vlan(&p, 0x8100, 7);
				pkt_ip6(&p);
				pkt_udp(&p, 40000, 53);
				pkt_dns(&p, 0x0100);
				pkt_question(&p, names[name], 1);
				snprintf(what, sizeof(what), "IPv6%s, %s, host %sflagged", tagged ? ", tagged" : "",
					 names[name], blocked ? "" : "not ");
				expect_by(HOOK_XDP, what, &p,
					  !name	    ? DENIED_LISTED
					  : blocked ? DENIED_FLAGGED
						    : DENIED_NOT);
			}
		}
		flag(&host6, EFFECT_BLOCKED);
	}
	testrun_flag(t, &host6, NULL);
}

static void test_switches(void)
{
	const struct pkt *p = query("evil.example");
	struct settings *s = testrun_settings(t);

	enforce(ENFORCE_LISTED);
	expect("switched on", p, DENIED_LISTED);
	s->enforce_deadline_ns = now_ns() + 3600 * 1000000000ULL;
	expect("on trial", p, DENIED_LISTED);
	s->enforce_deadline_ns = now_ns();
	expect("the trial is over", p, DENIED_NOT);
	enforce(ENFORCE_LISTED);
	s->enforce_lease_ns = now_ns();
	expect("the lease has ended", p, DENIED_NOT);
	enforce(ENFORCE_OFF);
	expect("switched off", p, DENIED_NOT);
	s->enforce = ENFORCE_LISTED;
	s->enforce_lease_ns = 0;
	expect("never renewed", p, DENIED_NOT);
}

/* Without a list only flags matter; with lists of exceptions alone those do. */
static void test_without_names(void)
{
	static const struct indicator_list exceptions = { .name = "exceptions", .allow = true };
	static const __u8 ip[] = { 198, 51, 100, 0 };
	struct indicators *set = indicators_new();
	struct pkt *p;

	(void)indicators_add_list(set, &exceptions);
	tap_result(!testrun_lists(t, set), "no lists");
	enforce(ENFORCE_FLAGGED);
	ingress = 1;
	asked("evil.example", DENIED_NOT);
	flag(&host, EFFECT_BLOCKED);
	asked("evil.example", DENIED_FLAGGED);
	requested("good.example", DENIED_FLAGGED);
	add_name(set, 0, "fine.example", WHOLE);
	add_network(set, 0, ip, 24);
	tap_result(!testrun_lists(t, set), "exceptions alone");
	asked("fine.example", DENIED_NOT);
	asked("www.fine.example", DENIED_NOT);
	asked("nofine.example", DENIED_FLAGGED);
	requested("fine.example", DENIED_NOT);
	p = request("GET", "/", "good.example");
	memcpy(p->data + p->ip + 16, ip, 4);
	expect("request to an excepted network", p, DENIED_NOT);
	testrun_flag(t, &host, NULL);
	ingress = 0;
	indicators_free(set);
}

/* Nobody reads the ring: what cannot be told is dropped all the same, and counted twice: as lost, as denied. */
static void test_full_ring(const struct indicators *set)
{
	const struct pkt *p = query("evil.example");
	unsigned int dropped = 0, lost = 0, unsound = 0, n = 6000; /* the urgent ring has a megabyte */

	t = testrun_new(4096);
	if (!tap_result(t != NULL, "load with a ring of a page"))
		return;
	testrun_reset(t, &watching);
	tap_result(!testrun_lists(t, set), "lists");
	enforce(ENFORCE_LISTED);
	testrun_stall(t);
	for (unsigned int i = 0; i < n; i++) {
		unsound += !!testrun_look(t, i & 1, LINK_ETHERNET, p->data, p->len, 0, &seen);
		unsound += seen.packets != 1 || seen.n_outcomes != 1 || seen.denied_listed != 1;
		dropped += seen.dropped;
		lost += seen.outcome == OUTCOME_lost_urgent;
	}
	if (!tap_result(!unsound && dropped == n && lost > 0 && lost < n, "full rings: dropped all the same"))
		tap_note("%u dropped, %u lost, %u unsound", dropped, lost, unsound);
	testrun_free(t);
}

int main(void)
{
	struct indicators *set = make_set();

	t = testrun_new(0);
	if (!t)
		return 1;
	testrun_reset(t, &watching);
	tap_result(!testrun_lists(t, set), "a set of lists");
	asked("evil.example", DENIED_NOT); /* off by default */
	enforce(ENFORCE_LISTED);
	test_queries();
	test_entries();
	test_exceptions();
	test_other_messages();
	test_requests();
	test_long_host();
	test_segments();
	enforce(ENFORCE_FLAGGED);
	test_flagged();
	test_other_packets();
	test_switches();
	test_without_names();
	testrun_free(t);
	test_full_ring(set);
	indicators_free(set);
	return tap_end();
}
