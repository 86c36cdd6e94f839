/* counters.h: the loss ledger. Every packet that a program (or replay) looks at ends in exactly one
 * outcome; marks are counted beside them and say what was odd about a packet that was emitted.
 *
 *	packets = sum of all outcomes
 *
 * The names below are the field names of the pinned map, of `metsuke status` and of the stats event.
 * Both compilers read this file; the map value is struct counters, one per CPU. */
#ifndef METSUKE_COUNTERS_H
#define METSUKE_COUNTERS_H

#include <linux/types.h>

/* Outcomes: X(name, class, meaning). Class: emitted, other (not ours), malformed, lost. */
#define OUTCOMES(X) \
	X(dns, emitted, "DNS messages emitted") \
	X(http, emitted, "HTTP request heads emitted") \
	X(http_part, emitted, "segments of an HTTP request head that spans several, emitted") \
	X(syn, emitted, "TCP connection starts to addresses of interest, emitted") \
	X(not_ip, other, "neither IPv4 nor IPv6") \
	X(not_transport, other, "IP, but neither UDP nor TCP") \
	X(not_dns_port, other, "UDP on a port that is not watched") \
	X(not_http, other, "TCP that starts no HTTP request and no connection of interest") \
	X(fragment, other, "later IP fragment: it has no ports") \
	X(forwarded, other, "already seen at the watched interface it came in by") \
	X(no_scratch, other, "no working memory for this CPU (never expected)") \
	X(bad_link, malformed, "link-layer header cut short") \
	X(bad_ip, malformed, "IP header cut short, or its lengths contradict each other") \
	X(bad_extension, malformed, "IPv6 extension headers cut short or too many") \
	X(bad_tunnel, malformed, "tunnel header cut short") \
	X(bad_udp, malformed, "UDP header cut short, or its length below 8") \
	X(bad_tcp, malformed, "TCP header cut short, or its data offset below 5") \
	X(short_dns, malformed, "DNS message shorter than its header") \
	X(unreadable, malformed, "payload bytes could not be read") \
	X(lost_bulk, lost, "record not emitted: the bulk ring was full") \
	X(lost_urgent, lost, "record not emitted: the urgent ring was full, and the bulk ring, too")

/* Marks: X(name, bit, meaning). A record carries their bits; the counter counts the packets. */
#define MARKS(X) \
	X(truncated, 0, "message ends before its own counts or lengths say") \
	X(oversize, 1, "longer than the sensor reads; the rest was left out") \
	X(label_type, 2, "label type that is neither a length nor a pointer (RFC 1035 4.1.4)") \
	X(name_length, 3, "name longer than 255 bytes (RFC 1035 2.3.4)") \
	X(pointer, 4, "compression pointer that does not point back (RFC 1035 4.1.4)") \
	X(too_many, 5, "more labels and records than the sensor walks") \
	X(udp_length, 6, "UDP length beyond the IP packet") \
	X(first_fragment, 7, "first IP fragment: the rest of the message is missing") \
	X(no_version, 8, "request line without HTTP/1.x") \
	X(incomplete, 9, "request head without an end") \
	X(field_length, 10, "a request field longer than the sensor keeps; it was cut")

/* Marks that need the text and so are found by the daemon. Same bits, counted in the daemon. */
#define DECODE_MARKS(X) \
	X(pointer_loop, 11, "compression pointers that never reach an end") \
	X(rdata, 12, "record data that does not fit its type") \
	X(control_bytes, 13, "control bytes in a request line or header field")

enum outcome {
#define X(name, class, meaning) OUTCOME_##name,
	OUTCOMES(X)
#undef X
	N_OUTCOMES,
	OUTCOME_NONE = N_OUTCOMES, /* inside the walk only: go on */
	OUTCOME_LAST_EMITTED = OUTCOME_syn,
};

enum mark {
#define X(name, bit, meaning) MARK_##name = 1 << (bit),
	MARKS(X)
	DECODE_MARKS(X)
#undef X
};

/* Value of the map `counters`. The outcomes stand in enum order, so that both halves index them. */
struct counters {
	__u64 packets;
	__u64 bytes;
#define X(name, class, meaning) __u64 name;
	OUTCOMES(X)
#undef X
#define X(name, bit, meaning) __u64 mark_##name;
	MARKS(X)
#undef X
	__u64 heads_evicted; /* unfinished request heads pushed out of the table by newer ones */
	__u64 urgent;	     /* records that went to the urgent ring */
	__u64 denied_listed; /* packets dropped because their name is listed; each has its outcome, too */
	__u64 denied_flagged; /* because who sent them is flagged */
};

#endif
