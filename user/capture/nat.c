/* nat.c: see nat.h. Both tables are asked over netlink; the kernel answers from memory in microseconds,
 * which is as long as the rest of a message takes: what it said lately is not asked again. */
#include "capture/nat.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "capture/answers.h"
#include "support/ip.h"

struct nat {
	struct mnl_socket *conntrack;
	struct mnl_socket *route;
	uint32_t sequence;
	struct answers *answers;
	/* apart: what strangers send must not use up what may be asked of this network's own requests */
	struct gate own, requests, responses, neighbours;
};

static struct mnl_socket *open_socket(int bus)
{
	struct mnl_socket *s = mnl_socket_open2(bus, SOCK_CLOEXEC);

	if (s && mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(s);
		return NULL;
	}
	return s;
}

struct nat *nat_new(void)
{
	struct nat *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->answers = answers_new();
	if (!n->answers) {
		free(n);
		return NULL;
	}
	n->conntrack = open_socket(NETLINK_NETFILTER);
	n->route = open_socket(NETLINK_ROUTE);
	return n;
}

void nat_free(struct nat *n)
{
	if (!n)
		return;
	if (n->conntrack)
		mnl_socket_close(n->conntrack);
	if (n->route)
		mnl_socket_close(n->route);
	answers_free(n->answers);
	free(n);
}

/* Sends the request and reads its one answer. Returns the answer's length, or 0. */
static size_t ask(struct nat *n, struct mnl_socket *s, struct nlmsghdr *request, char *answer, size_t size)
{
	ssize_t len;

	request->nlmsg_seq = ++n->sequence;
	if (mnl_socket_sendto(s, request, request->nlmsg_len) < 0)
		return 0;
	do
		len = mnl_socket_recvfrom(s, answer, size);
	while (len >= (ssize_t)sizeof(struct nlmsghdr) &&
	       ((struct nlmsghdr *)answer)->nlmsg_seq != n->sequence);
	if (len < (ssize_t)sizeof(struct nlmsghdr) || ((struct nlmsghdr *)answer)->nlmsg_type == NLMSG_ERROR)
		return 0;
	return len;
}

static void put_address(struct nlmsghdr *m, const uint8_t ip[16], uint16_t v4, uint16_t v6)
{
	if (ip_is_v4(ip))
		mnl_attr_put(m, v4, 4, ip + 12);
	else
		mnl_attr_put(m, v6, 16, ip);
}

/* The tuple that the answer's packets have: from the server to the gateway. */
static void put_reply_tuple(struct nlmsghdr *m, const struct observation *o)
{
	struct nlattr *tuple = mnl_attr_nest_start(m, CTA_TUPLE_REPLY), *part;

	part = mnl_attr_nest_start(m, CTA_TUPLE_IP);
	put_address(m, o->destination.ip, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
	put_address(m, o->source.ip, CTA_IP_V4_DST, CTA_IP_V6_DST);
	mnl_attr_nest_end(m, part);
	part = mnl_attr_nest_start(m, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(m, CTA_PROTO_NUM, o->proto);
	mnl_attr_put_u16(m, CTA_PROTO_SRC_PORT, htons(o->destination.port));
	mnl_attr_put_u16(m, CTA_PROTO_DST_PORT, htons(o->source.port));
	mnl_attr_nest_end(m, part);
	mnl_attr_nest_end(m, tuple);
}

static int collect(const struct nlattr *attr, void *data)
{
	const struct nlattr **table = data;

	if (mnl_attr_get_type(attr) < 16)
		table[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

static bool read_source(const struct nlattr *tuple, struct endpoint *ret)
{
	const struct nlattr *parts[16] = { 0 }, *ip[16] = { 0 }, *proto[16] = { 0 };

	mnl_attr_parse_nested(tuple, collect, parts);
	if (!parts[CTA_TUPLE_IP] || !parts[CTA_TUPLE_PROTO])
		return false;
	mnl_attr_parse_nested(parts[CTA_TUPLE_IP], collect, ip);
	mnl_attr_parse_nested(parts[CTA_TUPLE_PROTO], collect, proto);
	if (!proto[CTA_PROTO_SRC_PORT])
		return false;
	memset(ret->ip, 0, 16);
	if (ip[CTA_IP_V4_SRC]) {
		ret->ip[10] = ret->ip[11] = 0xff;
		memcpy(ret->ip + 12, mnl_attr_get_payload(ip[CTA_IP_V4_SRC]), 4);
	} else if (ip[CTA_IP_V6_SRC]) {
		memcpy(ret->ip, mnl_attr_get_payload(ip[CTA_IP_V6_SRC]), 16);
	} else {
		return false;
	}
	ret->port = ntohs(mnl_attr_get_u16(proto[CTA_PROTO_SRC_PORT]));
	return true;
}

/* The original source of the flow whose translated one is o->source. */
static bool original_source(struct nat *n, const struct observation *o, struct endpoint *ret)
{
	char request[512], answer[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *m = mnl_nlmsg_put_header(request);
	struct nfgenmsg *nfg;
	const struct nlattr *attrs[16] = { 0 };

	if (!n->conntrack)
		return false;
	m->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	m->nlmsg_flags = NLM_F_REQUEST;
	nfg = mnl_nlmsg_put_extra_header(m, sizeof(*nfg));
	nfg->nfgen_family = o->family == 6 ? AF_INET6 : AF_INET;
	nfg->version = NFNETLINK_V0;
	put_reply_tuple(m, o);
	if (!ask(n, n->conntrack, m, answer, sizeof(answer)))
		return false;
	mnl_attr_parse((struct nlmsghdr *)answer, sizeof(*nfg), collect, attrs);
	return attrs[CTA_TUPLE_ORIG] && read_source(attrs[CTA_TUPLE_ORIG], ret);
}

static bool neighbour_mac(struct nat *n, uint32_t ifindex, const uint8_t ip[16], uint8_t mac[6])
{
	char request[256], answer[MNL_SOCKET_BUFFER_SIZE];
	struct nlmsghdr *m = mnl_nlmsg_put_header(request);
	const struct nlattr *attrs[16] = { 0 };
	struct ndmsg *nd;

	if (!n->route || !ifindex)
		return false;
	m->nlmsg_type = RTM_GETNEIGH;
	m->nlmsg_flags = NLM_F_REQUEST;
	nd = mnl_nlmsg_put_extra_header(m, sizeof(*nd));
	nd->ndm_family = ip_is_v4(ip) ? AF_INET : AF_INET6;
	nd->ndm_ifindex = ifindex;
	put_address(m, ip, NDA_DST, NDA_DST);
	if (!ask(n, n->route, m, answer, sizeof(answer)))
		return false;
	mnl_attr_parse((struct nlmsghdr *)answer, sizeof(*nd), collect, attrs);
	if (!attrs[NDA_LLADDR] || mnl_attr_get_payload_len(attrs[NDA_LLADDR]) != 6)
		return false;
	memcpy(mac, mnl_attr_get_payload(attrs[NDA_LLADDR]), 6);
	return true;
}

static struct answer_key key_of(enum question question, const uint8_t ip[16])
{
	struct answer_key key = { .question = question };

	memcpy(key.ip, ip, 16);
	return key;
}

/* This machine's own address in a request that it forwards: surely translated, so it is asked about however often in vain,
 * and NAT that begins is noticed with its first packet. */
static struct gate *gate_of(struct nat *n, const struct observation *o, bool own)
{
	if (o->kind == OBSERVED_DNS_RESPONSE)
		return &n->responses;
	return own ? &n->own : &n->requests;
}

/* Who is behind o->source. Two things are kept: a UDP flow's client (stub resolvers ask for A and AAAA by one socket), and that
 * a forwarded request's address is the client's own. That is so only when conntrack has the flow and says it: where it has
 * none, nothing is known about the address's other flows. */
static void find_source(struct nat *n, struct observation *o, bool own)
{
	struct answer_key flow = key_of(QUESTION_CLIENT, o->source.ip), whole = key_of(QUESTION_UNTRANSLATED, o->source.ip);
	bool request = o->kind != OBSERVED_DNS_RESPONSE, udp = o->proto == IPPROTO_UDP, found;
	struct gate *gate = gate_of(n, o, own);
	const union answer *known;
	union answer answer = { 0 };

	memcpy(flow.server, o->destination.ip, 16);
	flow.port = o->source.port;
	flow.server_port = o->destination.port;
	known = udp ? answers_get(n->answers, &flow, o->time_ns) : NULL;
	if (known) {
		o->source = known->client;
		return;
	}
	if (request && !own && answers_get(n->answers, &whole, o->time_ns))
		return;
	if (!gate_open(gate, o->time_ns))
		return;
	found = original_source(n, o, &answer.client);
	if (gate != &n->own)
		gate_found(gate, found);
	if (!found)
		return;
	if (memcmp(answer.client.ip, o->source.ip, 16) == 0 && answer.client.port == o->source.port) {
		if (request && !own)
			answers_put(n->answers, &whole, &answer, o->time_ns);
		return;
	}
	if (udp)
		answers_put(n->answers, &flow, &answer, o->time_ns);
	o->source = answer.client;
}

/* It may stay unknown. */
static void find_mac(struct nat *n, struct observation *o)
{
	struct answer_key key = key_of(QUESTION_MAC, o->source.ip);
	const union answer *known;
	union answer answer = { 0 };

	key.ifindex = o->ifindex;
	known = answers_get(n->answers, &key, o->time_ns);
	if (!known) {
		if (!gate_open(&n->neighbours, o->time_ns))
			return;
		(void)neighbour_mac(n, o->ifindex, o->source.ip, answer.mac); /* else it stays zero */
		answers_put(n->answers, &key, &answer, o->time_ns);
		known = &answer;
	}
	memcpy(o->mac, known->mac, 6);
}

void nat_client_of(struct nat *n, struct observation *o, bool own)
{
	static const uint8_t no_mac[6];

	if (!n)
		return;
	find_source(n, o, own);
	if (o->forwarded && !memcmp(o->mac, no_mac, 6))
		find_mac(n, o);
}
