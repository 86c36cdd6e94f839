/* test_corpus.c: every Ethernet frame of every capture through the loaded programs and the native build: the
 * same outcomes, the same records. usage: test_corpus [CAPTURE]   a part of its file name */
#include <bpf/libbpf.h>
#include <stdlib.h>
#include <string.h>

#include "captures.h"
#include "tap.h"
#include "testrun.h"

struct pass {
	struct testrun *t;
	struct native *n;
	enum hook hook;
	unsigned int frames;
	unsigned int records;
	unsigned int left_out;
	unsigned int len; /* of the last frame */
	__u8 data[TESTRUN_MAX];
};

static struct seen kernel, native;

static const char *look(void *ctx, enum link_type link, const __u8 *data, unsigned int len)
{
	struct pass *p = ctx;
	const char *wrong;

	if (link != LINK_ETHERNET || !testrun_takes(p->hook, data, len)) {
		p->left_out++;
		return NULL;
	}
	memcpy(p->data, data, len);
	p->len = len;
	wrong = testrun_look(p->t, p->hook, link, data, len, 0, &kernel);
	if (wrong)
		return wrong;
	seen_native(&native, p->n, data, len, link);
	p->frames++;
	p->records += kernel.n_records;
	wrong = seen_unsound(&kernel, len);
	return wrong ? wrong : seen_difference(&kernel, &native);
}

static void test_capture(struct testrun *t, enum hook hook, const char *path, struct pass *total)
{
	const struct settings settings = {
		.dns_ports = { 53, 5353, 5355 },
		.vxlan_port = 4789,
		.tunnels = TUNNEL_GRE | TUNNEL_IPIP | TUNNEL_VXLAN,
		.http = 1,
	};
	struct pass pass = { .t = t, .n = native_new(&settings), .hook = hook };
	const char *wrong;
	unsigned int frame;

	testrun_reset(t, &settings);
	wrong = capture_each(path, look, &pass, &frame);
	if (!tap_result(!wrong, "%s: %s: %u frames, %u records", hook_names[hook], capture_name(path), pass.frames,
			pass.records)) {
		tap_note("frame %u: %s", frame, wrong);
		tap_hex(pass.data, pass.len);
	}
	total->frames += pass.frames;
	total->records += pass.records;
	total->left_out += pass.left_out;
	native_free(pass.n);
}

static void test_captures(const struct captures *all, const char *wanted)
{
	struct testrun *t = testrun_new(0);

	if (!tap_result(t != NULL, "load"))
		return;
	for (enum hook hook = 0; hook < N_HOOKS; hook++) {
		struct pass total = { 0 };

		for (unsigned int i = 0; i < all->n; i++)
			if (!wanted || strstr(capture_name(all->paths[i]), wanted))
				test_capture(t, hook, all->paths[i], &total);
		tap_note("%s: %u frames and %u records compared; %u frames of another link or size left out",
			 hook_names[hook], total.frames, total.records, total.left_out);
		if (!wanted)
			tap_result(total.records > 0, "%s: captures have records", hook_names[hook]);
	}
	testrun_free(t);
}

int main(int argc, char **argv)
{
	const struct captures *all = captures_all();

	if (all)
		test_captures(all, argc > 1 ? argv[1] : NULL);
	return tap_end();
}
