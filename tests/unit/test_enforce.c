/* test_enforce.c: when something is dropped: what is configured, the trial and its end, and what people say. */
#include "enforce.h"

#include "unit.h"

#define S 1000000000ULL

static struct enforcement e;

static int set_up(void **state)
{
	e = (struct enforcement){ .wanted = ENFORCE_OFF };
	return 0;
}

static void assert_refuses(const char *word, const char *why, uint64_t now_s)
{
	const char *said = enforcement_command(&e, word, now_s * S);

	assert_non_null(said);
	assert_non_null(strstr(said, why));
}

static void assert_takes(const char *word, uint64_t now_s)
{
	assert_null(enforcement_command(&e, word, now_s * S));
}

static void test_off(void **state)
{
	assert_int_equal(enforcement_mode(&e), ENFORCE_OFF);
	enforcement_configure(&e, ENFORCE_OFF, 60 * S, 10 * S);
	assert_int_equal(e.state, ENFORCE_STATE_OFF);
	assert_int_equal(enforcement_mode(&e), ENFORCE_OFF);
	assert_false(enforcement_tick(&e, 100 * S));
	assert_refuses("confirm", "off in the configuration", 100);
	assert_refuses("retry", "off in the configuration", 100);
}

static void test_without_a_trial(void **state)
{
	enforcement_configure(&e, ENFORCE_LISTED, 0, 10 * S);
	assert_int_equal(enforcement_mode(&e), ENFORCE_LISTED);
	assert_int_equal(e.deadline_ns, 0);
	assert_false(enforcement_tick(&e, UINT64_MAX));
	assert_takes("confirm", 20);
	enforcement_configure(&e, ENFORCE_OFF, 0, 30 * S);
	assert_int_equal(enforcement_mode(&e), ENFORCE_OFF);
}

static void test_the_trial_ends(void **state)
{
	enforcement_configure(&e, ENFORCE_LISTED, 60 * S, 10 * S);
	assert_int_equal(e.deadline_ns, 70 * S);
	assert_false(enforcement_tick(&e, 70 * S - 1));
	assert_int_equal(enforcement_mode(&e), ENFORCE_LISTED);
	assert_true(enforcement_tick(&e, 70 * S));
	assert_false(enforcement_tick(&e, 71 * S)); /* told once */
	assert_int_equal(e.state, ENFORCE_STATE_UNDONE);
	assert_int_equal(enforcement_mode(&e), ENFORCE_OFF);
	assert_refuses("confirm", "undone already", 71);
	enforcement_configure(&e, ENFORCE_LISTED, 60 * S, 80 * S); /* files were rotated: SIGHUP */
	assert_int_equal(enforcement_mode(&e), ENFORCE_OFF);
	assert_takes("retry", 90);
	assert_int_equal(enforcement_mode(&e), ENFORCE_LISTED);
	assert_int_equal(e.deadline_ns, 150 * S);
	assert_refuses("retry", "not undone", 91);
}

static void test_confirmed(void **state)
{
	enforcement_configure(&e, ENFORCE_FLAGGED, 60 * S, 10 * S);
	assert_refuses("confirms", "unknown", 11);
	assert_takes("confirm", 69);
	assert_int_equal(e.deadline_ns, 0);
	assert_false(enforcement_tick(&e, UINT64_MAX));
	enforcement_configure(&e, ENFORCE_FLAGGED, 60 * S, 80 * S); /* the same again: no new trial */
	assert_int_equal(e.state, ENFORCE_STATE_ON);
	enforcement_configure(&e, ENFORCE_FLAGGED, 0, 90 * S);
	assert_int_equal(e.state, ENFORCE_STATE_ON);
	assert_takes("undo", 100);
	assert_int_equal(enforcement_mode(&e), ENFORCE_OFF);
	assert_takes("retry", 101);
	assert_int_equal(e.state, ENFORCE_STATE_ON); /* no time of trial is given now */
}

/* Too late by a moment that no tick came between. */
static void test_confirmed_too_late(void **state)
{
	enforcement_configure(&e, ENFORCE_LISTED, 60 * S, 10 * S);
	assert_refuses("confirm", "undone already", 70);
	assert_int_equal(enforcement_mode(&e), ENFORCE_OFF);
}

static void test_another_mode_is_another_trial(void **state)
{
	enforcement_configure(&e, ENFORCE_LISTED, 60 * S, 10 * S);
	assert_takes("confirm", 20);
	enforcement_configure(&e, ENFORCE_FLAGGED, 60 * S, 30 * S);
	assert_int_equal(e.state, ENFORCE_STATE_TRIAL);
	assert_int_equal(e.deadline_ns, 90 * S);
	enforcement_configure(&e, ENFORCE_FLAGGED, 60 * S, 40 * S); /* the same: the trial goes on, no longer than it was */
	assert_int_equal(e.deadline_ns, 90 * S);
	assert_true(enforcement_tick(&e, 90 * S));
	enforcement_configure(&e, ENFORCE_LISTED, 60 * S, 95 * S); /* what was undone was another one */
	assert_int_equal(enforcement_mode(&e), ENFORCE_LISTED);
}

static void test_names(void **state)
{
	assert_int_equal(enforce_mode_of("listed"), ENFORCE_LISTED);
	assert_int_equal(enforce_mode_of("flagged"), ENFORCE_FLAGGED);
	assert_int_equal(enforce_mode_of("off"), ENFORCE_OFF);
	assert_int_equal(enforce_mode_of("lists"), ENFORCE_OFF);
	assert_string_equal(enforce_mode_name(ENFORCE_FLAGGED), "flagged");
}

/* What the packet programs make of it. */
static void test_settings(void **state)
{
	struct settings s = { .enforce = ENFORCE_LISTED, .enforce_lease_ns = 100 };

	assert_true(settings_enforce(&s, 99));
	assert_false(settings_enforce(&s, 100));
	s.enforce_deadline_ns = 50;
	assert_true(settings_enforce(&s, 49));
	assert_false(settings_enforce(&s, 50));
	s.enforce_deadline_ns = 200;
	assert_false(settings_enforce(&s, 100));
	s = (struct settings){ .enforce_lease_ns = 100 };
	assert_false(settings_enforce(&s, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_off, set_up),
		cmocka_unit_test_setup(test_without_a_trial, set_up),
		cmocka_unit_test_setup(test_the_trial_ends, set_up),
		cmocka_unit_test_setup(test_confirmed, set_up),
		cmocka_unit_test_setup(test_confirmed_too_late, set_up),
		cmocka_unit_test_setup(test_another_mode_is_another_trial, set_up),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_settings),
	};

	return cmocka_run_group_tests_name("enforce", tests, NULL, NULL);
}
