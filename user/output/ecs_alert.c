/* ecs_alert.c: blocklist-match. */
#include <stdio.h>
#include <string.h>

#include "capture/owner.h"
#include "output/ecs_line.h"
#include "support/ip.h"

static const char *const fields[] = {
	[KNOWN_QUESTION] = "dns.question.name",
	[KNOWN_ANSWER_NAME] = "dns.answers.name",
	[KNOWN_ANSWER_DATA] = "dns.answers.data",
	[KNOWN_ANSWER_IP] = "dns.resolved_ip",
	[KNOWN_HOST] = "url.domain",
	[KNOWN_DESTINATION] = "destination.ip",
	[KNOWN_RESOLVED] = "destination.ip",
};

/* MITRE ATT&CK: which protocol carried it. */
static const char *const subtechniques[] = { "T1071.001", "Web Protocols", "T1071.004", "DNS" };

/* The scale of STIX 2.1, appendix A. */
static const char *confidence_name(unsigned int confidence)
{
	if (confidence == 0)
		return "None";
	return confidence < 30 ? "Low" : confidence < 70 ? "Medium" : "High";
}

static const char *match_name(const struct alert *a)
{
	if (a->field == KNOWN_RESOLVED)
		return "resolved";
	if (!a->match.entry)
		return "network";
	return a->match.parent ? "parent" : "name";
}

static void put_entry_text(struct buf *b, const struct alert *a)
{
	const struct indicator_match *m = &a->match;
	char ip[IP_TEXT];

	if (m->entry) {
		buf_put(b, m->entry, m->entry_len);
		return;
	}
	buf_put(b, ip, ip_text(m->ip, ip));
	if (m->bits < 128) {
		buf_char(b, '/');
		buf_u64(b, ip_is_v4(m->ip) ? m->bits - 96 : m->bits);
	}
}

static void put_matched(struct buf *b, const struct alert *a)
{
	if (a->matched_ip)
		js_ip(b, a->matched_ip);
	else
		js_put_text(b, a->matched);
}

static void put_reason(struct buf *b, const struct alert *a)
{
	js_key(b, "reason");
	buf_char(b, '"');
	buf_str(b, fields[a->field]);
	buf_str(b, a->field == KNOWN_RESOLVED ? " was the answer to a name that matched " : " matched ");
	buf_str(b, a->match.entry ? "domain indicator " : "address indicator ");
	put_entry_text(b, a);
	buf_str(b, a->match.parent ? " (suffix match)\"" : "\"");
}

static void put_text(struct buf *b, const struct alert *a)
{
	const struct observation *o = a->o;
	struct buf text = { 0 };
	char ip[IP_TEXT];

	if (o->kind == OBSERVED_HTTP_REQUEST)
		buf_lit(&text, "HTTP request to ");
	else if (o->kind == OBSERVED_SYN)
		buf_lit(&text, "TCP connection to ");
	else if (o->kind == OBSERVED_DNS_QUERY)
		buf_lit(&text, "DNS query for ");
	else
		buf_lit(&text, "DNS response with ");
	if (a->matched_ip)
		buf_put(&text, ip, ip_text(a->matched_ip, ip));
	else
		buf_put(&text, a->matched.at, a->matched.len);
	if (a->chain_sequence) {
		buf_lit(&text, ", the answer to ");
		buf_put(&text, a->chain_name.at, a->chain_name.len);
		buf_char(&text, ',');
	}
	buf_lit(&text, " by ");
	ecs_put_asker(&text, o);
	buf_printf(&text, " matched list %s", a->match.list->name);
	ecs_end_text(b, &text);
}

static void put_rule(struct buf *b, const struct alert *a)
{
	const struct indicator_list *list = a->match.list;
	bool name = a->match.entry != NULL;

	js_open(b, "rule");
	js_safe(b, "id", name ? "blocklist-domain" : "blocklist-address");
	js_safe(b, "name", name ? "Listed domain contacted" : "Listed address contacted");
	js_str(b, "category", list->category);
	js_str(b, "ruleset", list->name);
	js_key(b, "version");
	buf_char(b, '"');
	buf_u64(b, a->generation);
	buf_char(b, '"');
	js_safe(b, "description",
		name ? "A name that equals or is below a listed domain, or an address that one led to"
		     : "An address in a listed network");
	js_close(b);
}

static void put_threat(struct buf *b, const struct alert *a)
{
	const struct indicator_match *m = &a->match;
	const char *const *sub = &subtechniques[a->o->kind == OBSERVED_HTTP_REQUEST ? 0 : 2];

	js_open(b, "threat");
	js_members(b, "\"framework\":\"MITRE ATT&CK\",\"tactic\":{\"id\":[\"TA0011\"],\"name\":[\"Command and "
		      "Control\"]},\"technique\":{\"id\":[\"T1071\"],\"name\":[\"Application Layer Protocol\"],"
		      "\"subtechnique\":{");
	js_key(b, "id");
	if (a->o->kind == OBSERVED_SYN) /* which protocol will be spoken is not known yet */
		buf_lit(b, "[],\"name\":[]}}");
	else
		buf_printf(b, "[\"%s\"],\"name\":[\"%s\"]}}", sub[0], sub[1]);
	js_key(b, "enrichments");
	buf_lit(b, "[{\"indicator\":{\"type\":\"");
	buf_str(b, m->entry ? "domain-name" : ip_is_v4(m->ip) ? "ipv4-addr" : "ipv6-addr");
	buf_lit(b, "\",\"name\":\"");
	put_entry_text(b, a);
	buf_char(b, '"');
	if (m->entry) {
		buf_lit(b, ",\"url\":{\"domain\":\"");
		put_entry_text(b, a);
		buf_lit(b, "\"}");
	}
	js_str(b, "provider", m->list->name);
	js_safe(b, "confidence", confidence_name(m->list->confidence));
	if (m->family)
		js_str(b, "description", m->family);
	if (m->first_seen) {
		js_key(b, "first_seen");
		js_time(b, m->first_seen * 1000000000ULL);
	}
	buf_lit(b, "},\"matched\":{\"atomic\":");
	put_matched(b, a);
	js_safe(b, "field", fields[a->field]);
	js_safe(b, "type", "indicator_match_rule");
	js_key(b, "id");
	js_cstr(b, m->list->name);
	b->len -= b->failed ? 0 : 1; /* the entry goes into the same text */
	buf_char(b, ':');
	put_entry_text(b, a);
	buf_lit(b, "\"}}]}");
}

static void put_own(struct ecs *e, struct buf *own, const struct alert *a)
{
	buf_printf(own, "\"alert\":{\"match\":\"%s\",\"generation\":%llu,\"repeated\":%llu}", match_name(a),
		   (unsigned long long)a->generation, (unsigned long long)a->repeated);
	if (!a->chain_sequence)
		return;
	buf_lit(own, ",\"chain\":{\"domain\":");
	js_put_text(own, a->chain_name);
	buf_printf(own, ",\"lookup\":\"%s-%06llu\"}", e->ephemeral_id, (unsigned long long)a->chain_sequence);
}

uint64_t ecs_alert(struct ecs *e, struct buf *b, const struct alert *a)
{
	struct buf own = { 0 };

	if (a->o->denied)
		ecs_open_literal(e, b, a->o->time_ns,
				 EVENT_HEAD("alert", "\"network\",\"intrusion_detection\"",
					    "\"connection\",\"protocol\",\"denied\"", "blocklist-match", "alert"));
	else
		ecs_open_literal(e, b, a->o->time_ns,
				 EVENT_HEAD("alert", "\"network\",\"intrusion_detection\"",
					    "\"connection\",\"protocol\",\"info\"", "blocklist-match", "alert"));
	if (a->o->denied)
		js_raw(b, "outcome", "\"success\"");
	js_number(b, "severity", a->match.list->severity);
	js_number(b, "risk_score", a->match.list->severity);
	put_reason(b, a);
	js_close(b);
	put_own(e, &own, a);
	b->failed |= own.failed;
	ecs_put_message(e, b, a->o, &own);
	buf_free(&own);
	put_text(b, a);
	put_rule(b, a);
	put_threat(b, a);
	buf_lit(b, "}\n");
	return e->sequence;
}
