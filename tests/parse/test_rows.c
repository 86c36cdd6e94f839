/* test_rows.c: the table of frames through the native parser under sanitizers, each frame ending at an
 * unreadable page, whole and at every length. usage: test_rows [ROW]   a number or a part of its name */
#include <string.h>

#include "guard.h"
#include "look.h"
#include "rows.h"
#include "tap.h"

static struct seen seen;

static void test_row(const struct row *row, unsigned int number)
{
	struct look *l = look_new(&row->settings);
	const char *wrong = NULL;
	unsigned int i;

	for (i = 0; i < row->n_steps && !wrong; i++) {
		const struct pkt *p = row->steps[i].pkt;

		wrong = look_frame(l, guard_place(p->data, p->len), p->len, row->link, &seen);
		if (!wrong)
			wrong = seen_unexpected(&seen, &row->steps[i]);
	}
	if (!tap_result(!wrong, "row %u: %s", number, row->name)) {
		tap_note("frame %u: %s", i, wrong);
		tap_hex(row->steps[i - 1].pkt->data, row->steps[i - 1].pkt->len);
	}
	look_free(l);
}

/* One frame by a parser that saw nothing before and by one with its working memory full of other messages. */
static const char *look_both_ways(const struct row *row, const struct pkt *p, unsigned int len)
{
	static struct seen fresh;
	struct look *l = look_new(&row->settings);
	const __u8 *data = guard_place(p->data, len);
	const char *wrong = look_frame(l, data, len, row->link, &fresh);

	look_free(l);
	if (wrong)
		return wrong;
	l = look_new(&row->settings);
	look_stain(l);
	wrong = look_frame(l, data, len, row->link, &seen);
	look_free(l);
	return wrong ? wrong : seen_difference(&fresh, &seen);
}

static void test_truncations(const struct row *row, unsigned int number)
{
	const char *wrong = NULL;
	const struct pkt *p = NULL;
	unsigned int len = 0;

	for (unsigned int i = 0; i < row->n_steps && !wrong; i++) {
		p = row->steps[i].pkt;
		for (len = 0; len <= p->len && !wrong; len++)
			wrong = look_both_ways(row, p, len);
	}
	if (!tap_result(!wrong, "every length of row %u: %s", number, row->name)) {
		tap_note("at %u bytes: %s", --len, wrong);
		tap_hex(p->data, len);
	}
}

/* The table reaches every outcome and every mark, but for those that a frame alone cannot bring about. */
static void test_coverage(const struct rows *rows)
{
	const unsigned int no_frame = 1 << OUTCOME_forwarded | 1 << OUTCOME_no_scratch | 1 << OUTCOME_unreadable |
				      1 << OUTCOME_lost_bulk | 1 << OUTCOME_lost_urgent |
				      1 << OUTCOME_syn /* the programs ask the lists first: test_syn() */;
	unsigned int outcomes = no_frame, marks = 0;

	for (unsigned int i = 0; i < rows->n; i++) {
		for (unsigned int k = 0; k < rows->row[i].n_steps; k++) {
			outcomes |= 1 << rows->row[i].steps[k].outcome;
			marks |= rows->row[i].steps[k].marks;
		}
	}
#define X(name, class, meaning) tap_result(outcomes & 1 << OUTCOME_##name, "the table has outcome " #name);
	OUTCOMES(X)
#undef X
	marks |= MARK_too_many; /* DNS_MAX bytes have fewer steps than DNS_STEPS */
#define X(name, bit, meaning) tap_result(marks &MARK_##name, "the table has mark " #name);
	MARKS(X)
#undef X
}

/* Where connection starts are of interest: each of these at every length. */
static void test_syn(void)
{
	static const struct {
		const char *name, *text;
		__u8 flags;
		enum outcome outcome;
	} rows[] = {
		{ "SYN", "", 0x02, OUTCOME_syn },
		{ "SYN with ECN bits", "", 0xc2, OUTCOME_syn },
		{ "SYN with data that is no request", "\x16\x03\x01 hello", 0x02, OUTCOME_syn },
		{ "SYN with a request", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 0x02, OUTCOME_http },
		{ "SYN-ACK", "", 0x12, OUTCOME_not_http },
		{ "ACK", "", 0x10, OUTCOME_not_http },
		{ "RST", "", 0x04, OUTCOME_not_http },
	};
	const struct settings settings = { .dns_ports = { 53 }, .http = 1, .syn = 1 };

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct pkt p;
		static struct seen s;
		struct native *n = native_new(&settings);
		const char *wrong = NULL;

		memset(&p, 0, sizeof(p));
		pkt_eth(&p);
		pkt_ip4(&p, 0);
		pkt_tcp(&p, 40000, 6667, 1000, 12);
		pkt_text(&p, rows[i].text);
		pkt_poke8(&p, p.l4 + 13, rows[i].flags);
		for (unsigned int len = 0; len <= p.len && !wrong; len++) {
			seen_native(&s, n, p.data, len, LINK_ETHERNET);
			wrong = seen_unsound(&s, len);
		}
		if (!wrong && s.outcome != rows[i].outcome)
			wrong = outcome_name(s.outcome);
		if (!wrong && s.outcome == OUTCOME_syn &&
		    (s.rec.syn.seq != 1000 || s.rec.syn.tcp_flags != rows[i].flags))
			wrong = "sequence number or flags";
		if (!tap_result(!wrong, "%s", rows[i].name))
			tap_note("%s", wrong);
		native_free(n);
	}
}

int main(int argc, char **argv)
{
	const char *wanted = argc > 1 ? argv[1] : NULL;
	const struct rows *rows = rows_all();

	for (unsigned int i = 0; i < rows->n; i++) {
		if (!rows_match(i, wanted))
			continue;
		test_row(&rows->row[i], i + 1);
		test_truncations(&rows->row[i], i + 1);
	}
	if (!wanted) {
		test_syn();
		test_coverage(rows);
	}
	return tap_end();
}
