/* buf.c: see buf.h. */
#include "support/buf.h"

#include <math.h>
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

/* Digits of n, at least one. */
static size_t count_digits(uint64_t n)
{
	size_t len = 1;

	for (; n >= 10000; n /= 10000)
		len += 4;
	return len + (n >= 10) + (n >= 100) + (n >= 1000);
}

void buf_u64(struct buf *b, uint64_t n)
{
	size_t len = count_digits(n);
	char *to;

	if (!buf_room(b, len))
		return;
	b->len += len;
	to = b->data + b->len;
	for (; n >= 100; n /= 100) {
		to -= 2;
		memcpy(to, &buf_pairs[2 * (n % 100)], 2);
	}
	if (n >= 10)
		memcpy(to - 2, &buf_pairs[2 * n], 2);
	else
		to[-1] = '0' + n;
}

void buf_number(struct buf *b, double x, int digits)
{
	if (isfinite(x) && fabs(x) >= pow(10, digits) - 0.5)
		buf_printf(b, "%.0f", x);
	else
		buf_printf(b, "%.*g", digits, x);
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
