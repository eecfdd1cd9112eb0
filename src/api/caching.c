#include "api/caching.h"

#include <stdio.h>

/*
 * A declared cache is public where everybody sees the same by the collection's own rules.  What
 * looks into other collections goes by theirs as well, which may ask who it is.
 */
static bool
looks_elsewhere(const struct request *request)
{
	static const char *const clauses[] = { "filter", "sort", "fields" };

	if (request_parameter(request, "expand").data != NULL)
		return true;
	for (size_t i = 0; i < COUNT(clauses); i++) {
		struct str text = request_parameter(request, clauses[i]);

		/* Every way out is written with one of these, and it does not matter if others are. */
		if (str_find_byte(text, '.') < text.size || str_find_byte(text, '(') < text.size)
			return true;
	}
	return false;
}

void
caching_say(struct request *request)
{
	const struct app_cache *cache = &request->collection->cache;
	bool is_guest = !request->identity->caller.signed_in;
	char text[64];

	if (cache->max_age_s == 0) {
		request->answer.cache_control = is_guest ? STR("no-cache") : STR("private, no-cache");
		return;
	}
	snprintf(text, sizeof(text), "%s, max-age=%lld",
	    cache->is_public && is_guest && !looks_elsewhere(request) ? "public" : "private",
	    (long long)cache->max_age_s);
	request->answer.cache_control = arena_str(&request->arena, str_from(text));
	/* What was kept for one caller is not for the next one of the same browser. */
	request->answer.vary_caller = true;
}
