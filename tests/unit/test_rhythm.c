/* test_rhythm.c: check-ins, gaps, hours; moments. */
#include "profile/rhythm.h"

#include "profile/distinct.h"
#include "unit.h"

#define S 1000000000ULL
#define HOUR (3600 * S)
#define START (1000 * 24 * HOUR) /* at midnight */

#define assert_near(a, b) assert_true(fabs((a) - (b)) <= 1e-9 * fmax(fabs((double)(b)), 1))

static void test_gaps(void **state)
{
	struct rhythm r = { 0 };
	uint32_t ms[RECENT_GAPS];

	for (unsigned int i = 0; i < 5; i++)
		assert_true(rhythm_add(&r, START + 60 * S * i));
	assert_int_equal(r.checkins, 5);
	assert_int_equal(r.gap_s.n, 4);
	assert_near(r.gap_s.mean, 60);
	assert_near(moments_sd(&r.gap_s), 0);
	assert_true(rhythm_add(&r, START + 330 * S));
	assert_near(r.gap_s.mean, 66);
	assert_near(moments_sd(&r.gap_s), sqrt(180));
	assert_int_equal(rhythm_recent(&r, ms), 5);
	assert_int_equal(ms[0], 60000);
	assert_int_equal(ms[4], 90000);
	rhythm_free(&r);
}

static void test_merge_of_requests(void **state)
{
	struct rhythm r = { 0 };

	/* A page that loads for three seconds, each part within two of the one before; then the next visit. */
	for (unsigned int i = 0; i < 4; i++)
		rhythm_add(&r, START + S * i);
	assert_int_equal(r.checkins, 1);
	assert_int_equal(r.checkin_ns, START);
	assert_int_equal(r.last_ns, START + 3 * S);
	rhythm_add(&r, START + 5 * S - 1); /* a nanosecond less than two seconds after the last */
	assert_int_equal(r.checkins, 1);
	rhythm_add(&r, START + 7 * S - 1); /* just two */
	assert_int_equal(r.checkins, 2);
	assert_near(r.gap_s.mean, 7 - 1e-9); /* from start to start */
	assert_int_equal(r.messages, 6);
	rhythm_free(&r);
}

static void test_backwards(void **state)
{
	struct rhythm r = { 0 };

	rhythm_add(&r, START);
	rhythm_add(&r, START + 60 * S);
	assert_false(rhythm_add(&r, START + 30 * S));
	assert_false(rhythm_add(&r, START - HOUR));
	assert_true(rhythm_add(&r, START + 60 * S)); /* the same time is none that is older */
	assert_int_equal(r.backwards, 2);
	assert_int_equal(r.messages, 5);
	assert_int_equal(r.checkins, 2);
	assert_int_equal(r.last_ns, START + 60 * S);
	assert_int_equal(r.first_ns, START - HOUR);
	rhythm_add(&r, START + 120 * S);
	assert_int_equal(r.gap_s.n, 2);
	assert_near(r.gap_s.mean, 60);
	assert_int_equal(persistence_active(&r.persistence, SCALE_HOUR), 2);
	rhythm_free(&r);
}

static void test_ring(void **state)
{
	struct rhythm r = { 0 };
	uint32_t ms[RECENT_GAPS];
	uint64_t at = START;

	rhythm_add(&r, at);
	for (unsigned int i = 1; i <= 200; i++) {
		at += (1000 + i) * S;
		rhythm_add(&r, at);
		assert_int_equal(rhythm_recent(&r, ms), i < RECENT_GAPS ? i : RECENT_GAPS);
		assert_int_equal(ms[r.n_recent - 1], (1000 + i) * 1000);
		assert_int_equal(ms[0], (1000 + (i < RECENT_GAPS ? 1 : i - RECENT_GAPS + 1)) * 1000);
	}
	assert_int_equal(r.gap_s.n, 200);
	rhythm_add(&r, at + 5000000 * S); /* longer than the ring can say */
	rhythm_recent(&r, ms);
	assert_int_equal(ms[RECENT_GAPS - 1], UINT32_MAX);
	assert_int_equal(rhythm_bytes(&r), heap_bytes(RECENT_GAPS * sizeof(uint32_t)));
	rhythm_free(&r);
	assert_int_equal(rhythm_bytes(&r), 0);
}

static void test_persistence(void **state)
{
	struct persistence p = { 0 };

	assert_int_equal(persistence_active(&p, SCALE_HOUR), 0);
	for (unsigned int i = 0; i < 6; i++)
		persistence_add(&p, START + 2 * i * HOUR);
	assert_int_equal(persistence_active(&p, SCALE_HOUR), 5); /* of the ten up to hour 10: 2, 4, 6, 8, 10 */
	assert_int_equal(persistence_active(&p, SCALE_4_HOURS), 3);
	assert_int_equal(persistence_active(&p, SCALE_DAY), 1);
	persistence_add(&p, START + 1 * HOUR); /* older, in the window */
	assert_int_equal(persistence_active(&p, SCALE_HOUR), 6);
	persistence_add(&p, START + 1 * HOUR);
	assert_int_equal(persistence_active(&p, SCALE_HOUR), 6);
	persistence_add(&p, START); /* older than the window */
	assert_int_equal(persistence_active(&p, SCALE_HOUR), 6);
	persistence_add(&p, START + 1000 * HOUR);
	assert_int_equal(persistence_active(&p, SCALE_HOUR), 1);
	assert_int_equal(persistence_active(&p, SCALE_4_HOURS), 1);
	persistence_add(&p, START + 1009 * HOUR);
	assert_int_equal(persistence_active(&p, SCALE_HOUR), 2);
	persistence_add(&p, START + 1010 * HOUR); /* the first of them is just out */
	assert_int_equal(persistence_active(&p, SCALE_HOUR), 2);
}

static void test_persistence_at_1970(void **state)
{
	struct persistence p = { 0 }, q = { 0 };

	persistence_add(&p, 0);
	persistence_add(&q, 3 * HOUR);
	persistence_merge(&p, &q);
	assert_int_equal(persistence_active(&p, SCALE_HOUR), 2);
	assert_int_equal(p.newest[SCALE_HOUR], 3);
}

/* Joined in either order: as one that saw all. */
static void test_join_persistence(void **state)
{
	for (unsigned int cut = 0; cut <= 40; cut++) {
		struct persistence a = { 0 }, b = { 0 }, ba, all = { 0 };

		for (unsigned int i = 0; i < 40; i++) {
			uint64_t ns = START + (i * 7 % 23) * HOUR;

			persistence_add(i < cut ? &a : &b, ns);
			persistence_add(&all, ns);
		}
		ba = b;
		persistence_merge(&ba, &a);
		persistence_merge(&a, &b);
		assert_memory_equal(&a, &all, sizeof(all));
		assert_memory_equal(&ba, &all, sizeof(all));
	}
}

static void test_join(void **state)
{
	struct rhythm a = { 0 }, b = { 0 };
	uint32_t ms[RECENT_GAPS];
	struct moments gaps;

	/* One every 60 s, the other every 90 s, at the same time. */
	for (unsigned int i = 0; i < 10; i++) {
		rhythm_add(&a, START + 60 * S * i);
		rhythm_add(&b, START + 10 * S + 90 * S * i);
	}
	gaps = a.gap_s;
	moments_merge(&gaps, &b.gap_s);
	assert_int_equal(rhythm_merge(&a, &b), 0);
	assert_int_equal(a.messages, 20);
	assert_int_equal(a.checkins, 20);
	assert_memory_equal(&a.gap_s, &gaps, sizeof(gaps));
	assert_near(a.gap_s.mean, 75);
	assert_int_equal(a.first_ns, START);
	assert_int_equal(a.checkin_ns, b.checkin_ns);
	assert_int_equal(rhythm_recent(&a, ms), 18);
	/* Ends: 60 at 60, 90 at 100, 60 at 120, 60 at 180, 90 at 190 ...; after 540 only the slower one. */
	assert_int_equal(ms[0], 60000);
	assert_int_equal(ms[1], 90000);
	assert_int_equal(ms[2], 60000);
	assert_int_equal(ms[3], 60000);
	assert_int_equal(ms[4], 90000);
	assert_int_equal(ms[15], 90000);
	assert_int_equal(ms[17], 90000);
	rhythm_free(&a);
	rhythm_free(&b);
}

static void test_join_keeps_the_newest_gaps(void **state)
{
	struct rhythm old = { 0 }, new = { 0 }, empty = { 0 };
	uint32_t ms[RECENT_GAPS];

	for (unsigned int i = 0; i < 60; i++) {
		rhythm_add(&old, START + 10 * S * i);
		rhythm_add(&new, START + 24 * HOUR + 20 * S * i);
	}
	assert_int_equal(rhythm_merge(&new, &old), 0);
	assert_int_equal(rhythm_recent(&new, ms), RECENT_GAPS);
	for (unsigned int i = 0; i < RECENT_GAPS; i++)
		assert_int_equal(ms[i], i < RECENT_GAPS - 59 ? 10000 : 20000);
	assert_int_equal(rhythm_merge(&empty, &new), 0);
	assert_memory_equal(&empty.gap_s, &new.gap_s, sizeof(new.gap_s));
	assert_int_equal(rhythm_recent(&empty, ms), RECENT_GAPS);
	memset(&empty.persistence, 0, sizeof(empty.persistence));
	rhythm_free(&old);
	rhythm_free(&new);
	rhythm_free(&empty);
}

static void test_moments(void **state)
{
	struct moments all = { 0 }, a = { 0 }, b = { 0 }, none = { 0 };

	assert_true(moments_sd(&all) == 0);
	for (unsigned int i = 0; i < 1000; i++) {
		double x = 1e9 + i * i % 17;

		moments_add(&all, x);
		moments_add(i < 10 ? &a : &b, x);
	}
	moments_merge(&a, &b);
	assert_int_equal(a.n, 1000);
	assert_near(a.mean, all.mean);
	assert_true(fabs(moments_sd(&a) - moments_sd(&all)) < 1e-6);
	moments_merge(&none, &all);
	assert_memory_equal(&none, &all, sizeof(all));
	moments_merge(&all, &(struct moments){ 0 });
	assert_memory_equal(&none, &all, sizeof(all));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gaps),
		cmocka_unit_test(test_merge_of_requests),
		cmocka_unit_test(test_backwards),
		cmocka_unit_test(test_ring),
		cmocka_unit_test(test_persistence),
		cmocka_unit_test(test_persistence_at_1970),
		cmocka_unit_test(test_join_persistence),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_join_keeps_the_newest_gaps),
		cmocka_unit_test(test_moments),
	};

	return cmocka_run_group_tests_name("rhythm", tests, NULL, NULL);
}
