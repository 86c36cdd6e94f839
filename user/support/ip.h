/* ip.h: addresses as text. */
#ifndef METSUKE_SUPPORT_IP_H
#define METSUKE_SUPPORT_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IP_TEXT 46 /* INET6_ADDRSTRLEN */

/* ::ffff:0:0/96, the form in which IPv4 travels here. */
bool ip_is_v4(const uint8_t ip[16]);

/* Four bytes as a.b.c.d without a NUL; returns the length, at most 15. Room for 16 bytes is needed. */
size_t ip4_text(const uint8_t ip[4], char *text);

/* 16 bytes as in RFC 5952, without a NUL; room for IP_TEXT is needed. */
size_t ip6_text(const uint8_t ip[16], char *text);

/* Writes the address without a NUL; returns the length. IPv6 as in RFC 5952. */
size_t ip_text(const uint8_t ip[16], char text[IP_TEXT]);

#endif
