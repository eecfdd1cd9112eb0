#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "base/limits.h"
#include "net/addresses.h"

static bool
enter(const char *text, struct address **ret)
{
	struct sockaddr_storage remote = { 0 };
	struct sockaddr_in *in = (void *)&remote;
	struct sockaddr_in6 *in6 = (void *)&remote;

	if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
		in->sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
		in6->sin6_family = AF_INET6;
	return addresses_enter((struct sockaddr *)&remote, ret);
}

static void
test_limit_of_each(void **state)
{
	/* The last of each row is one too many where the first two are one address. */
	static const struct {
		const char *first, *second, *third;
		bool third_enters;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1", "192.0.2.1", false },
		{ "192.0.2.1", "192.0.2.1", "192.0.2.2", true },
		{ "192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1", false },
		{ "2001:db8::1", "2001:db8::2", "2001:db8::ffff:1:2:3", false },
		{ "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1", true },
		{ "2001:db8::1", "2001:db8:0:1::1", "2001:db8::1", true },
		{ "127.0.0.1", "127.0.0.1", "127.0.0.1", true },
		{ "127.8.8.8", "127.8.8.8", "127.8.8.8", true },
		{ "::1", "::1", "::1", true },
		{ "::ffff:127.0.0.1", "::ffff:127.0.0.1", "::ffff:127.0.0.1", true },
		{ "no address", "no address", "no address", true },
	};

	(void)state;
	assert_true(limits_set(STR("connections_address=2")));
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct address *first, *second, *third;

		assert_true(enter(cases[i].first, &first));
		assert_true(enter(cases[i].second, &second));
		if (enter(cases[i].third, &third) != cases[i].third_enters)
			fail_msg("%s, %s, %s", cases[i].first, cases[i].second, cases[i].third);
		addresses_leave(second);
		if (!cases[i].third_enters)
			assert_true(enter(cases[i].third, &third));
		addresses_leave(third);
		addresses_leave(first);
	}
}

static void
test_many(void **state)
{
	static struct address *addresses[2][10000];

	(void)state;
	for (int turn = 0; turn < 2; turn++)
		for (uint32_t i = 0; i < COUNT(addresses[0]); i++) {
			struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr = { htonl(0xc0000200 + i) } };

			assert_true(addresses_enter((struct sockaddr *)&in, &addresses[turn][i]));
			assert_ptr_equal(addresses[turn][i], addresses[0][i]);
		}
	for (size_t i = 0; i < 2 * COUNT(addresses[0]); i++)
		addresses_leave(addresses[i % 2][i / 2]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_limit_of_each),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
