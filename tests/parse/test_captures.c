/* test_captures.c: every frame of every capture, ending at an unreadable page, under sanitizers.
 * usage: test_captures [CAPTURE]   a part of its file name */
#include <string.h>

#include "captures.h"
#include "guard.h"
#include "look.h"
#include "tap.h"

static struct seen seen;

static const char *look(void *ctx, enum link_type link, const __u8 *data, unsigned int len)
{
	return look_frame(ctx, guard_place(data, len), len, link, &seen);
}

static void test_capture(const char *path)
{
	const struct settings settings = {
		.dns_ports = { 53, 5353, 5355 },
		.vxlan_port = 4789,
		.tunnels = TUNNEL_GRE | TUNNEL_IPIP | TUNNEL_VXLAN,
		.http = 1,
	};
	struct look *l = look_new(&settings);
	unsigned int frame;
	const char *wrong = capture_each(path, look, l, &frame);

	if (!tap_result(!wrong, "%s: %u frames", capture_name(path), frame))
		tap_note("frame %u: %s", frame, wrong);
	look_free(l);
}

int main(int argc, char **argv)
{
	const struct captures *all = captures_all();

	for (unsigned int i = 0; all && i < all->n; i++)
		if (argc == 1 || strstr(capture_name(all->paths[i]), argv[1]))
			test_capture(all->paths[i]);
	return tap_end();
}
