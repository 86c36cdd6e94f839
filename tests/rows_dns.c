/* rows_dns.c: rows for include/dns.h. The first question is www.example.com: 33 bytes of message. */
#include "rows.h"

#define RESPONSE 0x8180
#define NAME_MAX_TAIL 61 /* after three labels of 63: 255 bytes with the root */

static struct pkt *dns_row(const char *name)
{
	struct pkt *p;

	row_new(name);
	p = row_frame();
	pkt_eth(p);
	pkt_ip4(p, 0);
	pkt_udp(p, 53, 40000);
	pkt_dns(p, RESPONSE);
	return p;
}

static struct pkt *response(const char *name, unsigned int answers)
{
	static const __u8 address[4] = { 198, 51, 100, 7 };
	struct pkt *p = dns_row(name);

	pkt_question(p, "www.example.com", 1);
	for (unsigned int i = 0; i < answers; i++)
		pkt_record(p, PKT_ANSWER, 1, address, sizeof(address));
	return p;
}

/* Type and class: what ends a question whose name was put by hand. */
static void end_question(struct pkt *p)
{
	pkt_count(p, PKT_QUESTION);
	pkt_put32(p, 0x00010001);
}

/* Type, class, TTL and length of an answer whose name was put by hand. */
static void end_answer(struct pkt *p, unsigned int rdlength)
{
	pkt_count(p, PKT_ANSWER);
	pkt_put32(p, 0x00010001);
	pkt_put32(p, 300);
	pkt_put16(p, rdlength);
}

static void count_rows(void)
{
	struct pkt *p;

	dns_row("header alone");
	row_expect(OUTCOME_dns, 0, "wire=12 answers=0 no_edns");
	dns_row("header one byte short")->len--;
	row_expect(OUTCOME_short_dns, 0, "");
	p = dns_row("UDP without payload");
	p->len = p->payload;
	row_expect(OUTCOME_short_dns, 0, "");
	response("two answers", 2);
	row_expect(OUTCOME_dns, 0, "wire=65 answers=2 payload=65");
	p = response("authority and additional are left out", 1);
	pkt_record(p, PKT_AUTHORITY, 2, "\1a", 3);
	pkt_record(p, PKT_ADDITIONAL, 1, "\1\2\3\4", 4);
	row_expect(OUTCOME_dns, 0, "wire=49 answers=1 payload=80");
	p = response("bytes behind the message", 1);
	pkt_fill(p, 0xff, 9);
	row_expect(OUTCOME_dns, 0, "wire=49 answers=1 payload=58");
	p = response("no count, but a question", 0);
	pkt_poke16(p, p->payload + PKT_QUESTION, 0);
	row_expect(OUTCOME_dns, 0, "wire=12");
	p = response("counts say one question more", 0);
	pkt_count(p, PKT_QUESTION);
	row_expect(OUTCOME_dns, MARK_truncated, "wire=33 answers=0");
	p = response("counts say one answer more", 1);
	pkt_count(p, PKT_ANSWER);
	row_expect(OUTCOME_dns, MARK_truncated, "wire=49 answers=1");
	p = response("counts say an authority that is not there", 1);
	pkt_count(p, PKT_AUTHORITY);
	row_expect(OUTCOME_dns, MARK_truncated, "wire=49 answers=1");
	p = response("every count is 65535", 1);
	for (unsigned int at = PKT_QUESTION; at <= PKT_ADDITIONAL; at += 2)
		pkt_poke16(p, p->payload + at, 65535);
	row_expect(OUTCOME_dns, MARK_truncated, "wire=49 answers=0");
}

static void cut_rows(void)
{
	struct pkt *p;

	p = response("ends inside a label", 0);
	pkt_poke8(p, p->payload + 12, 63);
	row_expect(OUTCOME_dns, MARK_truncated, "wire=33");
	p = dns_row("ends without the root label");
	pkt_count(p, PKT_QUESTION);
	pkt_label(p, 5);
	row_expect(OUTCOME_dns, MARK_truncated, "wire=18");
	p = dns_row("question without its class");
	pkt_count(p, PKT_QUESTION);
	pkt_name(p, "a");
	pkt_put16(p, 1);
	row_expect(OUTCOME_dns, MARK_truncated, "wire=17");
	p = dns_row("first byte of a pointer alone");
	pkt_count(p, PKT_ANSWER);
	pkt_put8(p, 0xc0);
	row_expect(OUTCOME_dns, MARK_truncated, "wire=13 answers=0");
	p = dns_row("record header one byte short");
	pkt_name(p, "");
	end_answer(p, 0);
	pkt_poke16(p, p->l4 + 4, p->len - p->l4 - 1);
	row_expect(OUTCOME_dns, MARK_truncated, "wire=22 answers=0");
	p = dns_row("record of the least size");
	pkt_name(p, "");
	end_answer(p, 0);
	row_expect(OUTCOME_dns, 0, "wire=23 answers=1");
	p = response("record data one byte short", 1);
	pkt_poke16(p, p->len - 6, 5);
	row_expect(OUTCOME_dns, MARK_truncated, "wire=49 answers=0");
	p = response("record data of 65535 bytes", 1);
	pkt_poke16(p, p->len - 6, 65535);
	row_expect(OUTCOME_dns, MARK_truncated, "wire=49 answers=0");
	response("frame shorter than IP says", 2)->len -= 3;
	row_expect(OUTCOME_dns, MARK_truncated, "wire=62 answers=1 payload=65");
}

static void name_rows(void)
{
	static const __u8 odd[] = { 5, 0, 0xff, '.', '\\', '\n', 0 };
	struct pkt *p;

	p = dns_row("label of 63 bytes");
	pkt_label(p, 63);
	pkt_name(p, "");
	end_question(p);
	row_expect(OUTCOME_dns, 0, "wire=81");
	p = dns_row("label of 64 bytes");
	pkt_label(p, 64);
	pkt_name(p, "");
	end_question(p);
	row_expect(OUTCOME_dns, MARK_label_type, "wire=82");
	p = dns_row("label type 10");
	pkt_put8(p, 0x80);
	end_question(p);
	row_expect(OUTCOME_dns, MARK_label_type, "wire=17");
	p = dns_row("name of 255 bytes");
	for (int i = 0; i < 3; i++)
		pkt_label(p, 63);
	pkt_label(p, NAME_MAX_TAIL);
	pkt_name(p, "");
	end_question(p);
	row_expect(OUTCOME_dns, 0, "wire=271");
	p = dns_row("name of 256 bytes");
	for (int i = 0; i < 3; i++)
		pkt_label(p, 63);
	pkt_label(p, NAME_MAX_TAIL + 1);
	pkt_name(p, "");
	end_question(p);
	row_expect(OUTCOME_dns, MARK_name_length, "wire=272");
	p = dns_row("NUL and 8-bit bytes in a label");
	pkt_bytes(p, odd, sizeof(odd));
	end_question(p);
	row_expect(OUTCOME_dns, 0, "wire=23");
	p = dns_row("root as a question");
	pkt_question(p, "", 2);
	row_expect(OUTCOME_dns, 0, "wire=17");
}

/* An answer whose name is this pointer; it stands at offset 33. */
static void pointer_row(const char *name, __u32 to, unsigned int marks)
{
	struct pkt *p = response(name, 0);

	pkt_pointer(p, to);
	end_answer(p, 0);
	row_expect(OUTCOME_dns, marks, "wire=45 answers=1");
}

static void pointer_rows(void)
{
	struct pkt *p;

	pointer_row("pointer to the question", 12, 0);
	pointer_row("pointer into the question's name", 16, 0);
	pointer_row("pointer to the byte before", 32, 0);
	pointer_row("pointer to itself", 33, MARK_pointer);
	pointer_row("pointer forward", 34, MARK_pointer);
	pointer_row("pointer far beyond the message", 0x3fff, MARK_pointer);
	pointer_row("pointer into the header", 11, MARK_pointer);
	pointer_row("pointer to the id", 0, MARK_pointer);
	p = dns_row("label, then a pointer to that label");
	pkt_label(p, 1);
	pkt_pointer(p, 12);
	end_question(p);
	row_expect(OUTCOME_dns, MARK_pointer, "wire=20");
	p = dns_row("two names that point at each other");
	pkt_pointer(p, 18);
	end_question(p);
	pkt_pointer(p, 12);
	end_question(p);
	row_expect(OUTCOME_dns, MARK_pointer, "wire=24");
	p = response("label, then a pointer back", 0);
	pkt_label(p, 4);
	pkt_pointer(p, 16);
	end_answer(p, 0);
	row_expect(OUTCOME_dns, 0, "wire=50 answers=1");
}

static void edns_rows(void)
{
	struct pkt *p;

	p = response("EDNS", 0);
	pkt_edns(p, 1232, 0, 0, 0x8000);
	row_expect(OUTCOME_dns, 0, "wire=33 edns=1232/8000/0/0");
	p = response("EDNS with version and extended code", 1);
	pkt_edns(p, 65535, 1, 2, 3);
	row_expect(OUTCOME_dns, 0, "wire=49 answers=1 edns=65535/0003/1/2");
	p = response("EDNS twice: the first counts", 0);
	pkt_edns(p, 1232, 0, 0, 0);
	pkt_edns(p, 4096, 1, 1, 1);
	row_expect(OUTCOME_dns, 0, "edns=1232/0000/0/0");
	p = response("EDNS behind another additional record", 0);
	pkt_record(p, PKT_ADDITIONAL, 1, "\1\2\3\4", 4);
	pkt_edns(p, 1232, 0, 0, 0);
	row_expect(OUTCOME_dns, 0, "wire=33 edns=1232/0000/0/0");
	p = response("type 41 among the answers is no EDNS", 0);
	pkt_record(p, PKT_ANSWER, 41, "", 0);
	row_expect(OUTCOME_dns, 0, "wire=45 answers=1 no_edns");
	p = response("type 40 is no EDNS", 0);
	pkt_record(p, PKT_ADDITIONAL, 40, "", 0);
	row_expect(OUTCOME_dns, 0, "wire=33 no_edns");
	p = response("EDNS options beyond the message", 0);
	pkt_edns(p, 1232, 0, 0, 0);
	pkt_poke16(p, p->len - 2, 1);
	row_expect(OUTCOME_dns, MARK_truncated, "wire=44 edns=1232/0000/0/0");
}

static void size_rows(void)
{
	struct pkt *p;

	p = response("message of 4096 bytes", 0);
	for (unsigned int i = 0; i < 253; i++)
		pkt_record(p, PKT_ANSWER, 1, "\1\2\3\4", 4);
	pkt_record(p, PKT_ANSWER, 16, "\2ab", 3);
	row_expect(OUTCOME_dns, 0, "payload=4096 wire=4096 answers=254");
	p = response("message of 4097 bytes", 253);
	pkt_record(p, PKT_ANSWER, 1, "\1\2\3\4", 4);
	row_expect(OUTCOME_dns, MARK_oversize | MARK_truncated, "payload=4097 wire=4096 answers=253");
	p = response("oversize, but only behind the answers", 1);
	pkt_fill(p, 0xff, 5000);
	row_expect(OUTCOME_dns, MARK_oversize, "payload=5049 wire=49 answers=1");
	p = response("3000 bytes of answers", 180);
	row_expect(OUTCOME_dns, 0, "wire=2913 answers=180");
	p = dns_row("the most labels that fit");
	while (p->len < p->payload + 4096 - 259) {
		for (int i = 0; i < 127; i++)
			pkt_label(p, 1);
		pkt_name(p, "");
		end_question(p);
	}
	row_expect(OUTCOME_dns, 0, "wire=3897");
}

void rows_dns(void)
{
	count_rows();
	cut_rows();
	name_rows();
	pointer_rows();
	edns_rows();
	size_rows();
}
