// Ids and small numbers that repeat from a seed.

import { randomBytes } from 'node:crypto';

/* A fresh UUIDv7 (RFC 9562). */
export function uuid7(now_ms = Date.now()) {
	const bytes = randomBytes(16);
	bytes.writeUIntBE(now_ms, 0, 6);
	bytes[6] = 0x70 | (bytes[6] & 0x0f);
	bytes[8] = 0x80 | (bytes[8] & 0x3f);
	const hex = bytes.toString('hex');
	return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/* A generator of numbers in [0, 1) that repeats for a seed. */
export function seeded(seed) {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let t = state;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

export const pick = (random, items) => items[Math.floor(random() * items.length)];
