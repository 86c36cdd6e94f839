/* exchange.h: observations of one lookup and one request, for tests that change a field or two. */
#ifndef METSUKE_TESTS_EXCHANGE_H
#define METSUKE_TESTS_EXCHANGE_H

#include "unit.h"

#define EXCHANGE_NS 1700000000123456789ULL /* 2023-11-14T22:13:20.123456Z */

static inline void exchange_endpoints(struct observation *o, const char *client, uint16_t client_port,
				      const char *server, uint16_t server_port)
{
	unit_ip(o->source.ip, client);
	unit_ip(o->destination.ip, server);
	o->source.port = client_port;
	o->destination.port = server_port;
}

static inline void exchange_query(struct observation *o)
{
	memset(o, 0, sizeof(*o));
	o->kind = OBSERVED_DNS_QUERY;
	o->time_ns = EXCHANGE_NS;
	o->family = 4;
	o->proto = 17;
	o->direction = DIRECTION_EGRESS;
	exchange_endpoints(o, "192.0.2.1", 40000, "192.0.2.53", 53);
	o->source_bytes = 29;
	o->dns.question = unit_text("example.org");
	o->dns.has_question = true;
	o->dns.id = 0x1234;
	o->dns.type = 1;
	o->dns.class = 1;
	o->dns.flags = 0x0100;
}

/* The response to it, one millisecond later. */
static inline void exchange_response(struct observation *o)
{
	exchange_query(o);
	o->kind = OBSERVED_DNS_RESPONSE;
	o->time_ns += 1000000;
	o->source_bytes = 0;
	o->destination_bytes = 45;
	o->dns.flags = 0x8180;
}

static inline void exchange_request(struct observation *o)
{
	memset(o, 0, sizeof(*o));
	o->kind = OBSERVED_HTTP_REQUEST;
	o->time_ns = EXCHANGE_NS;
	o->family = 4;
	o->proto = 6;
	o->direction = DIRECTION_EGRESS;
	exchange_endpoints(o, "192.0.2.1", 50000, "192.0.2.80", 80);
	o->http.method = unit_text("GET");
	o->http.target = unit_text("/");
	o->http.host = o->http.agent = o->http.referrer = unit_text("");
	o->http.minor = 1;
	o->http.content_length = -1;
	o->http.head_len = 18;
}

#endif
