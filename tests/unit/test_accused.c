/* test_accused.c: who stands accused of what, when grounds come, are renewed, run out and are withdrawn. */
#include "detect/accused.h"

#include "unit.h"

#define S 1000000000ULL

static struct accused *accused;

/* What the map would hold. */
static struct {
	struct flagged_key key;
	struct flagged f;
	bool there;
} map[FLAGGED_MAX + 8];
static unsigned int n_told, n_there, most_there;

static void on_told(void *ctx, const struct flagged_key *key, const struct flagged *f)
{
	unsigned int at = key->tgid;

	assert_ptr_equal(ctx, map);
	n_told++;
	assert_true(f || map[at].there); /* what goes was there */
	n_there += (f != NULL) - map[at].there;
	most_there = n_there > most_there ? n_there : most_there;
	map[at].there = f != NULL;
	map[at].key = *key;
	if (f)
		map[at].f = *f;
}

static int set_up(void **state)
{
	memset(map, 0, sizeof(map));
	n_told = n_there = most_there = 0;
	accused = accused_new(on_told, map);
	return accused ? 0 : -1;
}

static int tear_down(void **state)
{
	accused_free(accused);
	return 0;
}

static uint64_t ground(const char *who, const char *what)
{
	return accused_ground(VERDICT_SUSPICIOUS, who, strlen(who), what, strlen(what));
}

static void accuse(unsigned int pid, uint64_t id, enum flagged_verdict verdict, unsigned int score, uint64_t since_s,
		   uint64_t until_s)
{
	const struct flagged_key key = { .type = FLAGGED_PROCESS, .tgid = pid };

	accused_add(accused, &key, id,
		    &(struct flagged){ .since_ns = since_s * S, .until_ns = until_s * S, .score = score, .verdict = verdict });
}

static void test_the_strongest_ground_is_told(void **state)
{
	uint64_t list = accused_ground(VERDICT_LISTED, "", 0, "x", 1), odd = ground("a", "odd.example"),
		 odder = ground("a", "odder.example");

	accuse(1, odd, VERDICT_SUSPICIOUS, 91, 10, 100);
	assert_int_equal(map[1].f.score, 91);
	accuse(1, odder, VERDICT_SUSPICIOUS, 99, 20, 90);
	assert_int_equal(map[1].f.score, 99);
	accuse(1, list, VERDICT_LISTED, 73, 30, 80);
	assert_int_equal(map[1].f.verdict, VERDICT_LISTED); /* though its number is less */
	assert_int_equal(map[1].f.score, 73);
	assert_int_equal(map[1].f.since_ns, 10 * S); /* the first of all */
	assert_int_equal(n_told, 3);
	accuse(1, odd, VERDICT_SUSPICIOUS, 92, 40, 120); /* behind the listed one: nothing to tell */
	assert_int_equal(n_told, 3);
	accused_withdraw(accused, list);
	assert_int_equal(map[1].f.score, 99);
	accused_withdraw(accused, odder);
	assert_int_equal(map[1].f.score, 92);
	assert_int_equal(map[1].f.since_ns, 10 * S);
	accused_withdraw(accused, odd);
	assert_false(map[1].there);
	n_told = 0;
	accused_withdraw(accused, odd);
	assert_int_equal(n_told, 0);
}

static void test_a_score_rises_and_falls(void **state)
{
	uint64_t odd = ground("a", "odd.example");

	accuse(1, odd, VERDICT_SUSPICIOUS, 91, 10, 100);
	accuse(1, odd, VERDICT_SUSPICIOUS, 97, 20, 110);
	assert_int_equal(map[1].f.score, 97);
	accuse(1, odd, VERDICT_SUSPICIOUS, 93, 30, 120);
	assert_int_equal(map[1].f.score, 93);
	assert_int_equal(map[1].f.since_ns, 10 * S);
	assert_int_equal(map[1].f.until_ns, 120 * S);
}

static void test_others_stay(void **state)
{
	uint64_t odd = ground("a", "odd.example"), same_domain = ground("b", "odd.example");

	assert_true(odd != same_domain && ground("ab", "c") != ground("a", "bc"));
	for (unsigned int pid = 1; pid <= 3; pid++) /* a script starts a program for each check-in */
		accuse(pid, odd, VERDICT_SUSPICIOUS, 95, 10, 100);
	accuse(3, same_domain, VERDICT_SUSPICIOUS, 96, 11, 100);
	accuse(4, same_domain, VERDICT_SUSPICIOUS, 96, 11, 100);
	accused_withdraw(accused, odd);
	assert_false(map[1].there || map[2].there);
	assert_true(map[3].there && map[4].there);
	assert_int_equal(map[3].f.since_ns, 11 * S);
}

/* A list that is only told does not block; a verdict beside it does, even where the list's is the stronger. */
static void test_what_any_ground_blocks(void **state)
{
	const struct flagged_key key = { .type = FLAGGED_PROCESS, .tgid = 1 };
	struct flagged f = { .since_ns = 10 * S, .until_ns = 100 * S, .score = 73, .verdict = VERDICT_LISTED };

	accused_add(accused, &key, 1, &f);
	assert_int_equal(map[1].f.effect, EFFECT_TOLD);
	f.verdict = VERDICT_SUSPICIOUS;
	f.effect = EFFECT_BLOCKED;
	accused_add(accused, &key, 2, &f);
	assert_int_equal(map[1].f.verdict, VERDICT_LISTED);
	assert_int_equal(map[1].f.effect, EFFECT_BLOCKED);
	n_told = 0;
	accused_tell_again(accused, on_told, map);
	assert_true(n_told > 0);
	assert_int_equal(map[1].f.effect, EFFECT_BLOCKED);
	accused_withdraw(accused, 2);
	assert_int_equal(map[1].f.effect, EFFECT_TOLD);
}

/* A number that is used again is another process. */
static void test_processes_of_one_number(void **state)
{
	struct flagged_key key = { .type = FLAGGED_PROCESS, .tgid = 1, .start_ns = 5 };
	const struct flagged f = { .since_ns = 10 * S, .until_ns = 100 * S, .verdict = VERDICT_LISTED };

	accused_add(accused, &key, 1, &f);
	assert_int_equal(map[1].key.start_ns, 5);
	n_told = 0;
	key.start_ns = 6;
	accused_add(accused, &key, 1, &f);
	assert_int_equal(n_told, 1);
	assert_int_equal(map[1].key.start_ns, 6);
}

static void test_time_runs_out(void **state)
{
	uint64_t odd = ground("a", "odd.example"), odder = ground("a", "odder.example");

	accuse(1, odd, VERDICT_SUSPICIOUS, 99, 10, 20);
	accuse(2, odd, VERDICT_SUSPICIOUS, 99, 11, 21);
	accuse(1, odder, VERDICT_SUSPICIOUS, 91, 12, 22);
	accused_expire(accused, 20 * S); /* until then, and at that time still */
	assert_int_equal(map[1].f.score, 99);
	accused_expire(accused, 20 * S + 1);
	assert_int_equal(map[1].f.score, 91);
	assert_true(map[2].there);
	accuse(2, odd, VERDICT_SUSPICIOUS, 99, 13, 23); /* renewed */
	accused_expire(accused, 22 * S + 1);
	assert_false(map[1].there);
	assert_true(map[2].there);
	accused_expire(accused, 24 * S);
	assert_int_equal(n_there, 0);
}

static void test_more_than_there_is_room_for(void **state)
{
	uint64_t odd = ground("a", "odd.example");

	for (unsigned int pid = 1; pid <= FLAGGED_MAX; pid++)
		accuse(pid, odd, VERDICT_SUSPICIOUS, 95, pid, 100000 + pid);
	assert_int_equal(n_there, FLAGGED_MAX);
	accuse(1, odd, VERDICT_SUSPICIOUS, 95, 1, 200000);
	accuse(FLAGGED_MAX + 1, odd, VERDICT_SUSPICIOUS, 95, 1, 200000);
	assert_int_equal(most_there, FLAGGED_MAX); /* room is made before it is taken */
	assert_true(map[1].there && map[FLAGGED_MAX + 1].there);
	assert_false(map[2].there);
	accused_withdraw(accused, odd);
	assert_int_equal(n_there, 0);
	accuse(5, odd, VERDICT_SUSPICIOUS, 95, 1, 200000);
	assert_int_equal(n_there, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_strongest_ground_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_score_rises_and_falls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_others_stay, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_any_ground_blocks, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_processes_of_one_number, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_time_runs_out, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_more_than_there_is_room_for, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("accused", tests, NULL, NULL);
}
