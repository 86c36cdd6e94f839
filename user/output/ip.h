/* ip.h: addresses as text. */
#ifndef METSUKE_OUTPUT_IP_H
#define METSUKE_OUTPUT_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IP_TEXT 46 /* INET6_ADDRSTRLEN */

/* ::ffff:0:0/96, the form in which IPv4 travels here. */
bool ip_is_v4(const uint8_t ip[16]);

/* Writes the address without a NUL; returns the length. IPv6 as in RFC 5952. */
size_t ip_text(const uint8_t ip[16], char text[IP_TEXT]);

#endif
