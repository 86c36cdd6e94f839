/* test_prefix_build.c: random tables against the plain way to find the longest match. */
#include "observe/prefix_build.h"

#include "unit.h"

/* The plain way: every entry is looked at. */
static const struct prefix_entry *longest(const struct prefix_builder *b, const uint8_t ip[16])
{
	bool v4 = !memcmp(ip, (uint8_t[12]){ [10] = 0xff, [11] = 0xff }, 12);
	const struct prefix_entry *best = NULL;

	for (size_t i = 0; i < b->n; i++) {
		const struct prefix_entry *e = &b->entry[i];
		struct prefix_entry cut;
		uint8_t masked[16] = { 0 };

		for (unsigned int bit = 0; bit < e->bits; bit++)
			masked[bit / 8] |= ip[bit / 8] & 0x80 >> bit % 8;
		assert_true(prefix_entry_set(&cut, masked, e->bits));
		if (cut.hi == e->hi && cut.lo == e->lo && (!v4 || e->bits >= 96) &&
		    (!best || e->bits > best->bits))
			best = e;
	}
	return best;
}

static uint64_t random_state;

static uint32_t next_random(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return random_state >> 33;
}

/* Few bits differ, so that prefixes lie within and beside each other; v4 or not by the first draw. */
static unsigned int draw_address(uint8_t ip[16])
{
	bool v4 = next_random() % 2;

	memset(ip, 0, 16);
	if (v4)
		ip[10] = ip[11] = 0xff;
	for (unsigned int i = v4 ? 12 : 0; i < 16; i++)
		ip[i] = (uint8_t[]){ 0, 0x80, 0xff, 0x01 }[next_random() % 4];
	return v4 ? 97 + next_random() % 32 : 1 + next_random() % 128;
}

static void on_conflict(void *ctx, const struct prefix_entry *e)
{
	++*(size_t *)ctx;
}

static void draw_table(struct prefix_builder *b, size_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct prefix_entry e = { .as = 1 + next_random() % 3, .place = i };
		uint8_t ip[16];
		unsigned int bits = draw_address(ip);

		for (unsigned int bit = bits; bit < 128; bit++)
			ip[bit / 8] &= ~(0x80 >> bit % 8);
		assert_true(prefix_entry_set(&e, ip, bits));
		assert_int_equal(prefix_add(b, &e), 0);
	}
}

static void test_against_the_plain_way(void **state)
{
	for (unsigned int round = 0; round < 60; round++) {
		struct prefix_builder b = { 0 };
		struct prefixes_report report = { 0 };
		struct prefixes *table;
		size_t conflicts = 0;

		random_state = round;
		draw_table(&b, 1 + round * 5);
		table = prefix_build(&b, &report, on_conflict, &conflicts);
		assert_non_null(table);
		assert_int_equal(report.v4 + report.v6, b.n);
		assert_int_equal(b.n + conflicts + report.duplicates, 1 + round * 5);
		for (unsigned int i = 0; i < 500; i++) {
			const struct prefix_entry *expected;
			struct prefix found;
			uint8_t ip[16];

			draw_address(ip);
			expected = longest(&b, ip);
			found = prefixes_find(table, ip);
			assert_int_equal(found.known, expected != NULL);
			if (expected && (found.bits != expected->bits || found.as != expected->as))
				fail_msg("round %u: /%u AS %u, expected /%u AS %u", round, found.bits, found.as,
					 expected->bits, expected->as);
		}
		prefix_builder_free(&b);
		prefixes_free(table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_the_plain_way),
	};

	return cmocka_run_group_tests_name("prefix build", tests, NULL, NULL);
}
