/* ip.c: see ip.h. Several addresses stand in every line: own writers, and tests that hold them to glibc's. */
#include "support/ip.h"

#include <string.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

bool ip_is_v4(const uint8_t ip[16])
{
	return !memcmp(ip, mapped, sizeof(mapped));
}

/* Each number of a byte, its digits and a dot, and how many bytes that is. */
static struct {
	char text[4];
	uint8_t len;
} octets[256];

__attribute__((constructor)) static void fill_octets(void)
{
	for (unsigned int n = 0; n < 256; n++) {
		char *to = octets[n].text;

		if (n >= 100)
			*to++ = '0' + n / 100;
		if (n >= 10)
			*to++ = '0' + n / 10 % 10;
		*to++ = '0' + n % 10;
		*to++ = '.';
		octets[n].len = to - octets[n].text;
	}
}

size_t ip4_text(const uint8_t ip[4], char *text)
{
	char *to = text;

	for (int i = 0; i < 4; i++) {
		memcpy(to, octets[ip[i]].text, 4);
		to += octets[ip[i]].len;
	}
	return to - text - 1;
}

static char *put_hex(char *to, unsigned int n)
{
	static const char digits[] = "0123456789abcdef";

	if (n >= 0x1000)
		*to++ = digits[n >> 12];
	if (n >= 0x100)
		*to++ = digits[n >> 8 & 15];
	if (n >= 0x10)
		*to++ = digits[n >> 4 & 15];
	*to++ = digits[n & 15];
	return to;
}

/* The longest run of zero words, the first of equals, from two on (RFC 5952 4.2). */
static int zero_run(const unsigned int word[8], int *ret_len)
{
	int best = -1, best_len = 1;

	for (int i = 0; i < 8; i++) {
		int from = i;

		while (i < 8 && word[i] == 0)
			i++;
		if (i - from > best_len) {
			best = from;
			best_len = i - from;
		}
	}
	*ret_len = best_len;
	return best;
}

size_t ip6_text(const uint8_t ip[16], char *text)
{
	unsigned int word[8];
	char *to = text;
	int run, len;

	for (int i = 0; i < 8; i++)
		word[i] = ip[2 * i] << 8 | ip[2 * i + 1];
	run = zero_run(word, &len);
	for (int i = 0; i < 8; i++) {
		if (i == run) {
			*to++ = ':';
			i += len - 1;
			if (i == 7)
				*to++ = ':';
			continue;
		}
		if (i)
			*to++ = ':';
		if (i == 6 && run == 0 && (len == 6 || (len == 5 && word[5] == 0xffff)))
			return to - text + ip4_text(ip + 12, to);
		to = put_hex(to, word[i]);
	}
	return to - text;
}

size_t ip_text(const uint8_t ip[16], char text[IP_TEXT])
{
	return ip_is_v4(ip) ? ip4_text(ip + 12, text) : ip6_text(ip, text);
}
