/* known.c: see known.h. Both tables are sets of four places: the oldest of the four makes room. */
#include "detect/known.h"

#include <stdlib.h>
#include <string.h>

#include "capture/owner.h"
#include "support/hash.h"

#define WAYS 4
#define GRACE_NS 60000000000ULL /* programs use an address a little longer than its TTL */
#define SECOND_NS 1000000000ULL

struct told {
	uint64_t key; /* hash; 0: free */
	uint64_t since_ns;
	uint64_t repeated;
	uint64_t sequence; /* of its alert */
};

struct server {
	uint64_t key; /* hash of client and address; 0: free */
	uint64_t until_ns;
	uint64_t sequence;
	uint16_t name_len;
	char name[NAME_MOST];
};

struct known {
	uint64_t seed, window_ns, evicted;
	size_t n_sets; /* a power of two */
	struct told *told;
	struct server *servers;
	char host[NAME_MOST + 1];
	uint8_t ip[16]; /* an answer's, while it is looked at */
};

struct known *known_new(size_t capacity, uint64_t window_ns)
{
	struct known *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->seed = hash_seed();
	k->window_ns = window_ns;
	for (k->n_sets = 1; k->n_sets * WAYS < capacity;)
		k->n_sets *= 2;
	k->told = calloc(k->n_sets * WAYS, sizeof(*k->told));
	k->servers = calloc(k->n_sets * WAYS, sizeof(*k->servers));
	if (!k->told || !k->servers) {
		known_free(k);
		return NULL;
	}
	return k;
}

void known_free(struct known *k)
{
	if (!k)
		return;
	free(k->told);
	free(k->servers);
	free(k);
}

uint64_t known_evicted(const struct known *k)
{
	return k->evicted;
}

/* Who, because of what: the same for every set that holds the entry, so that a reload changes nothing. Programs
 * ask for A and AAAA at once, and each answer has addresses of its own: they are told apart. */
static uint64_t told_key(const struct known *k, const struct alert *a)
{
	struct {
		uint8_t ip[16];
		uint64_t start_ns, list, entry;
		uint32_t pid, kind;
	} who = { .kind = a->o->kind << 8 | (a->field == KNOWN_RESOLVED) };

	if (a->o->kind == OBSERVED_DNS_RESPONSE && a->o->dns.type == 28)
		who.kind |= 2;
	memcpy(who.ip, a->o->source.ip, 16);
	if (a->o->process) {
		who.pid = a->o->process->pid;
		who.start_ns = a->o->process->start_ns;
	}
	who.list = hash_bytes(a->match.list->name, strlen(a->match.list->name), k->seed);
	if (a->match.entry)
		who.entry = hash_bytes(a->match.entry, a->match.entry_len, k->seed);
	else
		who.entry = hash_bytes(a->match.ip, 16, k->seed + a->match.bits);
	return hash_bytes(&who, sizeof(who), k->seed) | 1;
}

static struct told *told_set(const struct known *k, uint64_t key)
{
	return &k->told[(key >> 32 & (k->n_sets - 1)) * WAYS];
}

/* False: told already within the window; it is counted then. */
static bool is_new(struct known *k, struct alert *a)
{
	uint64_t key = told_key(k, a), now = a->o->time_ns;
	struct told *set = told_set(k, key), *place = set;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key) {
			place = &set[i];
			if (now < place->since_ns + k->window_ns) {
				place->repeated++;
				a->told_sequence = place->sequence;
				return false;
			}
			a->repeated = place->repeated;
			break;
		}
		if (set[i].since_ns < place->since_ns)
			place = &set[i];
	}
	if (place->key && place->key != key && now < place->since_ns + k->window_ns)
		k->evicted++;
	*place = (struct told){ .key = key, .since_ns = now };
	return true;
}

static uint64_t server_key(const struct known *k, const uint8_t client[16], const uint8_t ip[16])
{
	uint8_t both[32];

	memcpy(both, client, 16);
	memcpy(both + 16, ip, 16);
	return hash_bytes(both, sizeof(both), k->seed) | 1;
}

static struct server *server_set(const struct known *k, uint64_t key)
{
	return &k->servers[(key >> 32 & (k->n_sets - 1)) * WAYS];
}

static void add_server(struct known *k, const struct alert *a, const uint8_t ip[16], uint64_t until_ns,
		       uint64_t sequence)
{
	uint64_t key = server_key(k, a->o->source.ip, ip);
	struct server *set = server_set(k, key), *place = set;

	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key) {
			place = &set[i];
			break;
		}
		if (set[i].until_ns < place->until_ns)
			place = &set[i];
	}
	if (place->key && place->key != key && place->until_ns > a->o->time_ns)
		k->evicted++;
	place->key = key;
	place->until_ns = until_ns;
	place->sequence = sequence;
	place->name_len = a->matched.len < NAME_MOST ? a->matched.len : NAME_MOST;
	memcpy(place->name, a->matched.at, place->name_len);
}

static void answer_address(const struct dns_answer *answer, uint8_t ip[16])
{
	if (answer->type == 28) {
		memcpy(ip, answer->addr, 16);
		return;
	}
	memset(ip, 0, 10);
	ip[10] = ip[11] = 0xff;
	memcpy(ip + 12, answer->addr, 4);
}

void known_told(struct known *k, const struct alert *a, uint64_t sequence,
		void (*contact)(void *ctx, const uint8_t ip[16], uint64_t until_ns), void *ctx)
{
	uint64_t told = told_key(k, a);
	struct told *set = told_set(k, told);

	for (int i = 0; i < WAYS; i++)
		if (set[i].key == told)
			set[i].sequence = sequence;
	if (a->o->kind != OBSERVED_DNS_RESPONSE || a->matched_ip)
		return;
	for (size_t i = 0; i < a->o->dns.n_answers; i++) {
		const struct dns_answer *answer = &a->o->dns.answers[i];
		uint64_t until_ns = a->o->time_ns + answer->ttl * SECOND_NS + GRACE_NS;
		uint8_t ip[16];

		if (!answer->addr)
			continue;
		answer_address(answer, ip);
		add_server(k, a, ip, until_ns, sequence);
		if (contact)
			contact(ctx, ip, until_ns);
	}
}

static bool name_listed(const struct intel *in, struct text name, enum known_field field, struct alert *a)
{
	if (!name.len || !indicators_match_name(in->set, name.at, name.len, &a->match) || a->match.allow)
		return false;
	a->field = field;
	a->matched = name;
	return true;
}

static bool ip_listed(const struct intel *in, const uint8_t ip[16], enum known_field field, struct alert *a)
{
	if (!indicators_match_ip(in->set, ip, &a->match) || a->match.allow)
		return false;
	a->field = field;
	a->matched_ip = ip;
	return true;
}

static bool allowed(const struct intel *in, struct text name)
{
	struct indicator_match m;

	return name.len && indicators_match_name(in->set, name.at, name.len, &m) && m.allow;
}

static bool check_answers(struct known *k, const struct intel *in, const struct observation *o, struct alert *a)
{
	for (size_t i = 0; i < o->dns.n_answers; i++) {
		const struct dns_answer *answer = &o->dns.answers[i];

		if (name_listed(in, answer->name, KNOWN_ANSWER_NAME, a))
			return true;
		if (answer->type == 5 && name_listed(in, answer->data, KNOWN_ANSWER_DATA, a))
			return true;
		if (!answer->addr)
			continue;
		answer_address(answer, k->ip);
		if (ip_listed(in, k->ip, KNOWN_ANSWER_IP, a))
			return true;
	}
	return false;
}

/* An address that a listed name led this client to; the name has to be listed still. */
static bool check_server(struct known *k, const struct intel *in, const struct observation *o, struct alert *a)
{
	uint64_t key = server_key(k, o->source.ip, o->destination.ip);
	const struct server *set = server_set(k, key);

	for (int i = 0; i < WAYS; i++) {
		struct text name = { .at = set[i].name, .len = set[i].name_len };

		if (set[i].key != key || o->time_ns > set[i].until_ns)
			continue;
		if (!name_listed(in, name, KNOWN_RESOLVED, a))
			return false;
		a->chain_name = name;
		a->chain_sequence = set[i].sequence;
		a->matched = (struct text){ "", 0 };
		a->matched_ip = o->destination.ip;
		return true;
	}
	return false;
}

/* Hosts come as they were sent: lower case, and no dot at the end, to compare. */
static struct text host_name(struct known *k, struct text host)
{
	struct text name = { .at = k->host, .len = host.len };

	if (name.len && host.at[name.len - 1] == '.')
		name.len--;
	if (name.len > NAME_MOST)
		name.len = 0;
	for (size_t i = 0; i < name.len; i++)
		k->host[i] = (char)(host.at[i] >= 'A' && host.at[i] <= 'Z' ? host.at[i] | 0x20 : host.at[i]);
	return name;
}

static bool check_contact(struct known *k, const struct intel *in, const struct observation *o, struct alert *a)
{
	return ip_listed(in, o->destination.ip, KNOWN_DESTINATION, a) || check_server(k, in, o, a);
}

static bool check_request(struct known *k, const struct intel *in, const struct observation *o, struct alert *a)
{
	struct text host = host_name(k, o->http.host);

	if (name_listed(in, host, KNOWN_HOST, a))
		return true;
	return !allowed(in, host) && check_contact(k, in, o, a);
}

bool known_check(struct known *k, const struct intel *in, const struct observation *o, struct alert *a)
{
	bool found;

	if (!indicators_count(in->set))
		return false;
	a->o = o;
	a->generation = in->generation;
	a->repeated = a->chain_sequence = a->told_sequence = 0;
	a->again = false;
	a->matched = a->chain_name = (struct text){ "", 0 };
	a->matched_ip = NULL;
	if (o->kind == OBSERVED_HTTP_REQUEST)
		found = check_request(k, in, o, a);
	else if (o->kind == OBSERVED_SYN)
		found = check_contact(k, in, o, a);
	else
		found = name_listed(in, o->dns.question, KNOWN_QUESTION, a) ||
			(o->kind == OBSERVED_DNS_RESPONSE && !allowed(in, o->dns.question) &&
			 check_answers(k, in, o, a));
	if (found)
		a->again = !is_new(k, a);
	return found;
}
