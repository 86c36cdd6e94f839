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

void buf_u64(struct buf *b, uint64_t n)
{
	size_t len = 1;
	char *to;

	for (uint64_t power = 10; n >= power && len < 20; power *= 10)
		len++;
	if (!buf_room(b, len))
		return;
	b->len += len;
	to = b->data + b->len;
	do {
		*--to = '0' + n % 10;
		n /= 10;
	} while (n);
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
