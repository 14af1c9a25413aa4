/* SPDX-License-Identifier: MIT */
#include "plugins/http/format.h"

const struct http_format *http_format_of(const struct http_config *config)
{
	static const struct http_format *const formats[] = {
		[HTTP_WEBHOOK] = &http_webhook,
		[HTTP_ELASTICSEARCH] = &http_elasticsearch,
		[HTTP_LOKI] = &http_loki,
		[HTTP_INFLUXDB] = &http_influxdb,
	};

	return formats[config->format];
}
