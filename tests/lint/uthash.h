/* SPDX-License-Identifier: MIT */
/*
 * For cppcheck alone, which does not look into the system's headers: that HASH_ITER assigns its
 * loop variable.
 */
#define HASH_ITER(hh, head, el, tmp) for ((el) = (head), (tmp) = NULL; (el); (el) = (tmp))
