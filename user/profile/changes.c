/* changes.c: what a store has to be told: a list of what changed, in the order in which it did, and the keys of
 * what left after the store had it. Both are bounded by the tables' limits: nothing leaves twice without having
 * been told in between. */
#include <stdlib.h>
#include <string.h>

#include "profile/table.h"

void changes_mark(struct profiles *p, struct node *n)
{
	if (n->changed)
		return;
	n->changed = true;
	n->changed_next = NULL;
	n->changed_before = p->changed_last;
	*(p->changed_last ? &p->changed_last->changed_next : &p->changed_first) = n;
	p->changed_last = n;
}

void changes_unmark(struct profiles *p, struct node *n)
{
	if (!n->changed)
		return;
	n->changed = false;
	*(n->changed_next ? &n->changed_next->changed_before : &p->changed_last) = n->changed_before;
	*(n->changed_before ? &n->changed_before->changed_next : &p->changed_first) = n->changed_next;
}

static void keys_of(const struct node *n, const struct client **ret_client, const struct domain **ret_domain)
{
	const struct pair *pair;

	*ret_client = NULL;
	*ret_domain = NULL;
	if (n->kind == NODE_CLIENT) {
		*ret_client = container_of(n, struct client, node);
	} else if (n->kind == NODE_DOMAIN) {
		*ret_domain = container_of(n, struct domain, node);
	} else {
		pair = container_of(n, struct pair, node);
		*ret_client = client_of(pair->profile.client);
		*ret_domain = domain_of(pair->profile.domain);
	}
}

static bool room_for_gone(struct profiles *p)
{
	size_t room = p->room_gone ? 2 * p->room_gone : 64;
	struct gone *gone;

	if (p->n_gone < p->room_gone)
		return true;
	gone = realloc(p->gone, room * sizeof(*gone));
	if (!gone)
		return false;
	p->gone = gone;
	p->room_gone = room;
	return true;
}

void changes_gone(struct profiles *p, struct node *n)
{
	struct gone g = { .kind = n->kind };
	const struct client *c;
	const struct domain *d;

	changes_unmark(p, n);
	if (!p->tracking || !n->told)
		return;
	keys_of(n, &c, &d);
	g.client_kind = c ? c->profile.kind : 0;
	g.client = c ? strdup(c->key) : NULL;
	g.domain = d ? strdup(d->key) : NULL;
	if ((c && !g.client) || (d && !g.domain) || !room_for_gone(p)) {
		free(g.client);
		free(g.domain);
		p->refused++;
		return;
	}
	p->gone[p->n_gone++] = g;
}

static void free_gone(struct profiles *p)
{
	for (size_t i = p->next_gone; i < p->n_gone; i++) {
		free(p->gone[i].client);
		free(p->gone[i].domain);
	}
	p->n_gone = p->next_gone = 0;
}

void changes_free(struct profiles *p)
{
	free_gone(p);
	free(p->gone);
}

void profiles_track_changes(struct profiles *p, bool on)
{
	p->tracking = on;
	if (!on)
		free_gone(p);
}

static void tell_gone(struct gone *g, void (*change)(void *ctx, const struct profile_change *change), void *ctx)
{
	change(ctx, &(struct profile_change){
			    .gone = true, .kind = g->client_kind, .client = g->client, .domain = g->domain });
	free(g->client);
	free(g->domain);
}

static void tell_changed(const struct node *n, void (*change)(void *ctx, const struct profile_change *change),
			 void *ctx)
{
	struct profile_change told = { 0 };
	const struct client *c;
	const struct domain *d;

	keys_of(n, &c, &d);
	told.kind = c ? c->profile.kind : 0;
	told.client = c ? c->key : NULL;
	told.domain = d ? d->key : NULL;
	if (n->kind == NODE_CLIENT)
		told.client_profile = &c->profile;
	else if (n->kind == NODE_DOMAIN)
		told.domain_profile = &d->profile;
	else
		told.pair_profile = &container_of(n, struct pair, node)->profile;
	change(ctx, &told);
}

size_t profiles_take_changes(struct profiles *p, size_t most,
			     void (*change)(void *ctx, const struct profile_change *change), void *ctx)
{
	size_t n = 0;

	if (!p->tracking)
		return 0;
	for (; n < most && p->next_gone < p->n_gone; n++)
		tell_gone(&p->gone[p->next_gone++], change, ctx);
	if (p->next_gone == p->n_gone)
		p->n_gone = p->next_gone = 0;
	for (; n < most && p->changed_first; n++) {
		struct node *at = p->changed_first;

		changes_unmark(p, at);
		at->told = true;
		tell_changed(at, change, ctx);
	}
	return n;
}

void profiles_touch_all(struct profiles *p)
{
	/* clients and domains before the pairs that refer to them */
	for (unsigned int kind = 0; kind < N_NODE_KINDS; kind++)
		for (unsigned int class = 0; class < N_CLASSES; class++)
			for (struct node *n = p->table[kind].order[class].oldest; n; n = n->newer)
				changes_mark(p, n);
}
