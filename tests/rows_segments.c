/* rows_segments.c: rows for request heads that span several segments (include/extract.h). */
#include <string.h>

#include "capture/frame.h"
#include "rows.h"

#define START 1000 /* first sequence number */

static __u32 next_seq;

/* The next segment of one connection; `skip` bytes of the stream were not seen. */
static struct pkt *segment_from(__u32 sport, __u32 skip, const char *text)
{
	struct pkt *p = row_frame();

	next_seq += skip;
	pkt_eth(p);
	pkt_ip4(p, 0);
	pkt_tcp(p, sport, 80, next_seq, 0);
	pkt_text(p, text);
	next_seq += strlen(text);
	return p;
}

static struct pkt *segment(const char *text)
{
	return segment_from(40000, 0, text);
}

static void stream(const char *name, __u32 seq)
{
	row_new(name);
	next_seq = seq;
}

static void part(const char *words)
{
	row_expect(OUTCOME_http_part, 0, words);
}

static void order_rows(void)
{
	stream("head in two segments", START);
	segment("GET /a HTTP/1.1\r\nHo");
	part("seq=1000 wire=19 first=1 last=0");
	segment("st: a\r\n\r\n");
	part("seq=1019 wire=9 first=0 last=1");
	segment("not part of it\r\n\r\n");
	row_expect(OUTCOME_not_http, 0, "");

	stream("head in three segments, then the body", 0xfffffff0);
	segment("POST /a HTTP/1.1\r\n");
	part("seq=4294967280 wire=18 first=1 last=0");
	segment("Host: a");
	part("seq=2 wire=7 first=0 last=0");
	segment("\r\n\r\nbody");
	part("seq=9 wire=4 first=0 last=1");

	stream("segment lost", START);
	segment("GET /a HTTP/1.1\r\nHo");
	part("first=1");
	segment_from(40000, 1, "t: a\r\n\r\n");
	row_expect(OUTCOME_not_http, 0, "");

	stream("segments out of order", START);
	segment("GET /a HTTP/1.1\r\nHo");
	part("first=1");
	segment_from(40000, 4, ": a\r\n\r\n");
	row_expect(OUTCOME_not_http, 0, "");
	next_seq = START + 19;
	segment("st: ");
	part("wire=4 first=0 last=0");
	segment(": a\r\n\r\n");
	part("wire=7 first=0 last=1");

	stream("segment sent twice", START);
	segment("GET /a HTTP/1.1\r\nHo");
	part("first=1 seq=1000");
	next_seq = START;
	segment("GET /a HTTP/1.1\r\nHo");
	part("first=1 seq=1000 evicted=0");
	segment("st: a\r\n\r\n");
	part("seq=1019 first=0 last=1");

	stream("another connection's segment", START);
	segment("GET /a HTTP/1.1\r\nHo");
	part("first=1");
	segment_from(40001, 0, "st: a\r\n\r\n");
	row_expect(OUTCOME_not_http, 0, "");

	stream("data with the SYN: it counts a byte of its own", START);
	pkt_poke8(segment("GET /a HTTP/1.1\r\nHo"), 14 + 20 + 13, TCP_SYN);
	part("seq=1001 first=1");
	segment_from(40000, 1, "st: a\r\n\r\n");
	part("seq=1020 wire=9 first=0 last=1");
}

static void end_rows(void)
{
	stream("CR and LF in two segments", START);
	segment("GET /a HTTP/1.1\r\nA: b\r\n\r");
	part("wire=24 first=1 last=0");
	segment("\nbody");
	part("wire=1 first=0 last=1");

	stream("CR and LF of a line in two segments", START);
	segment("GET /a HTTP/1.1\r\nA: b\r");
	part("wire=22 first=1 last=0");
	segment("\n\r\nbody");
	part("wire=3 first=0 last=1");

	stream("blank line alone in a segment", START);
	segment("GET /a HTTP/1.1\r\nA: b\r\n");
	part("wire=23 first=1 last=0");
	segment("\r\n");
	part("wire=2 first=0 last=1");

	stream("every byte of the blank line in a segment of its own", START);
	segment("GET /a HTTP/1.1");
	part("wire=15 first=1 last=0");
	segment("\r");
	part("wire=1 first=0 last=0");
	segment("\n");
	part("wire=1 first=0 last=0");
	segment("\r");
	part("wire=1 first=0 last=0");
	segment("\n");
	part("wire=1 first=0 last=1");

	stream("line that goes on, then a line end: not the blank line", START);
	segment("GET /a HTTP/1.1\r\nA:");
	part("first=1");
	segment(" b");
	part("wire=2 last=0");
	segment("\r\n");
	part("wire=2 last=0");
	segment("\r\n");
	part("wire=2 last=1");

	stream("head ends with the segment", START);
	segment("GET /a HTTP/1.1\r\nA: b\r\n\r\n");
	row_expect(OUTCOME_http, 0, "head=25 target=/a");
	segment("POST /b HTTP/1.1\r\n\r\n");
	row_expect(OUTCOME_http, 0, "head=20 target=/b");
}

static void capital_rows(void)
{
	stream("next segment begins with capital letters", START);
	segment("GET /a HTTP/1.1\r\n");
	part("wire=17 first=1");
	segment("HOST: a\r\n");
	part("wire=9 first=0 last=0");
	segment("AAA: ");
	part("wire=5 first=0 last=0");
	segment("BBB\r\n\r\n");
	part("wire=7 first=0 last=1");

	stream("next segment is a request of its own", START);
	segment("GET /a HTTP/1.1\r\nHost: ");
	part("wire=23 first=1");
	segment("PUT /b HTTP/1.1\r\n\r\n");
	row_expect(OUTCOME_http, 0, "target=/b");

	stream("new head on a connection that owes the rest of one", START);
	segment("GET /a HTTP/1.1\r\nHo");
	part("wire=19 first=1");
	next_seq = 90000;
	segment("GET /b HTTP/1.1\r\nHo");
	part("seq=90000 first=1 evicted=0");
	segment("st: b\r\n\r\n");
	part("seq=90019 first=0 last=1");
}

static __u32 slot_of(__u32 sport)
{
	static const __u8 from[4] = { 192, 0, 2, 1 }, to[4] = { 192, 0, 2, 53 };
	struct record_head h = { .sport = sport, .dport = 80 };

	copy_addr(h.saddr, from, 4);
	copy_addr(h.daddr, to, 4);
	return flow_tag(&h) >> 1 & (HEAD_SLOTS - 1);
}

static void slot_rows(void)
{
	__u32 rival = 40001;

	while (slot_of(rival) != slot_of(40000))
		rival++;
	stream("slot taken by another connection", START);
	segment("GET /a HTTP/1.1\r\nHo");
	part("first=1 evicted=0");
	next_seq = START;
	segment_from(rival, 0, "GET /b HTTP/1.1\r\nHo");
	part("first=1 evicted=1");
	next_seq = START + 19;
	segment("st: a\r\n\r\n");
	row_expect(OUTCOME_not_http, 0, "");
	next_seq = START + 19;
	segment_from(rival, 0, "st: b\r\n\r\n");
	part("seq=1019 first=0 last=1");
}

/* A header line of len bytes with its end. */
static void long_line(struct pkt *p, unsigned int len)
{
	pkt_text(p, "A:");
	pkt_fill(p, 'b', len - 4);
	pkt_text(p, "\r\n");
	next_seq += len;
}

static void size_rows(void)
{
	stream("head of 4096 bytes in three segments", START);
	long_line(segment("GET /a HTTP/1.1\r\n"), 1400);
	part("wire=1417 first=1 last=0");
	long_line(segment(""), 1400);
	part("wire=1400 first=0 last=0");
	long_line(segment(""), 1277);
	part("wire=1277 first=0 last=0");
	segment("\r\n");
	part("wire=2 first=0 last=1");

	stream("head of more than 4096 bytes in three segments", START);
	long_line(segment("GET /a HTTP/1.1\r\n"), 1400);
	part("wire=1417 first=1 last=0");
	long_line(segment(""), 1400);
	part("wire=1400 first=0 last=0");
	long_line(segment(""), 1400);
	part("wire=1279 first=0 last=1");
	segment("\r\n");
	row_expect(OUTCOME_not_http, 0, "");

	stream("segment captured less than sent", START);
	segment("GET /a HTTP/1.1\r\nHo");
	part("first=1 last=0");
	segment("st: abcdef\r\n\r\n")->len -= 8;
	part("wire=6 payload=14 first=0 last=1");
	segment("\r\n");
	row_expect(OUTCOME_not_http, 0, "");

	stream("segment captured without payload", START);
	segment("GET /a HTTP/1.1\r\nHo");
	part("first=1 last=0");
	segment("st: abcdef\r\n\r\n")->len -= 14;
	row_expect(OUTCOME_not_http, 0, "");
	segment("\r\n");
	row_expect(OUTCOME_not_http, 0, "");

	stream("segment without payload in between", START);
	segment("GET /a HTTP/1.1\r\nHo");
	part("first=1 last=0");
	segment("");
	row_expect(OUTCOME_not_http, 0, "");
	segment("st: a\r\n\r\n");
	part("wire=9 last=1");
}

void rows_segments(void)
{
	order_rows();
	end_rows();
	capital_rows();
	slot_rows();
	size_rows();
}
