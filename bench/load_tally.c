#include "load.h"

#include <stdio.h>
#include <string.h>

/*
 * Below 64 ns a bucket is a nanosecond; above, the six bits behind the highest
 * one choose among the 64 of its power.
 */
static size_t
bucket_of(uint64_t value)
{
	if (value < BUCKETS_PER_POWER)
		return value;
	unsigned power = 63 - (unsigned)__builtin_clzll(value);
	return (size_t)(power - 5) * BUCKETS_PER_POWER +
	       (size_t)(value >> (power - 6)) % BUCKETS_PER_POWER;
}

static double
bucket_value_us(size_t bucket)
{
	if (bucket < BUCKETS_PER_POWER)
		return (double)bucket / 1000;
	size_t power = bucket / BUCKETS_PER_POWER + 5;
	uint64_t value = (uint64_t)(BUCKETS_PER_POWER + bucket % BUCKETS_PER_POWER) << (power - 6);
	return (double)value / 1000;
}

void
tally_clear(struct tally *tally)
{
	*tally = (struct tally){ .all = tally->all };
}

void
tally_add(struct tally *tally, int64_t latency_ns)
{
	tally->done++;
	tally->buckets[bucket_of(latency_ns > 0 ? (uint64_t)latency_ns : 0)]++;
}

static double
quantile_us(const struct tally *tally, double share)
{
	uint64_t wanted = (uint64_t)((double)tally->done * share), seen = 0;

	for (size_t i = 0; i < BUCKETS; i++) {
		seen += tally->buckets[i];
		if (seen > wanted)
			return bucket_value_us(i);
	}
	return 0;
}

void
tally_print(const struct tally *tally, double seconds, bool json)
{
	const char *comma = "";

	printf(json ? "{\"per_second\":%.1f,\"done\":%llu,\"all\":%llu,\"broken\":%llu,"
		      "\"unanswered\":%llu,\"reconnects\":%llu,"
		      "\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"other\":{"
		    : "%.1f/s, %llu done of %llu, %llu broken, %llu unanswered, %llu reconnects, "
		      "p50 %.1f us, p99 %.1f us, p99.9 %.1f us, other: ",
	    (double)tally->done / seconds, (unsigned long long)tally->done,
	    (unsigned long long)tally->all, (unsigned long long)tally->broken,
	    (unsigned long long)tally->unanswered, (unsigned long long)tally->reconnects,
	    quantile_us(tally, 0.5), quantile_us(tally, 0.99), quantile_us(tally, 0.999));
	for (int status = 0; status < STATUSES; status++) {
		if (tally->statuses[status] == 0)
			continue;
		printf(json ? "%s\"%d\":%llu" : "%s%d: %llu", comma, status,
		    (unsigned long long)tally->statuses[status]);
		comma = ",";
	}
	printf(json ? "}}\n" : "%s\n", *comma ? "" : "none");
}
