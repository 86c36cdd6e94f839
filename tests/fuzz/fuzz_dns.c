/* fuzz_dns.c: one DNS message, in a UDP frame of its own. */
#include <string.h>

#include "fuzz.h"
#include "packets.h"

#define MESSAGE_MOST (PKT_MAX - 64)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct settings settings = { .dns_ports = { 53 } };
	static struct pkt p;

	if (size > MESSAGE_MOST)
		return -1;
	memset(&p, 0, offsetof(struct pkt, data));
	pkt_eth(&p);
	pkt_ip4(&p, 0);
	pkt_udp(&p, 53, 40000);
	pkt_bytes(&p, data, size);
	fuzz_frame(&settings, p.data, p.len, LINK_ETHERNET);
	return 0;
}
