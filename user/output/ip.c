/* ip.c: see ip.h. IPv4 is the common case and has its own writer; glibc does the other. */
#include "output/ip.h"

#include <arpa/inet.h>
#include <string.h>

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

bool ip_is_v4(const uint8_t ip[16])
{
	return !memcmp(ip, mapped, sizeof(mapped));
}

static char *put_octet(char *to, uint8_t n)
{
	if (n >= 100)
		*to++ = '0' + n / 100;
	if (n >= 10)
		*to++ = '0' + n / 10 % 10;
	*to++ = '0' + n % 10;
	return to;
}

size_t ip_text(const uint8_t ip[16], char text[IP_TEXT])
{
	char *to = text;

	if (!ip_is_v4(ip)) {
		inet_ntop(AF_INET6, ip, text, IP_TEXT);
		return strlen(text);
	}
	for (int i = 12; i < 16; i++) {
		to = put_octet(to, ip[i]);
		*to++ = '.';
	}
	return to - text - 1;
}
