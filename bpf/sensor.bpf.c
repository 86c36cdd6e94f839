/* sensor.bpf.c: the packet programs. They watch: XDP ends XDP_PASS, TC ends TC_ACT_UNSPEC, but for what is to be
 * dropped where enforcement is on (enforce.h).
 * What a frame is and what is worth a record stands in include/extract.h, which replay shares. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

/* One hook's frame. Which of the two a program has is known at compile time. */
struct frame {
	void *ctx;
	int xdp;
};

static inline __attribute__((always_inline)) int frame_load(struct frame *f, unsigned int off, void *to,
							    unsigned int len)
{
	return f->xdp ? bpf_xdp_load_bytes(f->ctx, off, to, len) : bpf_skb_load_bytes(f->ctx, off, to, len);
}

static inline __attribute__((always_inline)) unsigned int frame_len(struct frame *f)
{
	return f->xdp ? bpf_xdp_get_buff_len(f->ctx) : ((struct __sk_buff *)f->ctx)->len;
}

/* XDP frames in several buffers: only a helper knows the length of the whole. */
static inline __attribute__((always_inline)) int frame_may_go_on(struct frame *f)
{
	return f->xdp;
}

#include "emit.h"
#include "enforce.h"
#include "listed.h"
#include "owner.h"

char LICENSE[] SEC("license") = "GPL";

/* Headers that a TC program wants in the linear part: two tags, IPv6, extensions, TCP with options. */
#define TC_PULL 256

/* What an skb knows besides its bytes: a tag that the device will put in, in front of
 * those that are there. */
static __always_inline void fill_from_skb(struct record_head *h, struct __sk_buff *skb)
{
	h->hook = HOOK_TC_EGRESS;
	h->ifindex = skb->ifindex;
	h->ingress_ifindex = skb->ingress_ifindex;
	if (skb->vlan_present)
		h->vlan = skb->vlan_tci & 0xfff;
}

static __always_inline void fill_from_xdp(struct record_head *h, struct xdp_md *xdp)
{
	h->hook = HOOK_XDP_INGRESS;
	h->ifindex = xdp->ingress_ifindex;
	h->ingress_ifindex = 0;
}

/* From the frame to the ledger. True: the packet is to be dropped. */
static __always_inline int look(struct frame *f, struct cursor c, enum link_type link)
{
	__u32 zero = 0;
	struct counters *count = bpf_map_lookup_elem(&counters, &zero);
	struct extract x = { f, 0, &settings, &heads, count };
	struct scratch *s;
	enum outcome out;

	if (!count)
		return 0;
	if (link == LINK_ETHERNET) {
		out = plain_and_not_ours(&x, c);
		if (out != OUTCOME_NONE) { /* asking for the length would cost more than all the rest */
			count_packet(count, f->xdp && out != OUTCOME_not_ip ? c.end - c.pos : frame_len(f), out);
			return 0;
		}
	}
	s = x.scratch = bpf_map_lookup_elem(&scratch, &zero);
	if (!s) {
		count_packet(count, frame_len(f), OUTCOME_no_scratch);
		return 0;
	}
	out = extract(&x, c, link);
	if (out <= OUTCOME_LAST_EMITTED) {
		struct record_head *h = &s->rec.head;
		int is_urgent, denied;

		h->time_ns = bpf_ktime_get_boot_ns();
		if (f->xdp)
			fill_from_xdp(h, f->ctx);
		else
			fill_from_skb(h, f->ctx);
		owner_of_packet(f->xdp ? 0 : f->ctx, &h->owner);
		is_urgent = settings.syn && record_is_urgent(s);
		denied = deny(s, count, is_urgent);
		if (out == OUTCOME_syn && !is_urgent)
			out = OUTCOME_not_http; /* a connection like any other */
		else
			out = send_record(s, count, out, is_urgent);
		count_packet(count, s->message.frame, out);
		return denied;
	}
	count_packet(count, frame_len(f), out);
	return 0;
}

static __always_inline int look_xdp(struct xdp_md *ctx, enum link_type link)
{
	struct frame f = { .ctx = ctx, .xdp = 1 };
	struct cursor c = { (void *)(long)ctx->data, (void *)(long)ctx->data_end };

	return look(&f, c, link) ? XDP_DROP : XDP_PASS;
}

/* Came in by an interface that is watched too: reported there, with the client's side as interface. */
static __always_inline int seen_at_ingress(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ingress_ifindex;

	return ifindex && bpf_map_lookup_elem(&watched, &ifindex);
}

static __always_inline int look_tc(struct __sk_buff *skb, enum link_type link)
{
	struct frame f = { .ctx = skb, .xdp = 0 };
	struct cursor c;

	if (seen_at_ingress(skb)) {
		__u32 zero = 0;
		struct counters *count = bpf_map_lookup_elem(&counters, &zero);

		if (count)
			count_packet(count, skb->len, OUTCOME_forwarded);
		return TC_ACT_UNSPEC;
	}
	if (skb->data_end - skb->data < TC_PULL && skb->data_end - skb->data < skb->len)
		(void)bpf_skb_pull_data(skb, skb->len < TC_PULL ? skb->len : TC_PULL); /* short: counted */
	c.pos = (void *)(long)skb->data;
	c.end = (void *)(long)skb->data_end;
	return look(&f, c, link) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("xdp.frags")
int metsuke_xdp(struct xdp_md *ctx)
{
	return look_xdp(ctx, LINK_ETHERNET);
}

/* Devices without a link layer (tun, WireGuard, IP tunnels). */
SEC("xdp.frags")
int metsuke_xdp_ip(struct xdp_md *ctx)
{
	return look_xdp(ctx, LINK_IP);
}

SEC("tc")
int metsuke_tc(struct __sk_buff *skb)
{
	return look_tc(skb, LINK_ETHERNET);
}

SEC("tc")
int metsuke_tc_ip(struct __sk_buff *skb)
{
	return look_tc(skb, LINK_IP);
}
