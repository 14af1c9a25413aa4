/* SPDX-License-Identifier: MIT */
/*
 * Texts of the interface as spans, which everything in common/ takes.
 */
#ifndef PLUGINS_TEXT_H
#define PLUGINS_TEXT_H

#include "common/span.h"
#include "plugins/relay.h"

static inline struct span text_span(struct relay_text text)
{
	return span_of(text.data, text.len);
}

#endif
