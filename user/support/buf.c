/* buf.c: see buf.h. */
#include "support/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buf_free(struct buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

bool buf_grow(struct buf *b, size_t more)
{
	size_t cap = b->cap ? b->cap : 4096;
	char *data;

	while (cap - b->len < more) {
		if (cap > SIZE_MAX / 2) {
			b->failed = true;
			return false;
		}
		cap *= 2;
	}
	data = realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

const char buf_pairs[201] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
			    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
			    "8081828384858687888990919293949596979899";

void buf_u64(struct buf *b, uint64_t n)
{
	char digits[20], *at = digits + sizeof(digits);

	while (n >= 100) {
		at -= 2;
		memcpy(at, &buf_pairs[2 * (n % 100)], 2);
		n /= 100;
	}
	if (n >= 10) {
		at -= 2;
		memcpy(at, &buf_pairs[2 * n], 2);
	} else {
		*--at = '0' + n;
	}
	buf_put(b, at, digits + sizeof(digits) - at);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	char text[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n > 0)
		buf_put(b, text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1);
}
