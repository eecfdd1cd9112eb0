#include "codec/pattern.h"

#include <assert.h>
#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/memory.h"

struct pattern {
	pcre2_code *code;
	pcre2_match_context *limits; /* only read by matching */
};

static pcre2_match_context *
new_limits(void)
{
	pcre2_match_context *limits = pcre2_match_context_create(NULL);

	assert(limits != NULL);
	pcre2_set_match_limit(limits, PATTERN_STEPS_MAX);
	pcre2_set_depth_limit(limits, PATTERN_STEPS_MAX);
	pcre2_set_heap_limit(limits, PATTERN_MEMORY_KIB_MAX);
	return limits;
}

struct pattern *
pattern_new(struct str text, size_t *ret_offset, char ret_detail[PATTERN_DETAIL_SIZE])
{
	const uint32_t options = PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
	PCRE2_SIZE offset;
	pcre2_code *code;
	struct pattern *pattern;
	int error;

	assert(text.size <= PATTERN_SIZE_MAX);
	code = pcre2_compile((PCRE2_SPTR)text.data, text.size, options, &error, &offset, NULL);
	if (code == NULL) {
		pcre2_get_error_message(error, (PCRE2_UCHAR *)ret_detail, PATTERN_DETAIL_SIZE);
		*ret_offset = offset;
		return NULL;
	}
	pattern = memory_new(sizeof(*pattern));
	pattern->code = code;
	pattern->limits = new_limits();
	return pattern;
}

void
pattern_free(struct pattern *pattern)
{
	if (pattern == NULL)
		return;
	pcre2_code_free(pattern->code);
	pcre2_match_context_free(pattern->limits);
	free(pattern);
}

bool
pattern_matches(const struct pattern *pattern, struct str text)
{
	/* Where it stands is not asked: one pair is enough, whatever the groups. */
	pcre2_match_data *found = pcre2_match_data_create(1, NULL);
	int result;

	assert(found != NULL);
	result = pcre2_match(pattern->code, (PCRE2_SPTR)text.data, text.size, 0, PCRE2_NO_UTF_CHECK,
	    found, pattern->limits);
	pcre2_match_data_free(found);
	return result >= 0;
}
