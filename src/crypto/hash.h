#pragma once
/* SHA-256, HMAC and random bytes, thin over OpenSSL.  Any thread. */
#include "base/str.h"

enum { SHA256_SIZE = 32, SHA256_HEX_SIZE = 64 };

void sha256(struct str bytes, uint8_t ret[SHA256_SIZE]);
/* 64 lower-case characters, no NUL. */
void sha256_hex(struct str bytes, char ret[SHA256_HEX_SIZE]);
void hmac_sha256(struct str key, struct str bytes, uint8_t ret[SHA256_SIZE]);
/* Compares in the same time wherever they differ. */
bool bytes_equal_constant_time(const void *a, const void *b, size_t size);
/* From the system's generator; cannot fail. */
void random_bytes(void *ret, size_t size);
/* A new id: UUIDv7 (RFC 9562 5.7) of this moment; ids of one thread ascend. */
void uuid_new(int64_t now_us, uint8_t ret[16]);
