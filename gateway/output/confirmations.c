/* SPDX-License-Identifier: MIT */
#include "gateway/output/confirmations.h"

#include <pthread.h>

#include "common/mem.h"

enum { REMEMBERED = 2048 };

struct confirmation {
	uint64_t last;
	struct wall_time when;
};

struct confirmations {
	pthread_mutex_t lock;
	size_t count;	/* of all that were added */
	uint64_t begun; /* nothing is known of what was confirmed up to here */
	struct confirmation ring[REMEMBERED];
};

struct confirmations *confirmations_create(uint64_t before)
{
	struct confirmations *c = xcalloc(1, sizeof(*c));

	c->begun = before;
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

void confirmations_destroy(struct confirmations *c)
{
	if (c == NULL)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c);
}

void confirmations_add(struct confirmations *c, uint64_t last, struct wall_time when)
{
	struct confirmation *at;

	pthread_mutex_lock(&c->lock);
	at = &c->ring[c->count % REMEMBERED];
	if (c->count >= REMEMBERED && at->last > c->begun)
		c->begun = at->last;
	*at = (struct confirmation){ last, when };
	c->count++;
	pthread_mutex_unlock(&c->lock);
}

bool confirmations_find(struct confirmations *c, uint64_t sequence, struct wall_time *ret)
{
	bool found = false;
	size_t from;

	pthread_mutex_lock(&c->lock);
	from = c->count > REMEMBERED ? c->count - REMEMBERED : 0;
	for (size_t i = from; !found && i < c->count && sequence > c->begun; i++) {
		const struct confirmation *at = &c->ring[i % REMEMBERED];

		found = at->last >= sequence;
		if (found)
			*ret = at->when;
	}
	pthread_mutex_unlock(&c->lock);
	return found;
}
