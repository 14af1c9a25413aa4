/* SPDX-License-Identifier: MIT */
/*
 * InfluxDB 1 (POST /write?db=) and 2 (POST /api/v2/write?org=&bucket=), and whatever takes its line
 * protocol: the performance data of check results. Times are nanoseconds, which is what a url
 * without `precision` means.
 */
#include <stdio.h>

#include "plugins/http/format.h"
#include "plugins/http/line_protocol.h"
#include "plugins/http/status.h"

enum { METRIC_SIZE = 160 }; /* bytes of a line, by and large */

static bool check(const struct http_config *config, char problem[RELAY_REASON])
{
	if (strstr(config->url, "/write") == NULL)
		snprintf(problem, RELAY_REASON,
				"format influxdb needs the whole url, such as "
				"http://HOST:8086/write?db=NAME (InfluxDB 1) or "
				"http://HOST:8086/api/v2/write?org=ORG&bucket=NAME (InfluxDB 2)");
	else if (strstr(config->url, "precision=") != NULL &&
			strstr(config->url, "precision=n") == NULL)
		snprintf(problem, RELAY_REASON,
				"times are sent in nanoseconds; leave precision out of url");
	else if (strpbrk(config->measurement, "#\\\r\n") != NULL)
		snprintf(problem, RELAY_REASON, "measurement must not hold # or a backslash");
	else
		return true;
	return false;
}

static size_t build(const struct http_config *config, const struct relay_host *host,
		const struct relay_batch *batch, size_t from, struct http_request *request)
{
	request->content_type = "text/plain; charset=utf-8";
	str_reserve(&request->body, batch->count * METRIC_SIZE);
	for (; from < batch->count; from++) {
		const struct relay_record *record = relay_record_at(batch, from);

		if (record->kind != RELAY_CHECK) {
			host->mark(host, from, RELAY_REJECT,
					"it is no check result, and format influxdb takes no "
					"other; leave its topics out of the route");
			continue;
		}
		line_protocol_append(&request->body, config->measurement, record);
		http_request_add(request, from);
	}
	return from;
}

/*
 * 204 is success; any other 2xx is somebody else. 400 is for points that the database does not
 * want (a field of another type, too old), the others of the request were written.
 */
static enum relay_verdict judge(const struct relay_host *host, const struct http_request *request,
		const struct http_answer *answer, struct relay_outcome *outcome)
{
	(void)host;
	(void)request;
	if (answer->status >= 200 && answer->status <= 299 && answer->status != 204)
		return http_judge_stranger(answer, "InfluxDB's", outcome);
	return http_judge_status(answer, outcome);
}

const struct http_format http_influxdb = {
	.check = check,
	.build = build,
	.judge = judge,
};
