/* bench.bpf.c: what the packet programs are measured against: nothing at all, and nothing but a record of
 * the same size on a ring of the same size. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "bench.h"
#include "record.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct bench_settings settings = { .record_bytes = sizeof(struct record) };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8 << 20); /* as maps.h has it */
} bulk SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[RECORD_MAX]);
} ready SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} waiting SEC(".maps");

/* Room for a record taken and given on as it is. */
static __always_inline void reserve(void)
{
	void *room = bpf_ringbuf_reserve(&bulk, settings.record_bytes, 0);

	if (room)
		bpf_ringbuf_submit(room, BPF_RB_NO_WAKEUP);
}

/* A record that lies ready is copied there. */
static __always_inline void output(void)
{
	__u32 zero = 0;
	void *record = bpf_map_lookup_elem(&ready, &zero);

	if (record)
		bpf_ringbuf_output(&bulk, record, settings.record_bytes, BPF_RB_NO_WAKEUP);
}

/* Records that were written where they lie go there together, each at a multiple of eight. */
static __always_inline void batch(void)
{
	__u64 bytes = BATCH * ((settings.record_bytes + 7) & ~7ULL);
	__u32 zero = 0, *n = bpf_map_lookup_elem(&waiting, &zero);
	void *records = bpf_map_lookup_elem(&ready, &zero);

	if (!n || !records || ++*n < BATCH)
		return;
	*n = 0;
	bpf_ringbuf_output(&bulk, records, bytes & 8191, BPF_RB_NO_WAKEUP);
}

SEC("xdp.frags")
int xdp_empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp.frags")
int xdp_reserve(struct xdp_md *ctx)
{
	reserve();
	return XDP_PASS;
}

SEC("xdp.frags")
int xdp_output(struct xdp_md *ctx)
{
	output();
	return XDP_PASS;
}

SEC("xdp.frags")
int xdp_batch(struct xdp_md *ctx)
{
	batch();
	return XDP_PASS;
}

SEC("tc")
int tc_empty(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tc_reserve(struct __sk_buff *skb)
{
	reserve();
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tc_output(struct __sk_buff *skb)
{
	output();
	return TC_ACT_UNSPEC;
}

SEC("tc")
int tc_batch(struct __sk_buff *skb)
{
	batch();
	return TC_ACT_UNSPEC;
}

/* What the frames of names.c are: a query whose name differs from packet to packet, in front of any program. */
__u32 name_count;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} next_program SEC(".maps");

SEC("xdp.frags")
int xdp_vary(struct xdp_md *ctx)
{
	__u8 *label = (void *)(long)ctx->data + (settings.name_at & 255), *end = (void *)(long)ctx->data_end;
	__u32 word = name_count++ * 2654435761U; /* odd: all words differ */

	if (label + NAME_LABEL <= end) {
		for (int i = 0; i < NAME_LABEL; i++)
			label[i] = 'a' + (word >> 4 * i & 15);
		bpf_tail_call(ctx, &next_program, 0);
	}
	return XDP_PASS;
}
