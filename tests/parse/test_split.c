/* test_split.c: a request head cut into segments anywhere is the same request as in one segment, once its
 * parts were put together. usage: test_split [ROW]   a number or a part of its name */
#include <string.h>

#include "look.h"
#include "rows.h"
#include "tap.h"

static struct seen whole, part;

/* Payload bytes [from, to) of the row's frame as a segment of their own. */
static const char *look_segment(struct look *l, const struct pkt *of, unsigned int from, unsigned int to)
{
	static struct pkt p;

	memset(&p, 0, sizeof(p));
	pkt_eth(&p);
	pkt_ip4(&p, 0);
	pkt_tcp(&p, 40000, 80, 1000 + from, 0);
	pkt_bytes(&p, of->data + of->payload + from, to - from);
	return look_frame(l, p.data, p.len, LINK_ETHERNET, &part);
}

static const char *compare(const struct record *joined)
{
	if (!joined)
		return "the last segment does not end the request";
	if (joined->head.len != whole.len || joined->head.kind != RECORD_HTTP)
		return "lengths differ";
	if (joined->head.marks != whole.rec.head.marks)
		return "marks differ";
	if (memcmp(joined->_part, whole.rec._part, sizeof(joined->_part)))
		return "parts differ";
	if (memcmp(joined + 1, whole.record + sizeof(*joined), whole.len - sizeof(*joined)))
		return "fields differ";
	return NULL;
}

/* Segments [0, first), then `size` bytes each up to the head's end. A first segment that does not show a
 * request yet is no failure: it is not counted in *ret_joined. */
static const char *look_split(const struct row *row, unsigned int first, unsigned int size,
			      unsigned int *ret_joined)
{
	const struct pkt *p = row->steps[0].pkt;
	unsigned int end = whole.rec.http.head_len, at = first;
	struct look *l = look_new(&row->settings);
	const char *wrong = look_segment(l, p, 0, first);

	if (!wrong && part.outcome == OUTCOME_http_part) {
		while (at < end && !wrong) {
			unsigned int next = end - at < size ? end : at + size;

			wrong = look_segment(l, p, at, next);
			at = next;
		}
		if (!wrong)
			wrong = compare(look_joined(l));
		++*ret_joined;
	}
	look_free(l);
	return wrong;
}

static bool is_whole_head(const struct row *row)
{
	struct look *l = look_new(&row->settings);
	const struct pkt *p = row->steps[0].pkt;

	look_frame(l, p->data, p->len, row->link, &whole);
	look_free(l);
	return row->link == LINK_ETHERNET && row->n_steps == 1 && whole.outcome == OUTCOME_http &&
	       whole.rec.http.head_len && !(whole.marks & MARK_first_fragment);
}

static void test_row(const struct row *row, unsigned int number)
{
	static const unsigned int sizes[] = { HTTP_MAX, 7, 1 };
	/* Small segments of a long head are many. */
	const unsigned int n_sizes = whole.rec.http.head_len > 300 ? 1 : 3;
	unsigned int first = 0, joined = 0, i = 0;
	const char *wrong = NULL;

	for (i = 0; i < n_sizes && !wrong; i++)
		for (first = 1; first < whole.rec.http.head_len && !wrong; first++)
			wrong = look_split(row, first, sizes[i], &joined);
	if (!tap_result(!wrong && joined > 0, "%u splits of row %u: %s", joined, number, row->name))
		tap_note("first segment of %u bytes, then %u each: %s", first - 1, sizes[i - 1],
			 wrong ? wrong : "no split shows a request");
}

int main(int argc, char **argv)
{
	const struct rows *rows = rows_all();

	for (unsigned int i = 0; i < rows->n; i++)
		if (rows_match(i, argc > 1 ? argv[1] : NULL) && is_whole_head(&rows->row[i]))
			test_row(&rows->row[i], i + 1);
	return tap_end();
}
