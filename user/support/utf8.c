/* utf8.c: see utf8.h. */
#include "support/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Length of the well-formed sequence at p (RFC 3629 4), or 0. */
static size_t sequence(const uint8_t *p, size_t left)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t len;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		len = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (len > left)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

char *utf8_clean(const char *bytes, size_t len)
{
	char *text, *out;

	len = strnlen(bytes, len);
	text = out = malloc(4 * len + 1);
	if (!text)
		return NULL;
	for (size_t i = 0; i < len;) {
		size_t n = sequence((const uint8_t *)bytes + i, len - i);

		if (n) {
			memcpy(out, bytes + i, n);
			out += n;
			i += n;
		} else {
			out += sprintf(out, "\\x%02x", (uint8_t)bytes[i++]);
		}
	}
	*out = '\0';
	return text;
}
