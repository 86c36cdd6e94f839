/* networks.c: see networks.h. IPv4 ranges are kept below ::ffff:0:0/96. */
#include "observe/networks.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "support/log.h"

struct networks {
	size_t n;
	struct {
		uint64_t ip[2]; /* as in memory */
		uint64_t mask[2];
	} range[CONFIG_MAX_LIST];
};

bool network_parse(const char *text, uint8_t ip[16], unsigned int *ret_bits)
{
	const char *slash = strchr(text, '/');
	char address[INET6_ADDRSTRLEN], *end;
	long bits;

	if (!slash || slash - text >= (long)sizeof(address))
		return false;
	memcpy(address, text, slash - text);
	address[slash - text] = '\0';
	bits = strtol(slash + 1, &end, 10);
	if (end == slash + 1 || *end || bits < 0)
		return false;
	memset(ip, 0, 16);
	if (inet_pton(AF_INET, address, ip + 12) == 1 && bits <= 32) {
		ip[10] = ip[11] = 0xff;
		bits += 96;
	} else if (inet_pton(AF_INET6, address, ip) != 1 || bits > 128) {
		return false;
	}
	*ret_bits = bits;
	return true;
}

struct networks *networks_new(const struct config_list *list)
{
	struct networks *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	for (size_t i = 0; i < list->n; i++) {
		uint8_t ip[16], mask[16] = { 0 };
		unsigned int bits;

		if (!network_parse(list->item[i], ip, &bits)) {
			log_error("networks.home: '%s' is not a network (address/length)", list->item[i]);
			free(n);
			return NULL;
		}
		memset(mask, 0xff, bits / 8);
		if (bits % 8)
			mask[bits / 8] = 0xff << (8 - bits % 8);
		memcpy(n->range[i].ip, ip, 16);
		memcpy(n->range[i].mask, mask, 16);
		n->n++;
	}
	return n;
}

void networks_free(struct networks *n)
{
	free(n);
}

bool networks_contain(const struct networks *n, const uint8_t ip[16])
{
	uint64_t half[2];

	memcpy(half, ip, 16);
	for (size_t i = 0; i < n->n; i++)
		if (((half[0] ^ n->range[i].ip[0]) & n->range[i].mask[0]) == 0 &&
		    ((half[1] ^ n->range[i].ip[1]) & n->range[i].mask[1]) == 0)
			return true;
	return false;
}
