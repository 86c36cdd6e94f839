/* known.h: messages that name what a list holds, and contact with servers that such a name led to (Mihara
 * et al., 2008: the query identifies the bot, its response the C&C server). */
#ifndef METSUKE_DETECT_KNOWN_H
#define METSUKE_DETECT_KNOWN_H

#include "intel/intel.h"
#include "observe/observation.h"

enum known_field {
	KNOWN_QUESTION,	   /* the name asked for */
	KNOWN_ANSWER_NAME, /* owner of an answer */
	KNOWN_ANSWER_DATA, /* target of a CNAME */
	KNOWN_ANSWER_IP,   /* address in an answer */
	KNOWN_HOST,	   /* Host of a request */
	KNOWN_DESTINATION, /* address of a request or connection */
	KNOWN_RESOLVED,	   /* address of one that a listed name was answered with */
};

struct alert {
	const struct observation *o;
	struct indicator_match match;
	enum known_field field;
	struct text matched;	   /* name that matched; len 0: an address */
	const uint8_t *matched_ip; /* address that matched; NULL: a name */
	uint64_t generation;
	uint64_t repeated;	 /* messages of the same kind since the last alert, not told one by one */
	struct text chain_name;	 /* KNOWN_RESOLVED: the name that was looked up */
	uint64_t chain_sequence; /* and event.sequence of the alert that told its addresses */
	bool again;		 /* told already within the window: not to be told now */
	uint64_t told_sequence;	 /* again: event.sequence of that alert */
};

struct known;

/* capacity: most alerts, and most addresses, remembered; the oldest makes room. window_ns: a client, process
 * and entry alert once in this time. NULL: out of memory. */
struct known *known_new(size_t capacity, uint64_t window_ns);
void known_free(struct known *k);

/* What the lists say of one message: true fills *alert, which points into the arguments until the next call; where
 * alert->again, nothing is told, but its addresses may be new: known_told() takes them under alert->told_sequence.
 * One message is one alert at most: the first field of enum known_field that is listed. */
bool known_check(struct known *k, const struct intel *in, const struct observation *o, struct alert *alert);

/* The alert was told as event number sequence: the addresses of its answers are now C&C servers to that
 * client, for as long as their TTL lasts and a minute more. contact, if given, is called for each. */
void known_told(struct known *k, const struct alert *alert, uint64_t sequence,
		void (*contact)(void *ctx, const uint8_t ip[16], uint64_t until_ns), void *ctx);

uint64_t known_evicted(const struct known *k);

#endif
