/* settings.h: the knobs that the programs read. The daemon writes them before it attaches and again
 * on reload (they live in memory that both sides map); bpftool shows them as the map `settings`. */
#ifndef METSUKE_SETTINGS_H
#define METSUKE_SETTINGS_H

#include <linux/types.h>

#define MAX_DNS_PORTS 4

enum tunnel_bits {
	TUNNEL_GRE = 1 << 0,
	TUNNEL_IPIP = 1 << 1,
	TUNNEL_VXLAN = 1 << 2,
};

/* What is dropped: lookups and HTTP requests, never other packets. */
enum enforce_mode {
	ENFORCE_OFF = 0,
	ENFORCE_LISTED = 1,  /* of names that a list holds */
	ENFORCE_FLAGGED = 2, /* and those of processes and hosts that are flagged */
};

struct settings {
	__u64 dns_port_bits;		/* bit (port & 63) of each port below: another is none of them */
	__u16 dns_ports[MAX_DNS_PORTS]; /* host order; 0 = slot not used */
	__u16 vxlan_port;		/* host order; IANA's is 4789 */
	__u8 tunnels;			/* enum tunnel_bits: which are looked into, one level deep */
	__u8 http;			/* 1: HTTP requests are looked for on every TCP port */
	__u32 wakeup_bytes;		/* the reader is woken when the bulk ring holds this much */
	__u8 syn;			/* 1: connection starts are of interest (there are lists) */
	__u8 _pad[3];
	enum enforce_mode enforce;
	__u64 enforce_lease_ns;	   /* CLOCK_BOOTTIME: past it nothing is dropped; the daemon moves it on while it lives */
	__u64 enforce_deadline_ns; /* the same of a trial that nobody confirmed; 0: none */
};
_Static_assert(sizeof(struct settings) == 48, "no hidden padding");

/* Is anything dropped at this time? */
static inline int settings_enforce(const struct settings *s, __u64 now_ns)
{
	return s->enforce != ENFORCE_OFF && now_ns < s->enforce_lease_ns &&
	       (!s->enforce_deadline_ns || now_ns < s->enforce_deadline_ns);
}

/* Fills in what follows from the other fields. */
static inline void settings_complete(struct settings *s)
{
	s->dns_port_bits = 0;
	for (int i = 0; i < MAX_DNS_PORTS; i++)
		if (s->dns_ports[i])
			s->dns_port_bits |= (__u64)1 << (s->dns_ports[i] & 63);
}

#endif
