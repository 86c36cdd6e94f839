/* ip.c: see ip.h. IPv4 is the common case and has its own writer; glibc does the other. */
#include "support/ip.h"

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

size_t ip4_text(const uint8_t ip[4], char *text)
{
	char *to = put_octet(text, ip[0]);

	for (int i = 1; i < 4; i++) {
		*to++ = '.';
		to = put_octet(to, ip[i]);
	}
	return to - text;
}

size_t ip_text(const uint8_t ip[16], char text[IP_TEXT])
{
	if (ip_is_v4(ip))
		return ip4_text(ip + 12, text);
	inet_ntop(AF_INET6, ip, text, IP_TEXT);
	return strlen(text);
}
