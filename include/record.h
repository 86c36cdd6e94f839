/* record.h: what crosses the rings. One record per packet of interest: a fixed head, the part of its
 * kind, then bytes. The same bytes come out of the loaded programs and of the native build.
 *
 * Addresses are 16 bytes (IPv4 as ::ffff:a.b.c.d), ports and lengths host order. Source and
 * destination are the packet's own; who asked whom is the daemon's business. */
#ifndef METSUKE_RECORD_H
#define METSUKE_RECORD_H

#include <linux/types.h>

#define RECORD_VERSION 1

enum record_kind {
	RECORD_DNS = 1,
	RECORD_HTTP = 2,
	RECORD_HTTP_PART = 3,
	RECORD_SYN = 4,
};

enum record_hook {
	HOOK_XDP_INGRESS = 1,
	HOOK_TC_EGRESS = 2,
	HOOK_CAPTURE = 3,
};

enum owner_quality {
	OWNER_NONE = 0,
	OWNER_SOCKET = 1, /* a socket hook saw the process use this socket */
	OWNER_PRIMED = 2, /* found holding the socket when the sensor started */
	OWNER_CACHED = 3, /* user half only: the response takes its query's owner */
};

/* The process behind a packet, by what stays the same for its life: 24 bytes. Zero: not known. */
struct owner_key {
	__u64 start_ns; /* boot time at which the process started */
	__u32 tgid;
	__u32 exec_id; /* counts the process's execve calls: another program, another key */
	__u32 uid;
	__u8 quality; /* enum owner_quality */
	__u8 _pad[3];
};

struct record_head {
	__u64 time_ns; /* live: CLOCK_BOOTTIME; capture: nanoseconds since 1970 */
	struct owner_key owner;
	__u32 ifindex;	       /* interface of the hook */
	__u32 ingress_ifindex; /* for a forwarded packet seen at egress: where it came in; else 0 */
	__u16 len;	       /* whole record, bytes */
	__u8 kind;	       /* enum record_kind */
	__u8 version;	       /* RECORD_VERSION */
	__u8 hook;	       /* enum record_hook */
	__u8 family;	       /* 4 or 6 */
	__u8 proto;	       /* 6 TCP, 17 UDP */
	__u8 tunnel;	       /* enum tunnel_bits of the tunnel that was looked into, or 0 */
	__u8 saddr[16];
	__u8 daddr[16];
	__u16 sport;
	__u16 dport;
	__u16 vlan;	  /* outer VLAN id, 0 = untagged */
	__u16 marks;	  /* enum mark */
	__u32 payload_len; /* bytes of UDP or TCP payload on the wire, as far as IP carries them */
	__u8 smac[6];	  /* all zero where the link has none */
	__u8 dmac[6];
};
_Static_assert(sizeof(struct owner_key) == 24, "owner_key is part of the record");
_Static_assert(sizeof(struct record_head) == 104, "the head has no hidden padding");

/* Longest message that is read, and so the most bytes that follow the fixed part. */
#define DNS_MAX 4096
#define HTTP_MAX 4096

/* The message follows as it was on the wire, from its header to the end of the answer section (to the
 * end of what could be read when it is malformed): compressed names point back into it. The EDNS
 * pseudo-record stands further on, so it is lifted out (RFC 6891 6.1.2). */
struct dns_part {
	__u16 wire_len;	   /* bytes of the message that follow */
	__u16 n_answers;   /* answer records that are whole in those bytes */
	__u16 edns_size;   /* requestor's UDP payload size */
	__u16 edns_flags;  /* bit 15: DO */
	__u8 edns;	   /* 1: an OPT record was there */
	__u8 edns_rcode;   /* upper 8 bits of the extended RCODE */
	__u8 edns_version;
	__u8 listed; /* 1: the kernel found the question in the lists' table */
	__u8 _pad[4];
};

enum http_field {
	HTTP_METHOD,
	HTTP_TARGET,
	HTTP_HOST,
	HTTP_AGENT,
	HTTP_REFERRER,
	HTTP_LENGTH, /* Content-Length */
	N_HTTP_FIELDS
};

/* Most bytes kept of each field; together below 4096. */
#define HTTP_METHOD_MAX 31
#define HTTP_TARGET_MAX 2047
#define HTTP_HOST_MAX 255
#define HTTP_AGENT_MAX 511
#define HTTP_REFERRER_MAX 1023
#define HTTP_LENGTH_MAX 31

/* The fields' bytes follow one after the other in enum order, without separators; header values still
 * have the white space around them (RFC 9112 5). A cut field sets MARK_field_length. */
struct http_part {
	__u32 head_len; /* request line and header fields with the blank line, bytes */
	__u16 field_len[N_HTTP_FIELDS];
	__u8 minor;   /* HTTP/1.minor; 255: none given */
	__u8 chunked; /* 1: Transfer-Encoding present */
	__u16 have;   /* bit per http_field: the field was there, be it empty */
	__u8 _pad[12]; /* the last of them is record.denied */
};

/* Raw bytes of one segment of a head that spans several follow. */
struct http_raw_part {
	__u32 seq;	/* of the first byte */
	__u16 wire_len; /* bytes that follow */
	__u8 first;	/* 1: this segment starts the head */
	__u8 last;	/* 1: the head ends here, or no more of it will come */
};

/* A TCP connection is asked for; no bytes follow. */
struct syn_part {
	__u32 seq; /* of the SYN itself */
	__u8 tcp_flags;
	__u8 _pad[3];
};

/* Why the packet was dropped. */
enum denied {
	DENIED_NOT = 0, /* it was not */
	DENIED_LISTED = 1,  /* its name is listed */
	DENIED_FLAGGED = 2, /* who sent it is flagged */
};

struct record {
	struct record_head head;
	union {
		struct dns_part dns;
		struct http_part http;
		struct http_raw_part raw;
		struct syn_part syn;
		__u8 _part[32];
		struct {
			__u8 _of_part[31]; /* none is longer */
			__u8 denied;	   /* enum denied */
		};
	};
};
_Static_assert(sizeof(struct record) == 104 + 32, "bytes start at one place for every kind");

#define RECORD_MAX (sizeof(struct record) + 8192)

#endif
