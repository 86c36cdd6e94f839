/* wire.h: the link between the lab's hosts and their gateway, and the capture that is taken there. Conversations
 * write their packets with the times they will have; the capture has them in the order of these. */
#ifndef METSUKE_LAB_WIRE_H
#define METSUKE_LAB_WIRE_H

#include "heap.h"
#include "packets.h"

#define MSEC 1000ULL
#define SEC 1000000ULL
#define HOUR (3600 * SEC)

struct wire {
	void *dumper; /* libpcap's */
	void *pcap;
	struct heap waiting;
	__u64 packets;
	/* A capture for each day: */
	const char *daily; /* name of all; NULL: one capture */
	__u64 day_ends;
	unsigned int days;
	int failed;
};

/* One side of a packet. */
struct end {
	__u32 ip;
	__u16 port;
};

/* 0, or -1 with a message printed. */
int wire_open(struct wire *w, const char *path);
/* The same, for a capture of each day, 24 h from `start` on: of week.pcap the first is week-001.pcap. The path
 * stays the caller's. */
int wire_open_daily(struct wire *w, const char *path, __u64 start);
/* Writes what is older than `until`. */
void wire_flush(struct wire *w, __u64 until);
int wire_close(struct wire *w, const char *path);

/* Starts p with everything up to the payload. out: from a host to the gateway, not back. */
void wire_udp(struct pkt *p, struct end from, struct end to, int out, __u16 ip_id);
void wire_tcp(struct pkt *p, struct end from, struct end to, int out, __u16 ip_id, __u32 seq, __u32 ack,
	      unsigned int flags, unsigned int options);
/* Checksums, and onto the wire at this time. */
void wire_send(struct wire *w, struct pkt *p, __u64 at);

#endif
