/* text.c: see text.h. */
#include "output/text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "capture/owner.h"
#include "detect/known.h"
#include "detect/verdict.h"
#include "observe/name.h"
#include "output/odd.h"
#include "support/ip.h"
#include "support/log.h"

#define COLUMN_WHO 24
#define SHOWN_ANSWERS 4

#define DIM "\033[2m"
#define BOLD "\033[1m"
#define CYAN "\033[36m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define RED "\033[31m"
#define RESET "\033[0m"

static void colored(struct buf *b, bool color, const char *code, const char *text, size_t len)
{
	color = color && *code;
	if (color)
		buf_str(b, code);
	buf_put(b, text, len);
	if (color)
		buf_lit(b, RESET);
}

static void put_clock(struct buf *b, uint64_t ns, bool color)
{
	time_t second = ns / 1000000000;
	char text[32];
	struct tm tm;
	size_t n;

	localtime_r(&second, &tm);
	n = strftime(text, sizeof(text), "%H:%M:%S", &tm);
	n += snprintf(text + n, sizeof(text) - n, ".%03u", (unsigned int)(ns % 1000000000 / 1000000));
	colored(b, color, DIM, text, n);
	buf_lit(b, "  ");
}

/* A process calls itself what it likes, and terminals obey control characters (C1 too, U+0080 to U+009F). */
static void disarm(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = text[i];

		if (c < 0x20 || c == 0x7f)
			text[i] = '?';
		else if (c == 0xc2 && i + 1 < len && (unsigned char)text[i + 1] < 0xa0)
			text[i] = text[i + 1] = '?';
	}
}

/* The process, or the client's address; padded to its column. */
static void put_who(struct buf *b, const struct observation *o, bool color)
{
	char text[128];
	size_t n;

	if (o->process) {
		n = snprintf(text, sizeof(text), "%.40s[%u]", o->process->name ? o->process->name : "?",
			     o->process->pid);
		if (n >= sizeof(text))
			n = sizeof(text) - 1;
		disarm(text, n);
	} else {
		n = ip_text(o->source.ip, text);
	}
	colored(b, color, o->process ? BOLD : "", text, n);
	for (; n < COLUMN_WHO; n++)
		buf_char(b, ' ');
	buf_lit(b, "  ");
}

static void put_padded(struct buf *b, bool color, const char *code, const char *text, size_t width)
{
	size_t len = strlen(text);

	colored(b, color, code, text, len);
	for (; len < width; len++)
		buf_char(b, ' ');
}

static void put_answers(struct buf *b, const struct dns_observation *dns)
{
	size_t shown = 0;

	for (size_t i = 0; i < dns->n_answers && shown < SHOWN_ANSWERS; i++, shown++) {
		struct text data = dns->answers[i].data;

		buf_str(b, i ? ", " : "  ");
		buf_put(b, data.at, data.len < 60 ? data.len : 60);
		if (data.len > 60)
			buf_lit(b, "...");
	}
	if (dns->n_answers > shown)
		buf_printf(b, " and %zu more", dns->n_answers - shown);
}

static void put_dns(struct buf *b, const struct observation *o, bool color)
{
	const struct dns_observation *dns = &o->dns;
	bool query = o->kind == OBSERVED_DNS_QUERY;
	char scratch[16];

	put_padded(b, color, query ? CYAN : GREEN, query ? "dns ?" : "dns =", 7);
	put_padded(b, color, "", dns->has_question ? dns_type_name(dns->type, scratch) : "-", 5);
	buf_char(b, ' ');
	buf_put(b, dns->question.at, dns->question.len);
	if (query)
		return;
	if (dns->rcode) {
		const char *rcode = dns_rcode_name(dns->rcode, scratch);

		buf_lit(b, "  ");
		colored(b, color, YELLOW, rcode, strlen(rcode));
	}
	put_answers(b, dns);
	if (o->query_ns)
		buf_printf(b, "  (%.1f ms)", (o->time_ns - o->query_ns) / 1e6);
}

static void put_http(struct buf *b, const struct observation *o, bool color)
{
	const struct http_observation *http = &o->http;
	char ip[IP_TEXT];
	size_t ip_len = ip_text(o->destination.ip, ip);

	put_padded(b, color, YELLOW, "http", 7);
	buf_put(b, http->method.at, http->method.len);
	for (size_t n = http->method.len; n < 5; n++)
		buf_char(b, ' ');
	buf_char(b, ' ');
	if (!http->host_in_target) {
		if (http->host.len)
			buf_put(b, http->host.at, http->host.len);
		else
			buf_put(b, ip, ip_len);
		if (o->destination.port != 80)
			buf_printf(b, ":%u", o->destination.port);
	}
	buf_put(b, http->target.at, http->target.len < 120 ? http->target.len : 120);
	if (http->target.len > 120)
		buf_lit(b, "...");
}

static void put_denied(struct buf *b, const struct observation *o, bool color)
{
	buf_lit(b, "  ");
	colored(b, color, RED, "DENIED", 6);
	buf_str(b, o->denied == DENIED_LISTED ? " (listed)" : " (flagged)");
}

void text_observation(struct buf *b, const struct observation *o, bool color)
{
	if (color) /* a terminal: the rate display may stand there */
		buf_lit(b, LOG_CLEAR_LINE);
	put_clock(b, o->time_ns, color);
	put_who(b, o, color);
	if (o->kind == OBSERVED_HTTP_REQUEST)
		put_http(b, o, color);
	else
		put_dns(b, o, color);
	if (o->denied)
		put_denied(b, o, color);
	if (o->marks)
		colored(b, color, RED, "  [odd]", 7);
	buf_char(b, '\n');
}

void text_alert(struct buf *b, const struct alert *a, bool color)
{
	const struct indicator_match *m = &a->match;
	char ip[IP_TEXT];

	if (color)
		buf_lit(b, LOG_CLEAR_LINE);
	put_clock(b, a->o->time_ns, color);
	put_who(b, a->o, color);
	put_padded(b, color, RED, "ALERT", 7);
	if (a->o->kind == OBSERVED_SYN)
		buf_lit(b, "connection to ");
	if (a->matched_ip)
		buf_put(b, ip, ip_text(a->matched_ip, ip));
	else
		buf_put(b, a->matched.at, a->matched.len);
	if (a->o->kind == OBSERVED_SYN)
		buf_printf(b, " port %u", a->o->destination.port);
	if (a->chain_sequence) {
		buf_str(b, a->o->kind == OBSERVED_SYN ? ", which was the answer to " : " was the answer to ");
		buf_put(b, a->chain_name.at, a->chain_name.len);
	}
	buf_printf(b, "  list %s", m->list->name);
	if (m->family)
		buf_printf(b, " (%s)", m->family);
	if (a->o->denied)
		put_denied(b, a->o, color);
	if (a->repeated)
		buf_printf(b, ", %llu more since the last", (unsigned long long)a->repeated);
	buf_char(b, '\n');
}

void text_anomaly(struct buf *b, const struct anomaly *a, bool color)
{
	const struct verdict *v = a->verdict;

	if (color)
		buf_lit(b, LOG_CLEAR_LINE);
	put_clock(b, a->o->time_ns, color);
	put_who(b, a->o, color);
	put_padded(b, color, RED, "ODD", 7);
	odd_put_deed(b, a);
	buf_printf(b, "  score %.3f: ", v->score);
	odd_put_facts(b, a);
	buf_char(b, ';');
	for (size_t i = 0, n = 0; i < v->n; i++)
		if (v->evidence[i].triggered)
			buf_printf(b, "%s %s %.3g %s %.3g", n++ ? "," : "", v->evidence[i].name, v->evidence[i].value,
				   v->evidence[i].above ? ">" : "<", v->evidence[i].threshold);
	buf_char(b, '\n');
}
