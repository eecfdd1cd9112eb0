#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void
must(int ok)
{
	if (ok != 1) {
		fputs("caisson: OpenSSL refused a digest\n", stderr);
		abort();
	}
}

/* Fetching an algorithm by name costs a microsecond, so it is done once. */
static const EVP_MD *
sha256_algorithm(void)
{
	static EVP_MD *fetched;

	if (fetched == NULL)
		fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
	return fetched;
}

void
sha256(struct str bytes, uint8_t ret[SHA256_SIZE])
{
	must(EVP_Digest(bytes.data, bytes.size, ret, NULL, sha256_algorithm(), NULL));
}

void
sha256_hex(struct str bytes, char ret[SHA256_HEX_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	uint8_t digest[SHA256_SIZE];

	sha256(bytes, digest);
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		ret[2 * i] = hex[digest[i] >> 4];
		ret[2 * i + 1] = hex[digest[i] & 15];
	}
}

void
hmac_sha256(struct str key, struct str bytes, uint8_t ret[SHA256_SIZE])
{
	unsigned size = SHA256_SIZE;

	must(HMAC(sha256_algorithm(), key.data, (int)key.size, (const unsigned char *)bytes.data,
		 bytes.size, ret, &size) != NULL);
}

bool
bytes_equal_constant_time(const void *a, const void *b, size_t size)
{
	return CRYPTO_memcmp(a, b, size) == 0;
}

void
random_bytes(void *ret, size_t size)
{
	char *at = ret;

	while (size > 0) {
		ssize_t got = getrandom(at, size, 0);

		if (got < 0)
			continue; /* interrupted by a signal: the only cause with these arguments */
		at += got;
		size -= (size_t)got;
	}
}

/* One system call fills the pool for many ids. */
static void
pooled_random(void *ret, size_t size)
{
	static _Thread_local uint8_t pool[512];
	static _Thread_local size_t left;

	if (left < size) {
		random_bytes(pool, sizeof(pool));
		left = sizeof(pool);
	}
	left -= size;
	memcpy(ret, pool + left, size);
	memset(pool + left, 0, size);
}

/*
 * 48 bits of milliseconds, then 12 bits of the fraction of the millisecond
 * (RFC 9562 6.2, method 3), counted on where a thread asks twice within one step.
 */
void
uuid_new(int64_t now_us, uint8_t ret[16])
{
	static _Thread_local uint64_t last;
	uint64_t ms = (uint64_t)now_us / 1000, fraction = (uint64_t)now_us % 1000 * 4096 / 1000;
	uint64_t stamp = ms << 12 | fraction;

	if (stamp <= last)
		stamp = last + 1;
	last = stamp;
	pooled_random(ret + 8, 8);
	for (int i = 0; i < 6; i++)
		ret[i] = (uint8_t)(stamp >> (12 + 8 * (5 - i)));
	ret[6] = (uint8_t)(0x70 | ((stamp >> 8) & 15));
	ret[7] = (uint8_t)stamp;
	ret[8] = (uint8_t)(0x80 | (ret[8] & 0x3f));
}
