/* ecs_reader.h: lines of ECS read back, for the tests of what writes them. */
#ifndef METSUKE_TESTS_ECS_READER_H
#define METSUKE_TESTS_ECS_READER_H

#include <jansson.h>

#include "exchange.h"
#include "output/ecs.h"

static struct ecs *ecs;
static struct buf b;
static struct buf everything; /* all lines, for the schema */
static json_t *event;

static const struct ecs_identity identity = {
	.hostname = "sensor-1", .host_id = "0123456789abcdef", .agent_id = "agent-7", .ephemeral_id = "00c0ffee00c0ffee"
};

/* Takes the line in b as one object: `event` until the next one. */
static inline void take_line(void)
{
	json_error_t error;

	assert_int_equal(b.data[b.len - 1], '\n');
	assert_null(memchr(b.data, '\n', b.len - 1));
	json_decref(event);
	event = json_loadb(b.data, b.len, JSON_REJECT_DUPLICATES, &error);
	if (!event)
		fail_msg("%s: %.*s", error.text, (int)b.len, b.data);
	buf_put(&everything, b.data, b.len);
	b.len = 0;
}

/* The member at a dotted path, array elements by number; NULL: not there. */
static inline const json_t *at(const char *path)
{
	char copy[128], *rest = copy, *key;
	const json_t *value = event;

	snprintf(copy, sizeof(copy), "%s", path);
	while (value && (key = strsep(&rest, ".")))
		value = json_is_array(value) ? json_array_get(value, atoi(key)) : json_object_get(value, key);
	return value;
}

static inline void assert_field(const char *path, const char *expected)
{
	const char *text = json_string_value(at(path));

	if (!text || strcmp(text, expected))
		fail_msg("%s is '%s', expected '%s'", path, text ? text : "absent", expected);
}

static inline void assert_number(const char *path, json_int_t expected)
{
	assert_true(json_is_integer(at(path)));
	assert_int_equal(json_integer_value(at(path)), expected);
}

static inline void assert_absent(const char *path)
{
	if (at(path))
		fail_msg("%s is there", path);
}

static inline void assert_list(const char *path, const char *expected)
{
	char list[1024] = "";
	const json_t *item;
	size_t i;

	assert_true(json_is_array(at(path)));
	json_array_foreach(at(path), i, item) {
		strcat(list, i ? " " : "");
		strcat(list, json_string_value(item));
	}
	assert_string_equal(list, expected);
}

/* Each line so far fits docs/events.md, and together they have every field of their actions. */
static inline void assert_documented(void)
{
	FILE *schema;

	assert_false(everything.failed);
	fflush(stdout);
	schema = popen("python3 tests/schema.py --every >&2", "w");
	assert_non_null(schema);
	fwrite(everything.data, 1, everything.len, schema);
	assert_int_equal(pclose(schema), 0);
}

static inline int set_up(void **state)
{
	ecs = ecs_new(&identity);
	return ecs ? 0 : -1;
}

static inline int tear_down(void **state)
{
	ecs_free(ecs);
	return 0;
}

static inline int clean_up(void **state)
{
	buf_free(&b);
	buf_free(&everything);
	json_decref(event);
	return 0;
}

#define with_ecs(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
