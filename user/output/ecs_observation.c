/* ecs_observation.c: dns-query, dns-response and http-request. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "capture/owner.h"
#include "observe/name.h"
#include "output/community_id.h"
#include "output/ecs_line.h"
#include "support/ip.h"

#define MAX_RELATED_IPS 64
#define MAX_RELATED_HOSTS 32

static const char *const directions[] = {
	[DIRECTION_EGRESS] = "egress",	   [DIRECTION_INGRESS] = "ingress",   [DIRECTION_OUTBOUND] = "outbound",
	[DIRECTION_INBOUND] = "inbound", [DIRECTION_INTERNAL] = "internal", [DIRECTION_EXTERNAL] = "external",
};

static void put_network(struct buf *b, const struct observation *o)
{
	struct community_flow flow = { .sport = o->source.port, .dport = o->destination.port, .proto = o->proto };
	char id[COMMUNITY_ID_TEXT];

	js_open(b, "network");
	if (o->family == 6)
		js_raw(b, "type", "\"ipv6\"");
	else
		js_raw(b, "type", "\"ipv4\"");
	if (o->proto == 17)
		js_members(b, "\"transport\":\"udp\",\"iana_number\":\"17\",\"protocol\":\"dns\"");
	else
		js_members(b, "\"transport\":\"tcp\",\"iana_number\":\"6\"");
	if (o->kind == OBSERVED_SYN)
		js_raw(b, "protocol", "\"unknown\"");
	else if (o->proto == 6)
		js_raw(b, "protocol", "\"http\"");
	js_safe(b, "direction", directions[o->direction]);
	memcpy(flow.saddr, o->source.ip, 16);
	memcpy(flow.daddr, o->destination.ip, 16);
	community_id(&flow, 0, id);
	js_text(b, "community_id", ((struct text){ id, COMMUNITY_ID_TEXT - 1, true }));
	if (o->vlan) {
		js_open(b, "vlan");
		js_key(b, "id");
		buf_char(b, '"');
		buf_u64(b, o->vlan);
		buf_lit(b, "\"}");
	}
	js_close(b);
}

static void put_mac(struct buf *b, const uint8_t mac[6])
{
	static const char digits[] = "0123456789ABCDEF";

	js_key(b, "mac");
	buf_char(b, '"');
	for (int i = 0; i < 6; i++) {
		if (i)
			buf_char(b, '-');
		buf_char(b, digits[mac[i] >> 4]);
		buf_char(b, digits[mac[i] & 15]);
	}
	buf_char(b, '"');
}

static void put_endpoints(struct buf *b, const struct observation *o, struct text domain)
{
	static const uint8_t no_mac[6];

	js_open(b, "source");
	js_key(b, "ip");
	js_ip(b, o->source.ip);
	js_number(b, "port", o->source.port);
	if (o->source_bytes)
		js_number(b, "bytes", o->source_bytes);
	if (memcmp(o->mac, no_mac, 6))
		put_mac(b, o->mac);
	js_close(b);
	js_open(b, "destination");
	js_key(b, "ip");
	js_ip(b, o->destination.ip);
	js_number(b, "port", o->destination.port);
	if (o->destination_bytes)
		js_number(b, "bytes", o->destination_bytes);
	if (domain.len)
		js_text(b, "domain", domain);
	js_close(b);
}

struct ip_set {
	uint8_t ip[MAX_RELATED_IPS][16];
	size_t n;
};

/* text: the same address as text, or NULL to make it here. */
static void put_related_ip(struct buf *b, struct ip_set *set, const uint8_t ip[16], const struct text *text)
{
	for (size_t i = 0; i < set->n; i++)
		if (!memcmp(set->ip[i], ip, 16))
			return;
	if (set->n == MAX_RELATED_IPS)
		return;
	memcpy(set->ip[set->n++], ip, 16);
	js_element(b);
	if (text)
		js_put_text(b, *text);
	else
		js_ip(b, ip);
}

static void answer_ip(const struct dns_answer *a, uint8_t ip[16])
{
	if (a->type == 28) {
		memcpy(ip, a->addr, 16);
		return;
	}
	memset(ip, 0, 10);
	ip[10] = ip[11] = 0xff;
	memcpy(ip + 12, a->addr, 4);
}

struct text_set {
	struct text text[MAX_RELATED_HOSTS];
	size_t n;
};

static void put_related_host(struct buf *b, struct text_set *set, struct text name)
{
	if (!name.len || text_is(name, ".") || set->n == MAX_RELATED_HOSTS)
		return;
	for (size_t i = 0; i < set->n; i++)
		if (set->text[i].len == name.len && !memcmp(set->text[i].at, name.at, name.len))
			return;
	set->text[set->n++] = name;
	js_element(b);
	js_put_text(b, name);
}

static void put_related(struct buf *b, const struct observation *o)
{
	struct ip_set ips;
	struct text_set hosts;

	ips.n = hosts.n = 0;
	js_open(b, "related");
	js_key(b, "ip");
	buf_char(b, '[');
	put_related_ip(b, &ips, o->source.ip, NULL);
	put_related_ip(b, &ips, o->destination.ip, NULL);
	if (o->kind == OBSERVED_DNS_RESPONSE) {
		for (size_t i = 0; i < o->dns.n_answers; i++) {
			uint8_t ip[16];

			if (!o->dns.answers[i].addr)
				continue;
			answer_ip(&o->dns.answers[i], ip);
			put_related_ip(b, &ips, ip, &o->dns.answers[i].data);
		}
	}
	buf_char(b, ']');
	if (o->process && o->process->user) {
		js_key(b, "user");
		buf_char(b, '[');
		js_cstr(b, o->process->user);
		buf_char(b, ']');
	}
	js_key(b, "hosts");
	buf_char(b, '[');
	if (o->kind == OBSERVED_HTTP_REQUEST) {
		put_related_host(b, &hosts, o->http.host);
	} else if (observed_dns(o->kind)) {
		put_related_host(b, &hosts, o->dns.question);
		for (size_t i = 0; i < o->dns.n_answers; i++)
			if (o->dns.answers[i].type == 5)
				put_related_host(b, &hosts, o->dns.answers[i].data);
	}
	if (b->data[b->len - 1] == '[') /* no name is known: no field */
		b->len -= strlen(",\"hosts\":[");
	else
		buf_char(b, ']');
	js_close(b);
}

static void put_process(struct buf *b, const struct observation *o)
{
	const struct process *p = o->process;

	if (!p)
		return;
	js_open(b, "process");
	js_number(b, "pid", p->pid);
	if (p->name)
		js_str(b, "name", p->name);
	if (p->executable)
		js_str(b, "executable", p->executable);
	if (p->command_line)
		js_str(b, "command_line", p->command_line);
	js_str(b, "entity_id", p->entity_id);
	js_key(b, "start");
	js_time(b, p->start_ns);
	if (p->ppid) {
		js_open(b, "parent");
		js_number(b, "pid", p->ppid);
		if (p->parent_name)
			js_str(b, "name", p->parent_name);
		js_close(b);
	}
	js_close(b);
	js_open(b, "user");
	js_key(b, "id");
	buf_char(b, '"');
	buf_u64(b, p->key.uid);
	buf_char(b, '"');
	if (p->user)
		js_str(b, "name", p->user);
	js_close(b);
	if (p->container) {
		js_open(b, "container");
		js_str(b, "id", p->container);
		js_close(b);
	}
}

static void put_domain_parts(struct buf *b, const struct domain_parts *d)
{
	if (d->registered.len)
		js_text(b, "registered_domain", d->registered);
	if (d->subdomain.len)
		js_text(b, "subdomain", d->subdomain);
	if (d->suffix.len)
		js_text(b, "top_level_domain", d->suffix);
}

/* Bits of the header's second word, RFC 1035 4.1.1 and RFC 4035 3. */
static void put_header_flags(struct buf *b, const struct dns_observation *dns)
{
	static const struct {
		uint16_t bit;
		const char *name;
	} flags[] = { { 0x0400, "AA" }, { 0x0200, "TC" }, { 0x0100, "RD" },
		      { 0x0080, "RA" }, { 0x0020, "AD" }, { 0x0010, "CD" } };

	if ((dns->flags & 0x0730) == 0x0100 && !dns->edns_do) { /* as nearly always */
		if (dns->flags & 0x0080)
			js_members(b, "\"header_flags\":[\"RD\",\"RA\"]");
		else
			js_members(b, "\"header_flags\":[\"RD\"]");
		return;
	}
	js_key(b, "header_flags");
	buf_char(b, '[');
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (dns->flags & flags[i].bit) {
			js_element(b);
			js_put_safe(b, flags[i].name);
		}
	}
	if (dns->edns_do) {
		js_element(b);
		js_put_safe(b, "DO");
	}
	buf_char(b, ']');
}

static void put_type_and_class(struct buf *b, uint16_t type, uint16_t class)
{
	char scratch[16];

	if (type == 1 && class == 1) { /* most */
		js_members(b, "\"type\":\"A\",\"class\":\"IN\"");
	} else if (type == 28 && class == 1) {
		js_members(b, "\"type\":\"AAAA\",\"class\":\"IN\"");
	} else {
		js_safe(b, "type", dns_type_name(type, scratch));
		js_safe(b, "class", dns_class_name(class, scratch));
	}
}

static void put_question(struct buf *b, const struct dns_observation *dns)
{
	js_open(b, "question");
	js_text(b, "name", dns->question);
	if (dns->has_question)
		put_type_and_class(b, dns->type, dns->class);
	else
		js_members(b, "\"type\":\"\",\"class\":\"\"");
	put_domain_parts(b, &dns->domain);
	js_close(b);
}

static void put_answers(struct buf *b, const struct dns_observation *dns)
{
	bool addresses = false;

	if (dns->n_answers == 0)
		return;
	js_key(b, "answers");
	buf_char(b, '[');
	for (size_t i = 0; i < dns->n_answers; i++) {
		const struct dns_answer *a = &dns->answers[i];

		js_element(b);
		buf_char(b, '{');
		js_text(b, "name", a->name);
		put_type_and_class(b, a->type, a->class);
		js_number(b, "ttl", a->ttl);
		js_text(b, "data", a->data);
		js_close(b);
		addresses |= a->addr != NULL;
	}
	buf_char(b, ']');
	if (!addresses)
		return;
	js_key(b, "resolved_ip");
	buf_char(b, '[');
	for (size_t i = 0; i < dns->n_answers; i++) {
		if (!dns->answers[i].addr)
			continue;
		js_element(b);
		js_put_text(b, dns->answers[i].data);
	}
	buf_char(b, ']');
}

static void put_dns(struct buf *b, const struct observation *o)
{
	const struct dns_observation *dns = &o->dns;
	char scratch[16];

	js_open(b, "dns");
	if (o->kind == OBSERVED_DNS_QUERY)
		js_raw(b, "type", "\"query\"");
	else
		js_raw(b, "type", "\"answer\"");
	js_key(b, "id");
	buf_char(b, '"');
	buf_u64(b, dns->id);
	buf_char(b, '"');
	js_safe(b, "op_code", dns_opcode_name(dns->flags >> 11 & 15, scratch));
	put_header_flags(b, dns);
	if (o->kind == OBSERVED_DNS_RESPONSE)
		js_safe(b, "response_code", dns_rcode_name(dns->rcode, scratch));
	put_question(b, dns);
	put_answers(b, dns);
	js_close(b);
}

static void put_http(struct buf *b, const struct observation *o)
{
	const struct http_observation *http = &o->http;

	js_open(b, "http");
	js_key(b, "version");
	if (http->minor >= 0) {
		buf_lit(b, "\"1.");
		buf_u64(b, http->minor);
		buf_char(b, '"');
	} else {
		buf_lit(b, "\"0.9\"");
	}
	js_open(b, "request");
	js_text(b, "method", http->method);
	if (http->head_len && !http->chunked)
		js_number(b, "bytes", http->head_len + (http->content_length > 0 ? http->content_length : 0));
	if (http->content_length >= 0) {
		js_open(b, "body");
		js_number(b, "bytes", http->content_length);
		js_close(b);
	}
	if (http->has_referrer)
		js_text(b, "referrer", http->referrer);
	js_close(b);
	js_close(b);
}

/* The path without its query, and what goes by its extension. */
static void put_path(struct buf *b, struct text target)
{
	struct text path = target, query = { "", 0 }, extension = { "", 0 };
	const char *mark = memchr(target.at, '?', target.len);

	if (mark) {
		path.len = mark - target.at;
		query = (struct text){ mark + 1, target.len - path.len - 1, target.plain };
	}
	for (size_t i = memchr(path.at, '/', path.len) ? path.len : 0; i > 0 && path.at[i - 1] != '/'; i--) {
		if (path.at[i - 1] == '.') {
			extension = (struct text){ path.at + i, path.len - i, path.plain };
			break;
		}
	}
	js_text(b, "path", path);
	if (mark)
		js_text(b, "query", query);
	if (extension.len)
		js_text(b, "extension", extension);
}

/* absolute-form, as sent to a proxy (RFC 9112 3.2.2): where the path starts, or 0. */
static size_t absolute_path(struct text target)
{
	size_t at = 7;

	if (target.len < 8 || strncasecmp(target.at, "http://", 7))
		return 0;
	while (at < target.len && target.at[at] != '/' && target.at[at] != '?')
		at++;
	return at;
}

static void put_url(struct buf *b, const struct observation *o)
{
	const struct http_observation *http = &o->http;
	uint32_t port = http->host_port ? http->host_port : http->host.len ? 80 : o->destination.port;
	size_t skip = absolute_path(http->target);

	js_open(b, "url");
	js_text(b, "original", http->target);
	if (skip) {
		js_text(b, "full", http->target);
	} else if (http->host.len && http->target.len && http->target.at[0] == '/') {
		js_key(b, "full");
		buf_lit(b, "\"http://");
		buf_put(b, http->host.at, http->host.len);
		if (http->host_port && http->host_port != 80) {
			buf_char(b, ':');
			buf_u64(b, http->host_port);
		}
		buf_put(b, http->target.at, http->target.len); /* both escaped: no quote, no backslash */
		buf_char(b, '"');
	}
	js_raw(b, "scheme", "\"http\"");
	if (http->host.len)
		js_text(b, "domain", http->host);
	js_number(b, "port", port);
	put_path(b, (struct text){ http->target.at + skip, http->target.len - skip, http->target.plain });
	put_domain_parts(b, &http->domain);
	js_close(b);
	if (http->has_agent) {
		js_open(b, "user_agent");
		js_text(b, "original", http->agent);
		js_close(b);
	}
}

static const char *const qualities[] = {
	[OWNER_SOCKET] = "socket",
	[OWNER_PRIMED] = "primed",
	[OWNER_CACHED] = "cached",
};

/* Our own fields: how the process is known, why it was dropped, what was odd, EDNS, the tunnel. */
static void put_own(struct buf *b, const struct observation *o, const struct buf *more)
{
	bool edns = observed_dns(o->kind) && o->dns.edns;

	if (!o->process && !o->marks && !edns && !o->tunnel && !o->denied && !more)
		return;
	js_open(b, "metsuke");
	if (more)
		buf_put(b, more->data, more->len);
	if (o->process) {
		js_open(b, "owner");
		js_safe(b, "quality", qualities[o->quality]);
		js_close(b);
	}
	if (o->denied)
		js_safe(b, "denied", o->denied == DENIED_LISTED ? "listed" : "flagged");
	if (edns) {
		js_open(b, "dns");
		js_open(b, "edns");
		js_number(b, "udp_size", o->dns.edns_size);
		buf_lit(b, "}}");
	}
	if (o->tunnel) {
		js_open(b, "tunnel");
		js_str(b, "type",
		       o->tunnel == 1 ? "gre" : o->tunnel == 2 ? "ipip" : "vxlan");
		js_close(b);
	}
	if (o->marks) {
		js_key(b, "marks");
		buf_char(b, '[');
		for (int i = 0; i < 16; i++) {
			if (o->marks >> i & 1 && ecs_mark_names[i]) {
				js_element(b);
				js_cstr(b, ecs_mark_names[i]);
			}
		}
		buf_char(b, ']');
	}
	js_close(b);
}

static void put_outcome(struct buf *b, const struct observation *o)
{
	if (o->dns.flags & 0x0200)
		js_raw(b, "outcome", "\"unknown\"");
	else if (o->dns.rcode == 0)
		js_raw(b, "outcome", "\"success\"");
	else
		js_raw(b, "outcome", "\"failure\"");
	if (!o->query_ns)
		return;
	js_key(b, "start");
	js_time(b, o->query_ns);
	js_key(b, "end");
	js_time(b, o->time_ns);
	js_number(b, "duration", o->time_ns - o->query_ns);
}

void ecs_put_message(struct ecs *e, struct buf *b, const struct observation *o, const struct buf *more)
{
	bool http = o->kind == OBSERVED_HTTP_REQUEST;

	ecs_put_origin(e, b, o->ifindex, !o->forwarded);
	if (o->forwarded)
		buf_lit(b, ",\"tags\":[\"forwarded\"]");
	put_network(b, o);
	put_endpoints(b, o, http ? o->http.host : (struct text){ "", 0 });
	put_related(b, o);
	put_process(b, o);
	if (http) {
		put_http(b, o);
		put_url(b, o);
	} else if (observed_dns(o->kind)) {
		put_dns(b, o);
	}
	put_own(b, o, more);
}

/* Dropped: for the one who reports it that is a success, as ECS has it of a firewall. */
static void open_denied(struct ecs *e, struct buf *b, const struct observation *o)
{
	if (o->kind == OBSERVED_HTTP_REQUEST)
		ecs_open_literal(e, b, o->time_ns,
			     EVENT_HEAD("event", "\"network\",\"web\"", "\"connection\",\"protocol\",\"denied\"",
					"http-request", "http"));
	else
		ecs_open_literal(e, b, o->time_ns,
			     EVENT_HEAD("event", "\"network\"", "\"connection\",\"protocol\",\"denied\"",
					"dns-query", "dns"));
	js_raw(b, "outcome", "\"success\"");
}

static void open_message(struct ecs *e, struct buf *b, const struct observation *o)
{
	switch (o->kind) {
	case OBSERVED_DNS_QUERY:
		ecs_open_literal(e, b, o->time_ns,
			     EVENT_HEAD("event", "\"network\"", "\"connection\",\"protocol\"", "dns-query", "dns"));
		break;
	case OBSERVED_DNS_RESPONSE:
		ecs_open_literal(e, b, o->time_ns,
			     EVENT_HEAD("event", "\"network\"", "\"connection\",\"protocol\"", "dns-response", "dns"));
		put_outcome(b, o);
		break;
	default:
		ecs_open_literal(e, b, o->time_ns,
			     EVENT_HEAD("event", "\"network\",\"web\"", "\"connection\",\"protocol\",\"access\"",
					"http-request", "http"));
		break;
	}
}

void ecs_observation(struct ecs *e, struct buf *b, const struct observation *o)
{
	if (o->denied)
		open_denied(e, b, o);
	else
		open_message(e, b, o);
	js_close(b);
	ecs_put_message(e, b, o, NULL);
	buf_lit(b, "}\n");
}
