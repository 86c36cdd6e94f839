/* ledger.h: what really happened, for FILE.labels.tsv of a mixed network: a row for each bot and for each thing
 * that a client did at a domain of its own accord. */
#ifndef METSUKE_LAB_LEDGER_H
#define METSUKE_LAB_LEDGER_H

#include <stdio.h>

#include "table.h"
#include "world.h"

/* Requests closer than this are one check-in. */
#define CHECKIN_MERGE (2 * 1000000ULL)

enum deed {
	DEED_BOT,
	DEED_BROWSING,
	DEED_DELIVERY, /* what pages embed from elsewhere */
	DEED_RELOAD,   /* a page that loads itself again while it is open */
	DEED_UPDATE,
	DEED_TELEMETRY,
	DEED_VENDOR,	   /* an agent that a few hosts run */
	DEED_CONNECTIVITY, /* is this the internet? */
	DEED_WEATHER,
	DEED_FEED,
	DEED_OCSP,
	DEED_MAIL,
	DEED_CHAT,
	DEED_CLOCK,
	DEED_MISSING, /* names that do not exist */
	/* Benign, of a network with near misses: near.h says what they are. */
	DEED_WIDE_DELIVERY,
	DEED_CLOCK_POOL,
	DEED_AD_BLOCK,
	DEED_BLOCKLIST,
	DEED_REPUTATION,
	DEED_PROBE,
	DEED_SUFFIX,
	DEED_REVERSE,
	DEED_MAIL_SERVER,
	DEED_BACKUP,
	DEED_DISCOVERY,
	DEED_BUILD,
	DEED_MONITOR,
	DEED_FORWARDER,
	/* Bots: kinds.h. */
	FIRST_BOT_DEED,
	DEED_WORKTIME = FIRST_BOT_DEED,
	DEED_BY_ADDRESS,
	DEED_HTTPS,
	DEED_DOMAINS,
	DEED_CROWD,
	DEED_FLUX,
	DEED_DOUBLE_FLUX,
	DEED_DGA,
	DEED_SLOW_DGA,
	DEED_TUNNEL_RAW,
	DEED_TUNNEL_HEX,
	DEED_TUNNEL_OUT,
	DEED_TUNNEL_SLOW,
	DEED_TXT_ORDERS,
	DEED_NO_NAME,
	DEED_NO_ANSWER,
	DEED_IRC,
	DEED_SCANNER,
	DEEDS
};

/* What is known of somebody's habit; texts that outlive the ledger, "-" where there is none. */
struct habit {
	double period_s, jitter; /* 0: none */
	const char *spread, *urls, *method, *agent;
};

struct ledger;

/* As the labels call it. */
const char *ledger_word(enum deed deed);
int ledger_is_bot(enum deed deed);

/* Nothing at or after `end` is entered: the capture does not have it. */
struct ledger *ledger_new(__u64 end);
void ledger_free(struct ledger *b);
/* One request, or connection, or lookup. habit: NULL: none. */
void ledger_add(struct ledger *b, __u32 client, const struct name *n, enum deed deed, const struct habit *habit,
		__u64 at);
/* There is a row even where nothing ever happens. */
void ledger_expect(struct ledger *b, __u32 client, const struct name *n, enum deed deed,
		   const struct habit *habit);
/* By client, deed and domain. */
void ledger_print(const struct ledger *b, FILE *out);

#endif
