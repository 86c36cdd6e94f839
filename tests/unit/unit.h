/* unit.h: what several unit tests share. */
#ifndef METSUKE_TESTS_UNIT_H
#define METSUKE_TESTS_UNIT_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/observation.h"

/* Every test takes a state that few of them look at. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Bytes of a literal, without its NUL. */
#define BYTES(s) (const uint8_t *)("" s), sizeof(s) - 1

#define assert_text(t, expected) unit_assert_text((t), (expected), __FILE__, __LINE__)

static inline void unit_assert_text(struct text t, const char *expected, const char *file, int line)
{
	char *copy = t.len ? strndup(t.at, t.len) : strdup("");

	if (strlen(copy) != t.len)
		print_error("text of %zu bytes holds a NUL\n", t.len);
	_assert_string_equal(copy, expected, file, line);
	free(copy);
}

static inline struct text unit_text(const char *s)
{
	return (struct text){ s, strlen(s) };
}

/* a.b.c.d (as ::ffff:a.b.c.d) or x::y. */
static inline void unit_ip(uint8_t to[16], const char *text)
{
	memset(to, 0, 10);
	to[10] = to[11] = 0xff;
	if (inet_pton(AF_INET, text, to + 12) != 1)
		assert_int_equal(inet_pton(AF_INET6, text, to), 1);
}

/* What the code under test says on standard error goes to a buffer from start to end. */
struct said {
	int memory, saved;
	char text[16384];
};

static inline void said_start(struct said *s)
{
	fflush(stderr);
	s->memory = memfd_create("stderr", 0);
	s->saved = dup(STDERR_FILENO);
	dup2(s->memory, STDERR_FILENO);
}

static inline const char *said_end(struct said *s)
{
	ssize_t n;

	fflush(stderr);
	dup2(s->saved, STDERR_FILENO);
	close(s->saved);
	n = pread(s->memory, s->text, sizeof(s->text) - 1, 0);
	s->text[n > 0 ? n : 0] = '\0';
	close(s->memory);
	return s->text;
}

#endif
