/* What rules see of a request beside the one who asks: now, the method, the address. */
#include "api/request.h"
#include "loop/loop.h"

/* "192.0.2.1:80", "[2001:db8::1]:80", "[::ffff:192.0.2.1]:80": the address alone. */
static struct str
address_of(struct str remote)
{
	struct str address = remote;

	while (address.size > 0 && address.data[address.size - 1] != ':')
		address.size--;
	address.size -= address.size > 0;
	if (address.size > 1 && address.data[0] == '[')
		address = str_slice(address, 1, address.size - 1);
	if (str_starts_with(address, STR("::ffff:")) && str_find_byte(address, '.') < address.size)
		address = str_slice(address, 7, address.size);
	return address;
}

void
request_set_identity(struct request *request, const struct identity *identity)
{
	struct rule_caller *caller = &request->own_identity.caller;
	struct str ip = address_of(str_from(request->remote));

	request->own_identity = *identity;
	caller->now_us = clock_now_us();
	caller->method = request->head.method_text;
	if (ip.size > 0)
		caller->ip = ip; /* it lives as long as the request */
	request->identity = &request->own_identity;
}
