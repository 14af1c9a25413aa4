/* SPDX-License-Identifier: MIT */
/*
 * A reconnect storm: everybody was in, everybody is out, everybody wants in again.
 */
#include <stdio.h>

#include "tests/bench/crew.h"
#include "tests/bench/crowd.h"
#include "tests/bench/meter.h"
#include "tests/bench/plays.h"
#include "tests/bench/process.h"

static void storm(struct crowd *c, struct meter *m, struct result *result)
{
	const struct options *o = c->o;

	meter_start(m);
	crowd_vanish(c);
	crowd_return(c, m->start, (uint64_t)(o->over * 1e9));
	while (c->n_ready < c->n && !loop_failed(c->loop)) {
		crowd_turn(c);
		if (clock_ns() - c->progress > (uint64_t)(o->timeout * 1e9)) {
			snprintf(result->failure, sizeof(result->failure),
					"%u of %u clients were back, then nobody for %g s",
					c->n_ready, c->n, o->timeout);
			break;
		}
	}
	meter_stop(m, c->progress);
}

void play_reconnect(const struct options *o, struct endpoint *e, struct result *ret)
{
	struct identity identity = crew_identity(o);
	struct crowd crowd;
	struct meter meter;
	struct loop loop;

	if (!loop_init(&loop, e))
		loop_fail(&loop, "cannot make an epoll");
	meter_init(&meter, o, ret);
	crowd_init(&crowd, o, &loop, &identity, &ret->latency);
	if (!loop_failed(&loop))
		crowd_gather(&crowd);
	if (!loop_failed(&loop))
		storm(&crowd, &meter, ret);
	if (!loop_failed(&loop))
		meter_settle(&meter, &loop);
	ret->connections = crowd.n_ready;
	ret->broken = crowd.broken;
	loop_conclude(&loop, ret);
	crowd_finish(&crowd);
	loop_finish(&loop);
}
