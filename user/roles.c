/* roles.c: see roles.h. */
#include "roles.h"

#include <string.h>

#include "observe/networks.h"

static enum direction forwarded_direction(const struct roles *r, const struct observation *o)
{
	bool from = networks_contain(r->home, o->source.ip), to = networks_contain(r->home, o->destination.ip);

	if (from)
		return to ? DIRECTION_INTERNAL : DIRECTION_OUTBOUND;
	return to ? DIRECTION_INBOUND : DIRECTION_EXTERNAL;
}

static bool is_local(const struct roles *r, const uint8_t ip[16])
{
	return r->is_local && r->is_local(r->ctx, ip);
}

/* Does the frame come from the client or go to it, as far as this machine is concerned? Then it has the client's
 * own address and MAC: sources are translated as the last thing before a packet leaves, and back as the first when
 * one comes. */
static bool client_side(const struct record_head *h, bool response)
{
	return h->hook == HOOK_CAPTURE || (h->hook == HOOK_TC_EGRESS) == response;
}

/* On a gateway's other side the frame's MAC is the gateway's own. */
static void set_mac(struct observation *o, const struct record_head *h, bool response)
{
	if (client_side(h, response))
		memcpy(o->mac, response ? h->dmac : h->smac, 6);
	else
		memset(o->mac, 0, 6);
}

void roles_set(const struct roles *r, struct observation *o, const struct record_head *h)
{
	bool response = o->kind == OBSERVED_DNS_RESPONSE, ours;
	struct endpoint from, to;

	memcpy(from.ip, h->saddr, 16);
	memcpy(to.ip, h->daddr, 16);
	from.port = h->sport;
	to.port = h->dport;
	o->source = response ? to : from;
	o->destination = response ? from : to;
	o->source_bytes = response || h->proto == 6 ? 0 : h->payload_len;
	o->destination_bytes = response ? h->payload_len : 0;
	set_mac(o, h, response);
	o->ifindex = h->ingress_ifindex && !response ? h->ingress_ifindex : h->ifindex;
	if (h->hook == HOOK_CAPTURE)
		ours = false;
	else if (h->hook == HOOK_TC_EGRESS)
		ours = !h->ingress_ifindex;
	else
		ours = is_local(r, h->daddr);
	o->forwarded = !ours;
	if (!ours)
		o->direction = forwarded_direction(r, o);
	else
		o->direction = (h->hook == HOOK_TC_EGRESS) == response ? DIRECTION_INGRESS : DIRECTION_EGRESS;
	if (ours && o->direction == DIRECTION_EGRESS)
		memset(o->mac, 0, 6); /* our own */
}

void roles_find_client(const struct roles *r, struct observation *o, const struct record_head *h)
{
	uint8_t seen[16];

	if (!r->client_of || client_side(h, o->kind == OBSERVED_DNS_RESPONSE))
		return;
	memcpy(seen, o->source.ip, 16);
	r->client_of(r->ctx, o);
	if (!memcmp(seen, o->source.ip, 16))
		return;
	o->forwarded = true;
	o->direction = forwarded_direction(r, o);
}
