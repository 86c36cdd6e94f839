/* fuzz_packet.c: one frame. The first byte says of what link it is and which tunnels are looked into. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings settings = { .dns_ports = { 53 }, .vxlan_port = 4789, .http = 1 };

	if (size < 1 || data[0] % 8 > LINK_NULL)
		return -1;
	settings.tunnels = data[0] / 8 % 8;
	fuzz_frame(&settings, data + 1, size - 1, data[0] % 8);
	return 0;
}
