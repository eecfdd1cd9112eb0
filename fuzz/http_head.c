/*
 * Any bytes as heads, one behind the other: fed whole, byte by byte and cut in
 * two, the verdict and every field must be the same, and what is accepted must
 * be what the header promises.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "http/grammar.h"
#include "http/h1.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct end {
	enum err err;
	size_t skip, size;
};

static bool
has_ended(const struct end *end)
{
	return end->err != OK || end->size > 0;
}

/* Feed ${bytes} up to ${first}, then ${step} bytes more each time. */
static struct end
feed(struct str bytes, size_t first, size_t step)
{
	struct end end = { OK, 0, 0 };
	size_t scanned = 0;

	for (size_t n = first;; n += step) {
		if (n > bytes.size)
			n = bytes.size;
		end.err = h1_head_end(str_slice(bytes, 0, n), &scanned, &end.skip, &end.size);
		assert(scanned <= n || n < 2);
		if (has_ended(&end) || n == bytes.size)
			return end;
	}
}

static bool
is_same(const struct end *a, const struct end *b)
{
	return a->err == b->err && (a->err != OK || (a->skip == b->skip && a->size == b->size));
}

static void
check_text(struct str text, struct str in)
{
	assert(text.data >= in.data && text.data + text.size <= in.data + in.size);
	assert(grammar_find_control(text.data, text.size) == text.size);
}

static void
check_head(struct str bytes, const struct h1_head *head)
{
	assert(head->minor == 0 || head->minor == 1);
	assert(head->minor == 0 || head->known[H1_HOST].data != NULL);
	assert(head->path.size > 0 ? head->path.data[0] == '/' || str_is(head->path, "*") :
	    head->method == H1_OTHER);
	assert(head->known[H1_HOST].data == NULL || h1_host_is_valid(head->known[H1_HOST]));
	assert((head->framing == H1_LENGTH) == (head->content_length > 0));
	assert(!head->expect_continue || head->framing != H1_NO_BODY);
	if (head->framing == H1_CHUNKED)
		assert(h1_head_field(head, "content-length").data == NULL && head->minor == 1);
	for (size_t i = 0; i < head->fields_count; i++) {
		check_text(head->fields[i].name, bytes);
		check_text(head->fields[i].value, bytes);
		assert(head->fields[i].name.size > 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size };
	static struct h1_head head;

	for (int count = 0; bytes.size > 0 && count < 8; count++) {
		struct end whole = feed(bytes, bytes.size, 1), bytewise = feed(bytes, 0, 1);
		struct end halves = feed(bytes, bytes.size / 2, bytes.size);
		const char *detail = NULL;
		struct str text;

		assert(is_same(&whole, &bytewise) && is_same(&whole, &halves));
		if (whole.err != OK || whole.size == 0)
			break;
		text = str_slice(bytes, whole.skip, whole.skip + whole.size);
		if (h1_head_parse(text, &head, &detail) != OK) {
			assert(detail != NULL);
			break;
		}
		check_head(text, &head);
		bytes = str_slice(bytes, whole.skip + whole.size, bytes.size);
	}
	/* The parser must stand any bytes, not only those that have an end. */
	const char *detail = NULL;

	if (h1_head_parse((struct str){ (const char *)data, size }, &head, &detail) != OK)
		assert(detail != NULL);
	return 0;
}
