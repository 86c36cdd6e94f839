/* rows_http.c: rows for include/http.h: what is a request, and which fields it has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rows.h"

#define END "\r\n\r\n"
#define OK " HTTP/1.1" END
#define METHOD_31 "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDE"

struct text_row {
	const char *name;
	const char *payload;
	enum outcome outcome;
	unsigned int marks;
	const char *words;
};

static struct pkt *tcp_row(const char *name)
{
	struct pkt *p;

	row_new(name);
	p = row_frame();
	pkt_eth(p);
	pkt_ip4(p, 0);
	pkt_tcp(p, 40000, 80, 1000, 0);
	return p;
}

static const struct text_row request_lines[] = {
	{ "GET", "GET /" OK, OUTCOME_http, 0,
	  "method=GET target=/ minor=1 head=18 chunked=0 no_host no_agent no_referrer no_length" },
	{ "HTTP/1.0", "GET / HTTP/1.0" END, OUTCOME_http, 0, "minor=0 target=/" },
	{ "HTTP/1.9", "GET / HTTP/1.9" END, OUTCOME_http, 0, "minor=9 target=/" },
	{ "HTTP/2.0", "GET / HTTP/2.0" END, OUTCOME_http, MARK_no_version, "minor=255 target=/\\x20HTTP/2.0" },
	{ "HTTP/1.x", "GET / HTTP/1.x" END, OUTCOME_http, MARK_no_version, "minor=255" },
	{ "http/1.1", "GET / http/1.1" END, OUTCOME_http, MARK_no_version, "target=/\\x20http/1.1" },
	{ "HTTP/0.9 with a blank line", "GET /old" END, OUTCOME_http, MARK_no_version, "minor=255 target=/old" },
	{ "HTTP/0.9", "GET /old\r\n", OUTCOME_http_part, 0, "first=1 last=0 wire=10" },
	{ "HTTP/2 preface", "PRI * HTTP/2.0" END "SM" END, OUTCOME_not_http, 0, "" },
	{ "LF alone ends lines", "GET / HTTP/1.1\nHost: a\n\nGET", OUTCOME_http, 0, "head=24 host=\\x20a" },
	{ "CR alone does not", "GET / HTTP/1.1\rHost: a\r\r", OUTCOME_http_part, 0, "first=1" },
	{ "empty target", "GET " OK, OUTCOME_http, 0, "n_target=0 minor=1" },
	{ "no target", "GET HTTP/1.1" END, OUTCOME_http, MARK_no_version, "target=HTTP/1.1" },
	{ "space after the method alone", "GET " END, OUTCOME_not_http, 0, "" },
	{ "method alone", "GET" END, OUTCOME_not_http, 0, "" },
	{ "spaces in the target", "GET /a b c" OK, OUTCOME_http, 0, "target=/a\\x20b\\x20c" },
	{ "8-bit and control bytes in the target", "GET /\x01\xff\x7f" OK, OUTCOME_http, 0,
	  "target=/\\x01\\xff\\x7f" },
	{ "absolute target", "GET http://a.example/x" OK, OUTCOME_http, 0, "target=http://a.example/x" },
	{ "CONNECT", "CONNECT a.example:443" OK, OUTCOME_http, 0, "method=CONNECT target=a.example:443" },
	{ "OPTIONS", "OPTIONS *" OK, OUTCOME_http, 0, "method=OPTIONS target=*" },
	{ "PROPFIND", "PROPFIND /d" OK, OUTCOME_http, 0, "method=PROPFIND" },
	{ "method that nobody knows", "QQQ /" OK, OUTCOME_http, 0, "method=QQQ target=/" },
	{ "... without a version", "QQQ /" END, OUTCOME_not_http, 0, "" },
	{ "... without a line end", "QQQ / HTTP/1.1", OUTCOME_not_http, 0, "" },
	{ "known method without a line end", "GET / HTTP/1.1", OUTCOME_http_part, 0, "first=1 last=0 wire=14" },
	{ "four bytes of a known method", "PUT ", OUTCOME_http_part, 0, "wire=4 first=1" },
	{ "three bytes", "GET", OUTCOME_not_http, 0, "" },
	{ "no whole method", "DELE", OUTCOME_not_http, 0, "" },
	{ "method of two letters", "GO /" OK, OUTCOME_not_http, 0, "" },
	{ "method of 31 letters", METHOD_31 " /" OK, OUTCOME_http, 0, "n_method=31 method=" METHOD_31 },
	{ "method of 32 letters", METHOD_31 "F /" OK, OUTCOME_not_http, 0, "" },
	{ "lower-case method", "get /" OK, OUTCOME_not_http, 0, "" },
	{ "mixed-case method", "Get /" OK, OUTCOME_not_http, 0, "" },
	{ "third letter small", "GEt /" OK, OUTCOME_not_http, 0, "" },
	{ "@ and [ are no letters", "@[@ /" OK, OUTCOME_not_http, 0, "" },
	{ "A and Z are", "AZA /" OK, OUTCOME_http, 0, "method=AZA" },
	{ "8-bit bytes are no letters", "\xc7\xc5\xd4 /" OK, OUTCOME_not_http, 0, "" },
	{ "known method with one letter more", "GETS /" END, OUTCOME_not_http, 0, "" },
	{ "tab behind the method", "GET\t/ HTTP/1.1" END, OUTCOME_not_http, 0, "" },
	{ "line end before the request", "\r\nGET /" OK, OUTCOME_not_http, 0, "" },
};

static const struct text_row other_protocols[] = {
	{ "HTTP response", "HTTP/1.1 200 OK\r\nServer: x" END, OUTCOME_not_http, 0, "" },
	{ "SMTP EHLO", "EHLO mail.example\r\n", OUTCOME_not_http, 0, "" },
	{ "SMTP MAIL", "MAIL FROM:<a@a.example>\r\n", OUTCOME_not_http, 0, "" },
	{ "SMTP RCPT", "RCPT TO:<a@a.example>\r\nDATA\r\n\r\n", OUTCOME_not_http, 0, "" },
	{ "IRC NICK", "NICK bot7\r\nUSER a b c :d" END, OUTCOME_not_http, 0, "" },
	{ "IRC PRIVMSG", "PRIVMSG #c :.login HTTP\r\n", OUTCOME_not_http, 0, "" },
	{ "FTP USER", "USER anonymous\r\n", OUTCOME_not_http, 0, "" },
	{ "SSH", "SSH-2.0-OpenSSH_9.2\r\n", OUTCOME_not_http, 0, "" },
	{ "SIP", "INVITE sip:a@a.example SIP/2.0" END, OUTCOME_not_http, 0, "" },
	{ "RTSP DESCRIBE", "DESCRIBE rtsp://a.example/m RTSP/1.0" END, OUTCOME_not_http, 0, "" },
	{ "TLS", "\x16\x03\x01\x02\x01\x01\xfc", OUTCOME_not_http, 0, "" },
	{ "capital letters and nothing else", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", OUTCOME_not_http, 0,
	  "" },
};

static const struct text_row header_lines[] = {
	{ "every field",
	  "POST /p HTTP/1.1\r\nHost: a.example:8080\r\nUser-Agent: curl/8\r\nReferer: http://b/\r\n"
	  "Content-Length: 5\r\nTransfer-Encoding: chunked" END "body",
	  OUTCOME_http, 0,
	  "head=129 method=POST target=/p host=\\x20a.example:8080 agent=\\x20curl/8 "
	  "referrer=\\x20http://b/ length=\\x205 chunked=1" },
	{ "field names without case",
	  "GET / HTTP/1.1\r\nhOST:a\r\nuSER-aGENT:b\r\nREFERER:c\r\ncontent-LENGTH:7\r\n"
	  "transfer-ENCODING:x" END,
	  OUTCOME_http, 0, "host=a agent=b referrer=c length=7 chunked=1" },
	{ "field names with one byte changed",
	  "GET / HTTP/1.1\r\nHosts: a\r\nUser-Agenx: b\r\nReferrer: c\r\nContent-Lengtg: 7\r\n"
	  "Transfer-Encodinx: x" END,
	  OUTCOME_http, 0, "no_host no_agent no_referrer no_length chunked=0" },
	{ "field names that go on",
	  "GET / HTTP/1.1\r\nHost-: a\r\nUser-Agent2: b\r\nReferer2: c\r\nContent-Length2: 7\r\n"
	  "Transfer-Encoding2: x" END,
	  OUTCOME_http, 0, "no_host no_agent no_referrer no_length chunked=0" },
	{ "field names cut by the line's end",
	  "GET / HTTP/1.1\r\nHost\r\nUser-Agent\r\nReferer\r\nContent-Length\r\nTransfer-Encoding" END,
	  OUTCOME_http, 0, "no_host no_agent no_referrer no_length chunked=0" },
	{ "control bytes that differ by the case bit",
	  "GET / HTTP/1.1\r\nHost\x1a a\r\nUser\x0d"
	  "Agent: b\r\nReferer\x1a c" END,
	  OUTCOME_http, 0, "no_host no_agent no_referrer" },
	{ "white space before a field name", "GET / HTTP/1.1\r\n Host: a" END, OUTCOME_http, 0, "no_host" },
	{ "empty values", "GET / HTTP/1.1\r\nHost:\r\nUser-Agent:\r\nReferer:\r\nContent-Length:" END,
	  OUTCOME_http, 0, "n_host=0 n_agent=0 n_referrer=0 n_length=0" },
	{ "second Host is ignored", "GET / HTTP/1.1\r\nHost: a\r\nHost: b" END, OUTCOME_http, 0, "host=\\x20a" },
	{ "8-bit bytes in Host", "GET / HTTP/1.1\r\nHost: \xc3\xa4.example" END, OUTCOME_http, 0,
	  "host=\\x20\\xc3\\xa4.example" },
	{ "Host below the blank line", "GET / HTTP/1.1\r\nA: b" END "Host: a" END, OUTCOME_http, 0,
	  "head=24 no_host" },
	{ "header without a blank line", "GET / HTTP/1.1\r\nHost: a\r\n", OUTCOME_http_part, 0,
	  "wire=25 first=1 last=0" },
	{ "header without a line end", "QQQ / HTTP/1.1\r\nHost: a", OUTCOME_http_part, 0,
	  "wire=23 first=1 last=0" },
};

static void text_rows(const struct text_row *rows, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		pkt_text(tcp_row(rows[i].name), rows[i].payload);
		row_expect(rows[i].outcome, rows[i].marks, rows[i].words);
	}
}

#define TEXT_ROWS(rows) text_rows(rows, sizeof(rows) / sizeof(rows[0]))

/* A request with fields of these lengths; 0: without. */
static void lengths_row(const char *name, unsigned int target, unsigned int host, unsigned int agent,
			unsigned int referrer, unsigned int length)
{
	const struct {
		const char *name;
		unsigned int len;
	} fields[] = {
		{ "Host:", host },
		{ "User-Agent:", agent },
		{ "Referer:", referrer },
		{ "Content-Length:", length },
	};
	struct pkt *p = tcp_row(name);

	pkt_text(p, "GET ");
	pkt_fill(p, '/', target);
	pkt_text(p, " HTTP/1.1\r\n");
	for (unsigned int i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!fields[i].len)
			continue;
		pkt_text(p, fields[i].name);
		pkt_fill(p, '0', fields[i].len);
		pkt_text(p, "\r\n");
	}
	pkt_text(p, "\r\n");
}

static void length_rows(void)
{
	lengths_row("target as long as kept", 2047, 0, 0, 0, 0);
	row_expect(OUTCOME_http, 0, "n_target=2047");
	lengths_row("target one longer", 2048, 1, 0, 0, 0);
	row_expect(OUTCOME_http, MARK_field_length, "n_target=2047 host=0");
	lengths_row("host as long as kept", 1, 255, 0, 0, 0);
	row_expect(OUTCOME_http, 0, "n_host=255");
	lengths_row("host one longer", 1, 256, 1, 0, 0);
	row_expect(OUTCOME_http, MARK_field_length, "n_host=255 agent=0");
	lengths_row("agent as long as kept", 1, 0, 511, 0, 0);
	row_expect(OUTCOME_http, 0, "n_agent=511");
	lengths_row("agent one longer", 1, 0, 512, 1, 0);
	row_expect(OUTCOME_http, MARK_field_length, "n_agent=511 referrer=0");
	lengths_row("referrer as long as kept", 1, 0, 0, 1023, 0);
	row_expect(OUTCOME_http, 0, "n_referrer=1023");
	lengths_row("referrer one longer", 1, 0, 0, 1024, 1);
	row_expect(OUTCOME_http, MARK_field_length, "n_referrer=1023 length=0");
	lengths_row("content length as long as kept", 1, 0, 0, 0, 31);
	row_expect(OUTCOME_http, 0, "n_length=31");
	lengths_row("content length one longer", 1, 0, 0, 0, 32);
	row_expect(OUTCOME_http, MARK_field_length, "n_length=31");
	lengths_row("every field too long but the target", 1000, 300, 600, 1100, 40);
	row_expect(OUTCOME_http, MARK_field_length,
		   "n_target=1000 n_host=255 n_agent=511 n_referrer=1023 n_length=31");
	lengths_row("head of 4096 bytes", 2047, 255, 511, 1023, 196);
	row_expect(OUTCOME_http, MARK_field_length, "head=4096 n_length=31");
	lengths_row("head of 4097 bytes", 2047, 255, 511, 1023, 197);
	row_expect(OUTCOME_http, MARK_oversize | MARK_incomplete | MARK_field_length,
		   "head=0 n_agent=511 n_referrer=1023");
	lengths_row("request line of more than 4096 bytes", 5000, 0, 0, 0, 0);
	row_expect(OUTCOME_http, MARK_oversize | MARK_incomplete | MARK_no_version | MARK_field_length,
		   "n_target=2047");
}

static void cut_rows(void)
{
	static const char stale[] = "OPTIONS * HTTP/1.1" END;
	struct pkt *p;

	p = tcp_row("NUL bytes");
	pkt_bytes(p, "GET /\0\0 HTTP/1.1\r\nHost: \0" END, 29);
	row_expect(OUTCOME_http, 0, "target=/\\x00\\x00 host=\\x20\\x00 head=29");
	p = tcp_row("captured less than sent, request line whole");
	pkt_text(p, "GET /a HTTP/1.1\r\nHost: a.example" END);
	p->len -= 6;
	row_expect(OUTCOME_http, MARK_truncated | MARK_incomplete, "target=/a minor=1 no_host head=0");
	p = tcp_row("captured less than sent, inside the request line");
	pkt_text(p, "GET /a HTTP/1.1" END);
	p->len -= 6;
	row_expect(OUTCOME_http, MARK_truncated | MARK_incomplete | MARK_no_version, "target=/a\\x20HTTP/1");
	p = tcp_row("captured less than sent, unknown method");
	pkt_text(p, "QQQ /a HTTP/1.1" END);
	p->len -= 6;
	row_expect(OUTCOME_not_http, 0, "");
	p = tcp_row("captured less than sent, three bytes");
	pkt_text(p, "GET /a HTTP/1.1" END);
	p->len = p->payload + 3;
	row_expect(OUTCOME_not_http, 0, "");

	/* What an earlier message left in the working memory is no part of this one. */
	p = tcp_row("half a method after a whole one");
	pkt_text(p, stale);
	row_expect(OUTCOME_http, 0, "method=OPTIONS");
	for (unsigned int i = 4; i < 8; i++) {
		p = row_frame();
		pkt_eth(p);
		pkt_ip4(p, 0);
		pkt_tcp(p, 40001, 80, 1, 0);
		pkt_bytes(p, stale, i);
		row_expect(OUTCOME_not_http, 0, "");
	}
}

void rows_http(void)
{
	TEXT_ROWS(request_lines);
	TEXT_ROWS(other_protocols);
	TEXT_ROWS(header_lines);
	length_rows();
	cut_rows();
}
