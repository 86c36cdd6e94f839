/* test_testrun.c: the table of frames through the loaded programs. Each row has to come to what the table
 * says and to the record that the native build gives; cut short anywhere, to what the native build gives.
 * usage: test_testrun [ROW]   a row's number or a part of its name */
#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

#include "capture/native.h"
#include "rows.h"
#include "seen.h"
#include "tap.h"
#include "testrun.h"

static struct seen kernel, native;

/* One frame through both builds. NULL, or what is wrong. */
static const char *look(struct testrun *t, struct native *n, enum hook hook, enum link_type link,
			const struct pkt *p, unsigned int len)
{
	const char *wrong = testrun_look(t, hook, link, p->data, len, 0, &kernel);

	if (wrong)
		return wrong;
	seen_native(&native, n, p->data, len, link);
	wrong = seen_unsound(&kernel, len);
	return wrong ? wrong : seen_difference(&kernel, &native);
}

static bool fits(enum hook hook, const struct row *row)
{
	for (unsigned int i = 0; i < row->n_steps; i++)
		if (!testrun_takes(hook, row->steps[i].pkt->data, row->steps[i].pkt->len))
			return false;
	return row->link == LINK_ETHERNET || row->link == LINK_IP;
}

static void test_row(struct testrun *t, enum hook hook, const struct row *row, unsigned int number)
{
	struct native *n = native_new(&row->settings);
	const char *wrong = NULL;
	unsigned int i;

	testrun_reset(t, &row->settings);
	for (i = 0; i < row->n_steps && !wrong; i++) {
		wrong = look(t, n, hook, row->link, row->steps[i].pkt, row->steps[i].pkt->len);
		if (!wrong)
			wrong = seen_unexpected(&kernel, &row->steps[i]);
	}
	if (!tap_result(!wrong, "%s: row %u: %s", hook_names[hook], number, row->name)) {
		tap_note("frame %u: %s", i, wrong);
		tap_hex(row->steps[i - 1].pkt->data, row->steps[i - 1].pkt->len);
	}
	native_free(n);
}

/* Every frame of the row at every length from the least that test-run takes. */
static void test_truncations(struct testrun *t, enum hook hook, const struct row *row, unsigned int number)
{
	struct native *n = native_new(&row->settings);
	const char *wrong = NULL;
	const struct pkt *p = NULL;
	unsigned int len = 0;

	testrun_reset(t, &row->settings);
	for (unsigned int i = 0; i < row->n_steps && !wrong; i++) {
		p = row->steps[i].pkt;
		for (len = TESTRUN_MIN; len <= p->len && !wrong; len++)
			if (testrun_takes(hook, p->data, len))
				wrong = look(t, n, hook, row->link, p, len);
	}
	if (!tap_result(!wrong, "%s: every length of row %u: %s", hook_names[hook], number, row->name)) {
		tap_note("at %u bytes: %s", --len, wrong);
		tap_hex(p->data, len);
	}
	native_free(n);
}

static void test_rows(struct testrun *t, enum hook hook, const char *wanted)
{
	const struct rows *rows = rows_all();
	unsigned int left_out = 0;

	for (unsigned int i = 0; i < rows->n; i++) {
		if (!rows_match(i, wanted))
			continue;
		if (!fits(hook, &rows->row[i])) {
			left_out++;
			continue;
		}
		test_row(t, hook, &rows->row[i], i + 1);
		test_truncations(t, hook, &rows->row[i], i + 1);
	}
	tap_note("%s: %u rows are of a link or a size that test-run does not take; tests/parse has them",
		 hook_names[hook], left_out);
}

/* The payload lies outside the linear part: every row once more, with its headers alone in there. */
static void test_fragments(struct testrun *t)
{
	const struct rows *rows = rows_all();

	if (!testrun_linear(t, 64)) {
		tap_skip("the kernel's test-run cannot set the linear part (6.18 can)",
			 "xdp: payload in fragments");
		return;
	}
	for (unsigned int i = 0; i < rows->n; i++) {
		const struct row *row = &rows->row[i];
		const struct pkt *p = row->steps[0].pkt;

		if (!fits(HOOK_XDP, row) || p->payload < TESTRUN_MIN || p->payload >= p->len)
			continue;
		testrun_linear(t, p->payload + i % 5); /* the first bytes of it may be in there */
		test_row(t, HOOK_XDP, row, i + 1);
	}
	testrun_linear(t, 0);
}

static const struct row *query_row(void)
{
	return &rows_all()->row[0];
}

static void test_forwarded(struct testrun *t)
{
	const struct pkt *p = query_row()->steps[0].pkt;
	const unsigned int loopback = 1;
	const char *wrong;

	testrun_reset(t, &query_row()->settings);
	wrong = testrun_look(t, HOOK_TC, LINK_ETHERNET, p->data, p->len, loopback, &kernel);
	tap_result(!wrong && kernel.outcome == OUTCOME_dns && kernel.rec.head.ingress_ifindex == loopback,
		   "tc: came in by an interface that is not watched: reported with it");
	testrun_watch(t, loopback);
	wrong = testrun_look(t, HOOK_TC, LINK_ETHERNET, p->data, p->len, loopback, &kernel);
	tap_result(!wrong && !seen_unsound(&kernel, p->len) && kernel.outcome == OUTCOME_forwarded,
		   "tc: came in by an interface that is watched: forwarded");
	wrong = testrun_look(t, HOOK_TC, LINK_ETHERNET, p->data, p->len, 0, &kernel);
	tap_result(!wrong && kernel.outcome == OUTCOME_dns && kernel.rec.head.ingress_ifindex == 0,
		   "tc: made on this host: reported");
}

static void test_hook_fields(struct testrun *t)
{
	static const __u8 hooks[N_HOOKS] = { HOOK_XDP_INGRESS, HOOK_TC_EGRESS };
	const struct pkt *p = query_row()->steps[0].pkt;

	testrun_reset(t, &query_row()->settings);
	for (enum hook hook = 0; hook < N_HOOKS; hook++) {
		const char *wrong = testrun_look(t, hook, LINK_ETHERNET, p->data, p->len, 0, &kernel);
		const struct record_head *h = &kernel.rec.head;
		static const struct owner_key nobody;

		tap_result(!wrong && h->hook == hooks[hook] && h->ifindex == 1 && h->ingress_ifindex == 0 &&
				   h->time_ns && !memcmp(&h->owner, &nobody, sizeof(nobody)),
			   "%s: hook, interface and time are the hook's, no owner", hook_names[hook]);
	}
}

/* A ring of a page that nobody reads: after what it holds, every record is counted as lost. */
static void test_full_ring(void)
{
	const struct pkt *p = query_row()->steps[0].pkt;
	struct testrun *t = testrun_new(4096);
	const unsigned int room = 4095 / ((sizeof(struct record) + p->len - p->payload + 8 + 7) & ~7u);
	unsigned int sent = 0, lost = 0, unsound = 0;

	if (!tap_result(t != NULL, "load with a ring of a page"))
		return;
	testrun_reset(t, &query_row()->settings);
	testrun_stall(t);
	for (unsigned int i = 0; i < 64; i++) {
		unsound += !!testrun_look(t, i & 1, LINK_ETHERNET, p->data, p->len, 0, &kernel);
		unsound += kernel.packets != 1 || kernel.n_outcomes != 1;
		sent += kernel.outcome == OUTCOME_dns;
		lost += kernel.outcome == OUTCOME_lost_bulk;
	}
	if (!tap_result(!unsound && sent == room && lost == 64 - room, "full ring: counted as lost_bulk"))
		tap_note("%u sent, %u lost, %u unsound", sent, lost, unsound);
	testrun_free(t);
}

int main(int argc, char **argv)
{
	struct testrun *t = testrun_new(0);

	if (!tap_result(t != NULL, "load"))
		return tap_end();
	for (enum hook hook = 0; hook < N_HOOKS; hook++)
		test_rows(t, hook, argc > 1 ? argv[1] : NULL);
	if (argc == 1) {
		test_fragments(t);
		test_hook_fields(t);
		test_forwarded(t);
		test_full_ring();
	}
	testrun_free(t);
	return tap_end();
}
