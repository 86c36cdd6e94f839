/* fuzz_http.c: a byte stream in segments. Each segment has two bytes before it, low byte first: its length,
 * and in the upper bits what becomes of it. */
#include <string.h>

#include "fuzz.h"
#include "packets.h"

#define SEGMENT_LENGTH 0x0fff
#define SEGMENT_LOST 0x1000
#define SEGMENT_TWICE 0x2000
#define SEGMENT_CUT 0x4000   /* its last byte was not captured */
#define SEGMENT_OTHER 0x8000 /* of another connection */

static void look_segment(struct look *l, const uint8_t *data, unsigned int len, uint32_t seq, unsigned int flags)
{
	static struct pkt p;
	static struct seen seen;

	memset(&p, 0, offsetof(struct pkt, data));
	pkt_eth(&p);
	pkt_ip4(&p, 0);
	pkt_tcp(&p, flags & SEGMENT_OTHER ? 40001 : 40000, 80, seq, 0);
	pkt_bytes(&p, data, len);
	p.len -= !!(flags & SEGMENT_CUT);
	fuzz_check(look_frame(l, p.data, p.len, LINK_ETHERNET, &seen));
	if (flags & SEGMENT_TWICE)
		fuzz_check(look_frame(l, p.data, p.len, LINK_ETHERNET, &seen));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct settings settings = { .http = 1 };
	struct look *l = look_new(&settings);
	uint32_t seq = 1000;

	while (size >= 2) {
		unsigned int flags = data[0] | data[1] << 8, len = flags & SEGMENT_LENGTH;

		data += 2;
		size -= 2;
		if (len > size)
			len = size;
		if (!(flags & SEGMENT_LOST))
			look_segment(l, data, len, seq, flags);
		seq += len;
		data += len;
		size -= len;
	}
	look_free(l);
	return 0;
}
