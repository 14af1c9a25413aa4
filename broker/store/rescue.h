/* SPDX-License-Identifier: MIT */
/*
 * A store that is damaged: set aside whole under a dated name, for people, while what can be read
 * of it goes on in a new one.
 *
 *     belfry.store     ──what can be read──▶ belfry.store.new
 *     belfry.store     ──renamed──▶          belfry.store.damaged-TIME
 *     belfry.store.new ──renamed──▶          belfry.store
 *
 * When a process is killed in between, the next one begins anew or takes the last step.
 */
#ifndef BROKER_STORE_RESCUE_H
#define BROKER_STORE_RESCUE_H

#include "common/str.h"

/* Go on with what an earlier process has begun: before anything else. 0 or -errno. */
int rescue_resume(const char *folder);

/*
 * Look at the file of the folder without LMDB, which a damaged one could crash. 0, also when there
 * is none; -EUCLEAN with a sentence in *problem; another -errno when it cannot be read.
 */
int rescue_examine(const char *folder, struct str *problem);

/*
 * Set the store of the folder aside and go on with what can be read of it, as above; the log says
 * what became of it. 0, or -errno and the folder is as it was: -EPROTONOSUPPORT it is of a newer
 * version.
 */
int rescue(const char *folder, const char *problem);

#endif
