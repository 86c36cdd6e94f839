/* test_heads.c: request heads that span several segments. */
#include "observe/heads.h"

#include "unit.h"

#define SECOND 1000000000ULL

static struct heads *heads;

static struct {
	struct record rec;
	uint8_t bytes[HTTP_MAX];
} part;

static int set_up(void **state)
{
	heads = heads_new(3);
	return heads ? 0 : -1;
}

static int tear_down(void **state)
{
	heads_free(heads);
	return 0;
}

enum { FIRST = 1, LAST = 2 };

/* One segment of the head of the client with this port; its only caller expects no second call. */
static struct head *add_bytes(uint16_t port, uint32_t seq, const void *bytes, size_t len, int flags, bool *ret_again)
{
	memset(&part.rec, 0, sizeof(part.rec));
	part.rec.head.kind = RECORD_HTTP_PART;
	part.rec.head.sport = port;
	part.rec.head.dport = 80;
	part.rec.head.time_ns = port * SECOND;
	part.rec.head.len = sizeof(part.rec) + len;
	part.rec.raw.seq = seq;
	part.rec.raw.wire_len = len;
	part.rec.raw.first = !!(flags & FIRST);
	part.rec.raw.last = !!(flags & LAST);
	memcpy(part.bytes, bytes, len);
	return heads_add(heads, &part.rec, ret_again);
}

static struct head *add(uint16_t port, uint32_t seq, const char *text, int flags)
{
	bool again;
	struct head *head = add_bytes(port, seq, text, strlen(text), flags, &again);

	assert_false(again);
	return head;
}

static void assert_head(const struct head *head, const char *text)
{
	assert_non_null(head);
	assert_int_equal(head->len, strlen(text));
	assert_memory_equal(head->bytes, text, head->len);
}

static void test_in_order(void **state)
{
	struct head *head;

	assert_null(add(1000, 50, "GET / HT", FIRST));
	assert_null(add(1000, 58, "TP/1.1\r\n", 0));
	head = add(1000, 66, "\r\n", LAST);
	assert_head(head, "GET / HTTP/1.1\r\n\r\n");
	assert_true(head->complete);
	assert_int_equal(head->first.time_ns, 1000 * SECOND);
	heads_done(heads, head);
	assert_null(heads_expired(heads, UINT64_MAX));
	assert_int_equal(heads_orphans(heads), 0);
}

static void test_sequence_wraps(void **state)
{
	assert_null(add(1000, 0xfffffffe, "GET ", FIRST));
	assert_head(add(1000, 2, "/ HTTP/1.1\r\n\r\n", LAST), "GET / HTTP/1.1\r\n\r\n");
}

static void test_gap(void **state)
{
	assert_null(add(1000, 50, "GET ", FIRST));
	assert_null(add(1000, 55, "/\r\n\r\n", LAST)); /* one byte too far */
	assert_int_equal(heads_orphans(heads), 1);
	assert_null(add(1000, 53, " /\r\n\r\n", LAST)); /* one too near */
	assert_int_equal(heads_orphans(heads), 2);
	assert_head(add(1000, 54, "/\r\n\r\n", LAST), "GET /\r\n\r\n");
}

static void test_orphan(void **state)
{
	assert_null(add(1000, 50, "x", LAST));
	assert_null(add(1000, 50, "GET ", FIRST));
	assert_null(add(1001, 54, "x", LAST)); /* of another connection */
	assert_int_equal(heads_orphans(heads), 2);
}

/* The start again: what there was is over, then it starts anew. */
static void test_retransmitted_start(void **state)
{
	struct head *head;
	bool again;

	assert_null(add(1000, 50, "GET ", FIRST));
	assert_null(add(1000, 54, "/a", 0));
	head = add_bytes(1000, 50, "GET ", 4, FIRST, &again);
	assert_true(again);
	assert_head(head, "GET /a");
	assert_false(head->complete);
	heads_done(heads, head);
	assert_null(add_bytes(1000, 50, "GET ", 4, FIRST, &again));
	assert_false(again);
	assert_head(add(1000, 54, "/b\r\n\r\n", LAST), "GET /b\r\n\r\n");
}

static void test_full_table(void **state)
{
	struct head *head;
	bool again;

	for (int i = 0; i < 3; i++)
		assert_null(add(1000 + i, 50, "GET ", FIRST));
	head = add_bytes(2000, 50, "PUT ", 4, FIRST, &again);
	assert_true(again);
	assert_int_equal(head->first.sport, 1000); /* the oldest makes room */
	heads_done(heads, head);
	assert_null(add_bytes(2000, 50, "PUT ", 4, FIRST, &again));
	assert_false(again);
	assert_null(add(1000, 54, "x", LAST)); /* it is gone */
	assert_int_equal(heads_orphans(heads), 1);
	assert_head(add(1002, 54, "/", LAST), "GET /");
	assert_head(add(2000, 54, "/", LAST), "PUT /");
}

static void test_same_ports_other_addresses(void **state)
{
	assert_null(add(1000, 50, "GET ", FIRST));
	part.rec.head.saddr[15] ^= 1;
	part.rec.raw.first = 0;
	part.rec.raw.seq = 54;
	assert_null(heads_add(heads, &part.rec, &(bool){ false }));
	assert_int_equal(heads_orphans(heads), 1);
}

static void test_longer_than_is_kept(void **state)
{
	static uint8_t bytes[HTTP_MAX];
	struct head *head;
	bool again;

	memset(bytes, 'a', sizeof(bytes));
	assert_null(add_bytes(1000, 0, bytes, HTTP_MAX - 1, FIRST, &again));
	head = add_bytes(1000, HTTP_MAX - 1, bytes, 10, LAST, &again);
	assert_non_null(head);
	assert_int_equal(head->len, HTTP_MAX);
}

static void test_expiry(void **state)
{
	struct head *head;

	for (int i = 0; i < 3; i++) /* at 1000, 1001 and 1002 seconds */
		assert_null(add(1000 + i, 50, "GET ", FIRST));
	assert_null(heads_expired(heads, 1000 * SECOND + HEAD_TIMEOUT_NS - 1));
	head = heads_expired(heads, 1000 * SECOND + HEAD_TIMEOUT_NS);
	assert_int_equal(head->first.sport, 1000);
	assert_ptr_equal(heads_expired(heads, 1000 * SECOND + HEAD_TIMEOUT_NS), head); /* until it is given back */
	heads_done(heads, head);
	assert_null(heads_expired(heads, 1000 * SECOND + HEAD_TIMEOUT_NS));
	for (int i = 1; i < 3; i++) {
		head = heads_expired(heads, UINT64_MAX);
		assert_int_equal(head->first.sport, 1000 + i);
		heads_done(heads, head);
	}
	assert_null(heads_expired(heads, UINT64_MAX));
}

#define with_table(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_table(test_in_order),	      with_table(test_sequence_wraps),
		with_table(test_gap),		      with_table(test_orphan),
		with_table(test_retransmitted_start), with_table(test_full_table),
		with_table(test_same_ports_other_addresses), with_table(test_longer_than_is_kept),
		with_table(test_expiry),
	};

	return cmocka_run_group_tests_name("heads", tests, NULL, NULL);
}
