/* identity.c: see identity.h. The machine id itself never leaves the machine (machine-id(5)): a keyed
 * hash of it stands for the host, another for the agent. */
#include "identity.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void machine_hash(const char *use, char *to, size_t digits)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int digest_len = 0;
	char machine[64] = "";
	FILE *f = fopen("/etc/machine-id", "re");

	if (f) {
		if (!fgets(machine, sizeof(machine), f))
			machine[0] = '\0';
		fclose(f);
	}
	machine[strcspn(machine, "\n")] = '\0';
	if (!machine[0] && gethostname(machine, sizeof(machine) - 1))
		snprintf(machine, sizeof(machine), "unknown");
	HMAC(EVP_sha256(), use, strlen(use), (unsigned char *)machine, strlen(machine), digest, &digest_len);
	for (size_t i = 0; i < digits / 2 && i < digest_len; i++)
		snprintf(to + 2 * i, 3, "%02x", digest[i]);
}

void identity_fill(struct identity *id, const struct config *c, uint64_t run_id)
{
	memset(id, 0, sizeof(*id));
	if (gethostname(id->hostname, sizeof(id->hostname) - 1))
		snprintf(id->hostname, sizeof(id->hostname), "unknown");
	for (char *p = id->hostname; *p; p++)
		if (*p <= ' ' || *p == '"' || *p == '\\' || *p & 0x80)
			*p = '_';
	machine_hash("metsuke host", id->host_id, 32);
	if (*c->agent_id)
		snprintf(id->agent_id, sizeof(id->agent_id), "%s", c->agent_id);
	else
		machine_hash("metsuke agent", id->agent_id, 16);
	snprintf(id->ephemeral_id, sizeof(id->ephemeral_id), "%016llx", (unsigned long long)run_id);
}

struct ecs_identity identity_ecs(const struct identity *id)
{
	return (struct ecs_identity){
		.hostname = id->hostname,
		.host_id = id->host_id,
		.agent_id = id->agent_id,
		.ephemeral_id = id->ephemeral_id,
	};
}
